/**
 * Owns the look at a cluster of 100 bundled nodes. Every node has a link to every other, and all their ends are in this
 * machine: a process may open 20,000 files on many systems, which two processes of 50 nodes stay below.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { create } from '../src/execute/operations/create.ts';
import { until } from '../test/helpers/servers.ts';
import { fasterRow, type Row, timeByTurns, timeCommand } from './measure.ts';

const processes = 2;
const nodesEach = 50;

interface HostedNodes {
  readonly ports: readonly number[];
  stop(): Promise<void>;
}

async function hostNodes(): Promise<HostedNodes> {
  const child = spawn(process.execPath, ['bench/host-nodes.mjs', String(nodesEach)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const [line] = await Promise.race([once(child.stdout, 'data'), ended]);
  if (child.exitCode !== null) throw new Error(`nodes could not be started: exit code ${child.exitCode}`);
  return {
    ports: JSON.parse(String(line)),
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

export async function largeClusterRows(): Promise<Row[]> {
  const hosts: HostedNodes[] = [];
  try {
    // One after the other: ports are chosen by trying.
    for (let index = 0; index < processes; index++) hosts.push(await hostNodes());
    const nodes = hosts.flatMap(({ ports }) => ports.map((port) => ({ host: '127.0.0.1', port })));
    const seed = `127.0.0.1:${nodes[0]?.port}`;
    for await (const event of create({ nodes, replicas: 0, joinTimeoutMs: 120_000 })) {
      if (event.type === 'finished' && event.outcome !== 'done') throw new Error('the cluster was not made');
    }
    await until(async () => passes(seed), 'a clean check', 60_000);
    const [ours = 0, theirs = 0] = timeByTurns(5, [
      [process.execPath, ['bin/run.js', 'check', seed]],
      ['redis-cli', ['--cluster', 'check', seed]],
    ]);
    return [
      fasterRow(
        `check of ${nodes.length} bundled nodes in ${processes} processes; redis-cli`,
        ours,
        theirs,
        3,
      ),
    ];
  } finally {
    await Promise.all(hosts.map((host) => host.stop()));
  }
}

function passes(seed: string): boolean {
  try {
    timeCommand(process.execPath, ['bin/run.js', 'check', seed]);
    return true;
  } catch {
    return false;
  }
}
