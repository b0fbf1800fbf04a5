/** Owns nodes as processes of their own for tests: the built trib-node, started as a user does, with what it prints. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { until } from './servers.ts';

const script = join(import.meta.dirname, '../../bin/trib-node.js');

export interface NodeProcess {
  readonly child: ChildProcess;
  stdout: string;
  stderr: string;
  /** 128 for the end by a signal; undefined while it runs. */
  exitCode: number | undefined;
  readonly ended: Promise<number>;
}

/** `argv` as on the command line. Who starts it ends it. */
export function runNode(argv: readonly string[], stdin = ''): NodeProcess {
  const child = spawn(process.execPath, [script, ...argv], { stdio: 'pipe' });
  child.stdin?.end(stdin);
  const running: NodeProcess = {
    child,
    stdout: '',
    stderr: '',
    exitCode: undefined,
    ended: new Promise((resolve) => {
      child.on('close', (code, signal) => {
        running.exitCode = code ?? (signal === null ? 0 : 128);
        resolve(running.exitCode);
      });
    }),
  };
  child.stdout?.on('data', (chunk: Buffer) => {
    running.stdout += chunk.toString('latin1');
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    running.stderr += chunk.toString('latin1');
  });
  return running;
}

/** Until clients are served. Throws what the node printed when it ends before. */
export function nodeReady(running: NodeProcess): Promise<void> {
  return until(() => {
    if (running.exitCode !== undefined) throw new Error(`ended: ${running.stderr}${running.stdout}`);
    return /eady to accept connections/.test(running.stdout);
  }, 'the node to be ready');
}
