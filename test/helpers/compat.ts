/**
 * Owns the comparison with redis-server: the same commands are sent to a redis-server process and to a node of this
 * process, and the bytes of the replies must be the same; and so must what subscribers hear of keys meanwhile.
 */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { request } from '../../src/protocol/resp/encode.ts';
import { EventListener } from './events.ts';
import { replyEnd } from './raw-reply.ts';
import { type Standalone, startStandalone } from './standalone.ts';
import { wordsOf } from './words.ts';

/** A command: its words (latin1 text, one character a byte), or one text whose words blanks divide. */
export type Command = string | readonly (string | number)[];

export interface Pair {
  readonly redis: Standalone;
  readonly node: Standalone;
  /** The replies of each, in order, as they came. */
  run(commands: readonly Command[]): Promise<{ redis: string[]; node: string[] }>;
  /** Sends the commands to both; the replies must be the same. */
  same(...commands: Command[]): Promise<void>;
  /** New connections with this protocol; everything is flushed. */
  reset(resp?: 2 | 3): Promise<void>;
  /**
   * Listens to keyspace notifications of these classes. The function that is returned ends that, and gives those of each
   * server in the order in which they came, "channel message" each.
   */
  listen(classes: string): Promise<() => Promise<{ redis: string[]; node: string[] }>>;
  stop(): Promise<void>;
}

export interface PairOptions {
  /** Directives that both get. */
  readonly directives?: readonly string[];
}

/**
 * A pair for the tests of the block that this stands in: started before them, ended after them. The function that is
 * returned gives it while they run.
 */
export function usePair(options: PairOptions = {}): () => Pair {
  let pair: Pair | undefined;
  beforeAll(async () => {
    pair = await startPair(options);
  });
  afterAll(() => pair?.stop());
  return () => {
    if (pair === undefined) throw new Error('the pair of servers is not started yet');
    return pair;
  };
}

/** Keys expire whenever a server finds the time; all else happens in the order of the commands. */
const ALL_BUT_EXPIRED = 'Eg$lshzetdmn';

/** A test for each script, in both protocols: both servers give the same replies, and tell of the same events. */
export function itAnswersAlike(
  pair: () => Pair,
  scripts: Readonly<Record<string, readonly Command[]>>,
): void {
  describe.each([2, 3] as const)('with RESP%i', (resp) => {
    beforeEach(() => pair().reset(resp));

    it.each(Object.entries(scripts))('%s', async (_name, script) => {
      const heard = await pair().listen(ALL_BUT_EXPIRED);
      await pair().same(...script);
      const { redis, node } = await heard();
      expect(node).toEqual(redis);
    });
  });
}

export async function startPair(options: PairOptions = {}): Promise<Pair> {
  const directives = ['--appendonly', 'no', ...(options.directives ?? [])];
  const redis = await startStandalone('redis-server', directives);
  const node = await startStandalone('bundled', directives).catch(async (reason: unknown) => {
    await redis.stop();
    throw reason;
  });
  let connections: RawReplies[] = [];
  const open = async (): Promise<void> => {
    for (const connection of connections) connection.close();
    connections = await Promise.all([RawReplies.open(redis.port), RawReplies.open(node.port)]);
  };
  const run: Pair['run'] = async (commands) => {
    const [redisReplies, nodeReplies] = await Promise.all(connections.map((each) => each.send(commands)));
    return { redis: redisReplies ?? [], node: nodeReplies ?? [] };
  };
  await open();
  return {
    redis,
    node,
    run,
    async stop() {
      for (const connection of connections) connection.close();
      await Promise.all([redis.stop(), node.stop()]);
    },
    async listen(classes) {
      await run([`CONFIG SET notify-keyspace-events ${classes}`]);
      const listeners = await Promise.all([redis, node].map(({ port }) => EventListener.open(port)));
      return async () => {
        const [ofRedis = [], ofNode = []] = await Promise.all(listeners.map((listener) => listener.end()));
        return { redis: ofRedis, node: ofNode };
      };
    },
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

/** A connection that gives the replies as they came, latin1. */
export class RawReplies {
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

  send(commands: readonly Command[]): Promise<string[]> {
    return new Promise((resolve, reject) => {
      this.#waiting = { count: commands.length, resolve, reject };
      this.#socket.write(commands.map((command) => request(wordsOf(command))).join(''), 'latin1');
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
