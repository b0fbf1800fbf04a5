/**
 * Owns the comparison with redis-server: the same commands are sent to a redis-server process and to a node of this
 * process, and the bytes of the replies must be the same.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type RunningNode, startNode } from '../../src/node/node.ts';
import { request } from '../../src/protocol/resp/encode.ts';
import { replyEnd } from './raw-reply.ts';
import { until } from './servers.ts';

/** A command: its words (latin1 text, one character a byte), or one text whose words blanks divide. */
export type Command = string | readonly (string | number)[];

export interface Pair {
  /** The replies of each, in order, as they came. */
  run(commands: readonly Command[]): Promise<{ redis: string[]; node: string[] }>;
  /** Sends the commands to both; the replies must be the same. */
  same(...commands: Command[]): Promise<void>;
  /** New connections with this protocol; everything is flushed. */
  reset(resp?: 2 | 3): Promise<void>;
  stop(): Promise<void>;
}

export interface PairOptions {
  /** Directives that both get. */
  readonly directives?: readonly string[];
}

export async function startPair(options: PairOptions = {}): Promise<Pair> {
  const directives = [
    '--save',
    '',
    '--appendonly',
    'no',
    '--enable-debug-command',
    'yes',
    ...(options.directives ?? []),
  ];
  const dir = mkdtempSync(join(tmpdir(), 'trib-compat-'));
  const port = await freePort();
  const redis = spawn('redis-server', ['--port', String(port), '--dir', dir, ...directives], {
    stdio: 'ignore',
  });
  let node: RunningNode | undefined;
  let connections: RawReplies[] = [];
  const stop = async (): Promise<void> => {
    for (const connection of connections) connection.close();
    await node?.close();
    await stopProcess(redis);
    rmSync(dir, { recursive: true, force: true });
  };
  const open = async (): Promise<void> => {
    for (const connection of connections) connection.close();
    connections = await Promise.all([RawReplies.open(port), RawReplies.open(node?.port ?? 0)]);
  };
  const run: Pair['run'] = async (commands) => {
    const [redisReplies, nodeReplies] = await Promise.all(connections.map((each) => each.send(commands)));
    return { redis: redisReplies ?? [], node: nodeReplies ?? [] };
  };
  try {
    await until(() => RawReplies.answers(port), 'redis-server');
    node = await startNode({ argv: ['--dir', dir, ...directives], anyPort: true });
    await open();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    run,
    stop,
    async same(...commands) {
      const replies = await run(commands);
      const lines = (texts: string[]): string[] =>
        commands.map((command, i) => `${JSON.stringify(command)} -> ${JSON.stringify(texts[i])}`);
      expect(lines(replies.node)).toEqual(lines(replies.redis));
    },
    async reset(resp = 2) {
      await open();
      await run(['FLUSHALL', ...(resp === 3 ? ['HELLO 3'] : [])]);
    },
  };
}

/** A connection that gives the replies as they came. */
class RawReplies {
  readonly #socket: Socket;
  #received = '';
  #waiting:
    | { count: number; resolve: (replies: string[]) => void; reject: (error: Error) => void }
    | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.#received += chunk;
      this.#deliver();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () =>
      this.#waiting?.reject(new Error(`closed after ${JSON.stringify(this.#received)}`)),
    );
  }

  static open(port: number): Promise<RawReplies> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawReplies(socket)));
    });
  }

  static answers(port: number): Promise<boolean> {
    return RawReplies.open(port).then(
      (connection) => {
        connection.close();
        return true;
      },
      () => false,
    );
  }

  send(commands: readonly Command[]): Promise<string[]> {
    const words = (command: Command): string[] =>
      typeof command === 'string' ? command.split(' ') : command.map(String);
    return new Promise((resolve, reject) => {
      this.#waiting = { count: commands.length, resolve, reject };
      this.#socket.write(commands.map((command) => request(words(command))).join(''), 'latin1');
      this.#deliver();
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #deliver(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const replies: string[] = [];
    let start = 0;
    while (replies.length < waiting.count) {
      const end = replyEnd(this.#received, start);
      if (end < 0) return;
      replies.push(this.#received.slice(start, end));
      start = end;
    }
    this.#received = this.#received.slice(start);
    this.#waiting = undefined;
    waiting.resolve(replies);
  }
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
