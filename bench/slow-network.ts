/** Owns the reshard over a network that is slower than this machine's own: a proxy delays requests to every node. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { RawConnection } from '../test/helpers/raw-connection.ts';
import { type Servers, startServers } from '../test/helpers/servers.ts';
import { fillSlots, untilAgreed, untilOk } from './clusters.ts';
import { fasterRow, median, type Row, timeCommand } from './measure.ts';
import { pauseRow, watchPauses } from './pause-watch.ts';

const delayMs = 1;
const slots = 500;
const keysEach = 61;
const bytesEach = 100;
const rounds = 2;

export async function slowNetworkRows(): Promise<Row[]> {
  const servers = await startServers(['redis-server', 'redis-server', 'redis-server']);
  const proxy = spawn(
    process.execPath,
    ['bench/delay-proxy.mjs', String(delayMs), ...servers.nodes.map(({ port }) => String(port))],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const proxyEnded = once(proxy, 'exit');
  try {
    const [line] = await once(proxy.stdout, 'data');
    const ports: number[] = JSON.parse(String(line));
    await announce(servers, ports);
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    timeCommand('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes']);
    await untilOk(servers);
    await fillSlots(servers.nodes[0]?.port ?? 0, { firstSlot: 0, slots, keysEach, bytesEach });
    const { times, pauses, idleMs } = await reshardTimes(servers, addresses[0] ?? '');
    const roundTrip = `${(await roundTripMs(ports[0] ?? 0)).toFixed(1)} ms`;
    const name = `reshard ${slots} slots x ${keysEach} keys, a round trip taking ${roundTrip}`;
    const [ours = 0, theirs = 0, piped = 0] = times.map(median);
    const [ourPause = 0, theirPause = 0] = pauses.map(median);
    return [
      fasterRow(`${name}; redis-cli`, ours, theirs, 20),
      fasterRow(`${name}; redis-cli --cluster-pipeline 100`, ours, piped, 1),
      pauseRow('that reshard; redis-cli', ourPause, theirPause, idleMs),
    ];
  } finally {
    proxy.stdin.end();
    await proxyEnded;
    await servers.stop();
  }
}

async function announce(servers: Servers, ports: readonly number[]): Promise<void> {
  for (const [index, { port }] of servers.nodes.entries()) {
    const connection = await RawConnection.open(port);
    await connection.text('CONFIG', 'SET', 'cluster-announce-port', ports[index] ?? 0);
    connection.close();
  }
}

interface Measured {
  /** In ms, of trib, redis-cli, and redis-cli with a pipeline of 100, which move the same slots to and fro. */
  readonly times: readonly number[][];
  /** The longest waits of a client of the source, in ms, in the same order. */
  readonly pauses: readonly number[][];
  readonly idleMs: number;
}

async function reshardTimes(servers: Servers, seed: string): Promise<Measured> {
  const byTrib = (from: string, to: string): number =>
    timeCommand(process.execPath, [
      ...['bin/run.js', 'reshard', seed, '--from', from, '--to', to, '--slots', String(slots), '--yes'],
    ]);
  const byRedisCli =
    (...more: readonly string[]) =>
    (from: string, to: string): number =>
      timeCommand('redis-cli', [
        ...['--cluster', 'reshard', seed, '--cluster-from', from, '--cluster-to', to],
        ...['--cluster-slots', String(slots), '--cluster-yes', ...more],
      ]);
  const tools = [byTrib, byRedisCli(), byRedisCli('--cluster-pipeline', '100')] as const;
  const ports = servers.nodes.map(({ port }) => port);
  const idle = await watchPauses(ports[0] ?? 0, 'a');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const idleMs = await idle.end();
  const times: number[][] = tools.map(() => []);
  const pauses: number[][] = tools.map(() => []);
  let [source = 0, target = 0] = ports;
  let [from = '', to = ''] = await Promise.all(ports.map(idAt));
  for (let round = 0; round < rounds; round++) {
    for (const [index, tool] of tools.entries()) {
      const watch = await watchPauses(source, 'a');
      times[index]?.push(tool(from, to));
      pauses[index]?.push(await watch.end());
      [from, to] = [to, from];
      [source, target] = [target, source];
      await untilAgreed(ports);
    }
  }
  return { times, pauses, idleMs };
}

async function idAt(port: number): Promise<string> {
  const connection = await RawConnection.open(port);
  const id = await connection.text('CLUSTER', 'MYID');
  connection.close();
  return id;
}

/** What a PING takes, as a median: the proxy's delay and what it costs by itself. */
async function roundTripMs(port: number): Promise<number> {
  const connection = await RawConnection.open(port);
  const times: number[] = [];
  for (let count = 0; count < 50; count++) {
    const startMs = performance.now();
    await connection.text('PING');
    times.push(performance.now() - startMs);
  }
  connection.close();
  return median(times);
}
