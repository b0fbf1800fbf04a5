/**
 * Owns the servers that tests run on: processes of either engine on free ports, each in a folder of its own,
 * ended by their own ids; and the rule for a machine without redis-server.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import type { Engine } from '../../src/local/engine.ts';
import { isRunning, stopProcesses } from '../../src/local/process.ts';
import { type RunningNode, startNodes } from '../../src/local/start.ts';

/** Whether tests that need redis-server can run; with TRIB_REQUIRE_REDIS_SERVER they run, and fail without it. */
export const hasRedisServer = spawnSync('redis-server', ['--version']).status === 0;
export const skipWithoutRedisServer =
  !hasRedisServer && process.env['TRIB_REQUIRE_REDIS_SERVER'] === undefined;
/** For the title of a test that is skipped then. */
export const redisServerNote = skipWithoutRedisServer ? ' (skipped: redis-server is not installed)' : '';

export interface Servers {
  readonly nodes: readonly RunningNode[];
  /** "127.0.0.1:port" of each, in order. */
  readonly addresses: readonly string[];
  /** The folder of the node's files. */
  dirOf(index: number): string;
  /** kill -9, and waits until the process is gone. */
  kill(index: number): Promise<void>;
  stop(): Promise<void>;
}

export interface ServersOptions {
  readonly nodeTimeoutMs?: number;
  readonly directives?: readonly (readonly [string, string])[];
}

/** What a test that ran out of time could not end ends with the process of the tests. */
const unended = new Set<RunningNode>();
process.once('exit', () => {
  for (const node of unended) if (isRunning(node)) process.kill(node.pid, 'SIGKILL');
});

/** One process for each engine named, in cluster mode, not yet joined. */
export async function startServers(
  engines: readonly Engine[],
  options: ServersOptions = {},
): Promise<Servers> {
  const dir = mkdtempSync(join(tmpdir(), 'trib-test-'));
  const nodes: RunningNode[] = [];
  const stop = async (): Promise<void> => {
    await stopProcesses(nodes, systemClock, 2000);
    for (const node of nodes) unended.delete(node);
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    for (const engine of engines) {
      const request = {
        engine,
        count: 1,
        firstPort: 0,
        dir,
        nodeTimeoutMs: 5000,
        directives: [],
        ...options,
      };
      const started = await startNodes(request, systemClock, systemRandom);
      nodes.push(...started);
      for (const node of started) unended.add(node);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    nodes,
    addresses: nodes.map(({ port }) => `127.0.0.1:${port}`),
    dirOf: (index) => join(dir, nodes[index]?.dir ?? ''),
    async kill(index) {
      const node = nodes[index];
      if (node === undefined) throw new RangeError(`no server ${index}`);
      process.kill(node.pid, 'SIGKILL');
      await until(() => !isRunning(node), `the end of process ${node.pid}`);
    },
    stop,
  };
}

/** Waits until `condition` holds, asking every 20 ms; throws naming `what` after `timeoutMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 30_000,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
