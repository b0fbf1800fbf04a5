/** Owns single servers outside a cluster for benchmarks: a process of either engine, without persistence unless asked for. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../src/core/random.ts';
import { freePorts } from '../src/local/ports.ts';

const engines = {
  bundled: [process.execPath, 'bin/trib-node.js'],
  'redis-server': ['redis-server'],
} as const;

export type PlainEngine = keyof typeof engines;

export interface PlainServer {
  readonly port: number;
  /** From the start of the process to the first connection. */
  readonly readyMs: number;
  /** Of the whole process, as the system counts it. */
  residentBytes(): number;
  /** Processor time that the process has taken, in whole ticks of 10 ms. */
  processorMs(): number;
  stop(): Promise<void>;
}

/** Until it accepts connections. `directives` as on the command line; a `--dir` among them is the caller's to remove. */
export async function startPlain(
  engine: PlainEngine,
  directives: readonly string[] = [],
): Promise<PlainServer> {
  const dir = mkdtempSync(join(tmpdir(), 'trib-bench-'));
  const [port = 0] = await freePorts(1, systemRandom);
  const [program, ...args] = engines[engine];
  const startMs = performance.now();
  const own = ['--port', String(port), '--save', '', '--dir', dir, '--bind', '127.0.0.1'];
  const child = spawn(program, [...args, ...own, ...directives], { stdio: 'ignore' });
  while (!(await accepts(port))) await new Promise((resolve) => setTimeout(resolve, 1));
  return {
    port,
    readyMs: performance.now() - startMs,
    residentBytes: () => residentBytesOf(child),
    processorMs: () => processorMsOf(child),
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => {
          rmSync(dir, { recursive: true, force: true });
          resolve();
        });
        child.kill('SIGTERM');
      }),
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function residentBytesOf({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** Linux counts a hundred ticks a second. Source: proc_pid_stat(5), utime and stime. */
function processorMsOf({ pid }: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name before may have blanks in it.
  const [userTicks = Number.NaN, systemTicks = Number.NaN] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (userTicks + systemTicks) * 10;
}
