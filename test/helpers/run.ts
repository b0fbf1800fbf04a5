/** Owns the running of commands as a user does: the built trib, redis-cli; output and exit code as they are. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

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
