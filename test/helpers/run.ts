/** Owns the running of commands as a user does: the built trib, redis-cli; output and exit code as they are. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { until } from './servers.ts';

export interface Ran {
  /** The exit code; 128 + the signal's number is not used: a signal leaves null. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly cwd?: string;
}

export const tribScript = join(import.meta.dirname, '../../bin/run.js');

/** `trib ...args`, through pipes. */
export function trib(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return run(process.execPath, [tribScript, ...args], options);
}

/** `trib ...args`, sent a signal as soon as `when` says so of what it has printed, or it has ended. */
export async function signalled(
  args: readonly string[],
  signal: NodeJS.Signals,
  when: (stdout: string) => boolean | Promise<boolean>,
): Promise<Ran> {
  const child = spawn(process.execPath, [tribScript, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  try {
    await until(async () => child.exitCode !== null || (await when(stdout)), 'the time for the signal');
  } finally {
    child.kill(signal);
  }
  return { code: await ended, stdout, stderr };
}

/** The words of the command line that trib says goes on. */
export function goOnWords({ stderr }: Ran): string[] {
  return (/^ {2}trib (.*)$/m.exec(stderr)?.[1] ?? '').split(' ');
}

export function redisCli(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return run('redis-cli', args, options);
}

export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: 'pipe',
      timeout: options.timeoutMs ?? 60_000,
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.stdin.on('error', () => {});
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(options.input ?? '');
  });
}
