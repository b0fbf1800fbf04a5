/**
 * Owns the processes of a local cluster: starting them, knowing them again after this program has ended, and
 * ending them. A process id alone is no identity, since systems reuse them: the start time goes with it.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { delay } from '../core/clock.ts';
import { TribError } from '../core/errors.ts';
import { startIdOf } from '../core/process-identity.ts';

export interface NodeProcess {
  readonly pid: number;
  /** When it started, as core/process-identity tells it. */
  readonly startId: string;
}

export interface StartedNode extends NodeProcess {
  /** What ended the process, once it has: "exit 1", "SIGKILL". */
  readonly ended: () => string | undefined;
  /** Lets this program end while the node goes on. */
  readonly release: () => void;
}

export const LOG_FILE = 'node.log';

/** Starts a node in its folder, in a process group of its own; what it prints goes to the log file there. */
export function startNodeProcess(command: readonly string[], dir: string): StartedNode {
  const [program = '', ...args] = command;
  const log = openSync(join(dir, LOG_FILE), 'a', 0o600);
  let ended: string | undefined;
  try {
    const child = spawn(program, args, { cwd: dir, detached: true, stdio: ['ignore', log, log] });
    child.once('error', (error) => {
      ended = error.message;
    });
    child.once('exit', (code, signal) => {
      ended = signal ?? `exit ${code}`;
    });
    if (child.pid === undefined) {
      throw new TribError('failed', `${program} could not be started.`, {
        hint: `Is ${program} installed and on the PATH?`,
      });
    }
    const { pid } = child;
    return { pid, startId: startIdOf(pid) ?? '', ended: () => ended, release: () => child.unref() };
  } finally {
    closeSync(log);
  }
}

export function isRunning(node: NodeProcess): boolean {
  const startId = startIdOf(node.pid);
  return startId !== undefined && (node.startId === '' || startId === node.startId);
}

/** Asks all to end (SIGTERM), and ends those that do not within `patienceMs` (SIGKILL). Returns when none runs. */
export async function stopProcesses(
  nodes: readonly NodeProcess[],
  clock: Clock,
  patienceMs = 5000,
): Promise<void> {
  signalAll(nodes, 'SIGTERM');
  const deadlineMs = clock.monotonicMs() + patienceMs;
  let left = nodes.filter(isRunning);
  while (left.length > 0) {
    if (clock.monotonicMs() > deadlineMs) signalAll(left, 'SIGKILL');
    await delay(clock, 10);
    left = left.filter(isRunning);
  }
}

function signalAll(nodes: readonly NodeProcess[], signal: NodeJS.Signals): void {
  for (const node of nodes) {
    if (!isRunning(node)) continue;
    try {
      process.kill(node.pid, signal);
    } catch {
      // It ended between the look and the signal: that is what was wanted.
    }
  }
}

/**
 * Resolves when the node serves on 127.0.0.1:`port`. Throws a TribError with the log's last words when its process has
 * ended, or when it does not answer for `timeoutMs`; loading its data may take as long as it takes.
 */
export async function untilReady(
  node: StartedNode,
  port: number,
  dir: string,
  clock: Clock,
  timeoutMs = 20_000,
): Promise<void> {
  let deadlineMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    const end = node.ended();
    if (end !== undefined) {
      throw new TribError(
        'failed',
        `The node on port ${port} ended at its start (${end}): ${lastWords(dir)}`,
      );
    }
    const state = await stateOf(port, node.pid);
    if (state === 'serves') return;
    if (state === 'loads') deadlineMs = clock.monotonicMs() + timeoutMs;
    if (clock.monotonicMs() > deadlineMs) {
      throw new TribError('timeout', `The node on port ${port} did not answer: ${lastWords(dir)}`);
    }
    await delay(clock, 5);
  }
}

/**
 * What the process does at the port; "silent" too when another one took the port first. A node that wants a password
 * does not tell its process id: that it answers is enough then.
 */
function stateOf(port: number, pid: number): Promise<'serves' | 'loads' | 'silent'> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let text = '';
    const answer = (state: 'serves' | 'loads' | 'silent'): void => {
      socket.destroy();
      resolve(state);
    };
    socket.once('connect', () => socket.write('INFO\r\n'));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (text.startsWith('-')) answer(text.startsWith('-NOAUTH') ? 'serves' : 'silent');
      const told = /^process_id:(\d+)\r$/m.exec(text)?.[1];
      const loading = /^loading:(\d)\r$/m.exec(text)?.[1];
      if (told !== undefined && Number(told) !== pid) answer('silent');
      else if (told !== undefined && loading !== undefined) answer(loading === '0' ? 'serves' : 'loads');
    });
    socket.setTimeout(1000, () => answer('silent'));
    socket.once('close', () => answer('silent'));
    socket.once('error', () => answer('silent'));
  });
}

/** The last lines that a node logged: one line, for a sentence. */
export function lastWords(dir: string): string {
  try {
    const lines = readFileSync(join(dir, LOG_FILE), 'utf8').trim().split('\n');
    return lines.slice(-3).join(' | ') || 'it logged nothing';
  } catch {
    return 'it has no log';
  }
}
