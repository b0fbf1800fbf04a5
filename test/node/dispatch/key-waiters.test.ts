/** Clients that wait for keys: the same scenes on redis-server and on a node, seen by their replies and by a replica's stream. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Command, RawReplies } from '../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import { type Standalone, startStandalone } from '../../helpers/standalone.ts';
import { WriteStream } from '../../helpers/write-stream.ts';

/** One server with named clients; what they are told is written down. */
class Scene {
  readonly #server: Standalone;
  readonly #clients = new Map<string, RawReplies>();
  readonly #waiting = new Map<string, Promise<string[]>>();

  constructor(server: Standalone) {
    this.#server = server;
  }

  async #client(name: string): Promise<RawReplies> {
    let client = this.#clients.get(name);
    if (client === undefined) {
      client = await RawReplies.open(this.#server.port);
      this.#clients.set(name, client);
    }
    return client;
  }

  /** The replies of commands that do not wait. */
  async say(name: string, ...commands: Command[]): Promise<string> {
    return (await (await this.#client(name)).send(commands)).join('');
  }

  /** A command that may wait, for a time. */
  async begins(name: string, command: string): Promise<void> {
    this.#waiting.set(name, (await this.#client(name)).send([command]));
  }

  /** A command that waits: comes back once the server counts it among its blocked clients. */
  async waits(name: string, command: string): Promise<void> {
    const before = Number(await this.#server.info('blocked_clients'));
    await this.begins(name, command);
    await until(
      async () => Number(await this.#server.info('blocked_clients')) === before + 1,
      `${name} to wait`,
    );
  }

  async told(name: string): Promise<string> {
    return ((await this.#waiting.get(name)) ?? []).join('');
  }

  async id(name: string): Promise<string> {
    return (await this.say(name, 'CLIENT ID')).slice(1).trim();
  }

  async blockedCount(): Promise<string> {
    return this.#server.info('blocked_clients');
  }

  /** Closes a client's connection; comes back when the server knows. */
  async leaves(name: string): Promise<void> {
    const before = Number(await this.#server.info('blocked_clients'));
    this.#waiting.get(name)?.catch(() => {});
    this.#clients.get(name)?.close();
    this.#clients.delete(name);
    await until(
      async () => Number(await this.#server.info('blocked_clients')) === before - 1,
      `${name} to be gone`,
    );
  }

  close(): void {
    for (const waiting of this.#waiting.values()) waiting.catch(() => {});
    for (const client of this.#clients.values()) client.close();
  }
}

type Play = (scene: Scene) => Promise<unknown[]>;

const plays: Record<string, Play> = {
  'the first come is the first served': async (scene) => {
    await scene.waits('a', 'BLPOP k 0');
    await scene.waits('b', 'BRPOP k 0');
    await scene.waits('c', 'BLPOP other k 0');
    const pushed = await scene.say('writer', 'RPUSH k 1 2');
    const [a, b] = [await scene.told('a'), await scene.told('b')];
    return [
      pushed,
      a,
      b,
      await scene.blockedCount(),
      await scene.say('writer', 'RPUSH k 3'),
      await scene.told('c'),
    ];
  },
  'keys in the order in which they were written': async (scene) => {
    await scene.waits('a', 'BLPOP k1 k2 k3 0');
    const written = await scene.say('writer', 'MULTI', 'RPUSH k3 3', 'RPUSH k1 1', 'RPUSH k2 2', 'EXEC');
    return [written, await scene.told('a'), await scene.say('writer', 'EXISTS k1 k2 k3')];
  },
  'a transaction is over before anybody is served': async (scene) => {
    await scene.waits('a', 'BLPOP k 0');
    const written = await scene.say(
      'writer',
      'MULTI',
      'RPUSH k 1 2 3',
      'LPOP k',
      'LLEN k',
      'DEL k',
      'RPUSH k 9',
      'EXEC',
    );
    return [written, await scene.told('a')];
  },
  'a key that is gone again serves nobody': async (scene) => {
    await scene.waits('a', 'BLPOP k 0');
    const first = await scene.say('writer', 'MULTI', 'RPUSH k 1', 'DEL k', 'EXEC');
    const second = await scene.say(
      'writer',
      'MULTI',
      'RPUSH k 1',
      'DEL k',
      'SET k x',
      'EXEC',
      'DEL k',
      'ZADD k 1 z',
    );
    return [
      first,
      second,
      await scene.blockedCount(),
      await scene.say('writer', 'DEL k', 'LPUSH k y'),
      await scene.told('a'),
    ];
  },
  'each is served by its own type': async (scene) => {
    await scene.waits('list', 'BLPOP k 0');
    await scene.waits('zset', 'BZPOPMIN k 0');
    const zadd = await scene.say('writer', 'ZADD k 1 a 2 b');
    const zset = await scene.told('zset');
    return [zadd, zset, await scene.say('writer', 'DEL k', 'RPUSH k 1'), await scene.told('list')];
  },
  'streams serve all who wait': async (scene) => {
    await scene.say('writer', 'XADD k 1-0 a 1', 'XADD k2 1-0 a 1');
    await scene.waits('a', 'XREAD BLOCK 0 STREAMS k $');
    await scene.waits('b', 'XREAD BLOCK 0 COUNT 1 STREAMS k2 k 1-0 1-0');
    await scene.waits('late', 'XREAD BLOCK 0 STREAMS k 5-0');
    await scene.waits('twice', 'XREAD BLOCK 0 STREAMS k k 9-0 8-0');
    await scene.waits('list', 'BLPOP none 0');
    const added = await scene.say('writer', 'MULTI', 'XADD k 2-0 b 2', 'XADD k 3-0 c 3', 'EXEC');
    const served = [await scene.told('a'), await scene.told('b'), await scene.blockedCount()];
    await scene.waits('new', 'XREAD BLOCK 0 STREAMS none $');
    const later = await scene.say('writer', 'XADD none 1-0 a 1', 'XADD k 6-0 d 4', 'XADD k 10-0 e 5');
    const rest = [await scene.told('new'), await scene.told('late'), await scene.told('twice')];
    return [added, ...served, later, ...rest, await scene.blockedCount(), await scene.leaves('list')];
  },
  'a consumer group serves one after the other': async (scene) => {
    await scene.say('writer', 'XGROUP CREATE k g $ MKSTREAM');
    await scene.waits('a', 'XREADGROUP GROUP g anna COUNT 1 BLOCK 0 STREAMS k >');
    await scene.waits('b', 'XREADGROUP GROUP g bob BLOCK 0 NOACK STREAMS k >');
    await scene.waits('c', 'XREADGROUP GROUP g carl BLOCK 0 STREAMS k >');
    const first = await scene.say('writer', 'XADD k 1-0 a 1');
    const a = await scene.told('a');
    const second = await scene.say('writer', 'XADD k 2-0 a 1');
    const b = await scene.told('b');
    const third = await scene.say('writer', 'MULTI', 'XADD k 3-0 a 1', 'XADD k 4-0 a 1', 'EXEC');
    const c = await scene.told('c');
    return [first, a, second, b, third, c, await scene.say('writer', 'XPENDING k g', 'XINFO GROUPS k')];
  },
  'a group or a stream that goes': async (scene) => {
    const create = 'XGROUP CREATE k g $ MKSTREAM';
    const wait = (name: string): Promise<void> =>
      scene.waits(name, 'XREADGROUP GROUP g anna BLOCK 0 STREAMS k >');
    const told: string[] = [];
    const gone: readonly (readonly Command[])[] = [
      ['XGROUP DESTROY k g'],
      ['DEL k'],
      ['SET k x'],
      ['MULTI', 'DEL k', 'SADD k e', 'EXEC'],
      ['MULTI', 'DEL k', 'XADD k 1-0 a 1', 'EXEC'],
      ['FLUSHALL'],
      ['RENAME k other'],
      ['PEXPIRE k 1', 'DEBUG SLEEP 0.01', 'EXISTS k'],
    ];
    await scene.waits('reader', 'XREAD BLOCK 0 STREAMS k 99-0');
    for (const [index, commands] of gone.entries()) {
      await scene.say('writer', 'DEL k', create);
      await wait(`waiter ${index}`);
      told.push(await scene.say('writer', ...commands), await scene.told(`waiter ${index}`));
    }
    return [told, await scene.blockedCount(), await scene.leaves('reader')];
  },
  'streams that come by other ways': async (scene) => {
    await scene.say('writer', 'XADD source 5-0 a 1', 'XGROUP CREATE source g 0');
    await scene.waits('a', 'XREAD BLOCK 0 STREAMS k 0');
    const copied = await scene.say('writer', 'COPY source k');
    const a = await scene.told('a');
    return [copied, a, await scene.say('writer', 'XLEN k')];
  },
  'waits for streams end': async (scene) => {
    const id = await scene.id('a');
    await scene.say('writer', 'XGROUP CREATE k g $ MKSTREAM');
    await scene.waits('a', 'XREADGROUP GROUP g c BLOCK 0 STREAMS k >');
    await scene.begins('b', 'XREAD BLOCK 100 STREAMS k $');
    const told = [await scene.say('writer', `CLIENT UNBLOCK ${id} ERROR`), await scene.told('a')];
    return [...told, await scene.told('b'), await scene.blockedCount()];
  },
  'waits that are ended from outside count as failures': async (scene) => {
    const id = await scene.id('a');
    await scene.say('writer', 'CONFIG RESETSTAT');
    await scene.waits('a', 'BLPOP k 0');
    await scene.say('writer', `CLIENT UNBLOCK ${id} ERROR`);
    await scene.told('a');
    await scene.waits('a', 'BLPOP k 0');
    await scene.say('writer', `CLIENT UNBLOCK ${id}`, 'XGROUP CREATE s g $ MKSTREAM');
    await scene.told('a');
    await scene.waits('a', 'XREADGROUP GROUP g c BLOCK 0 STREAMS s >');
    await scene.say('writer', 'DEL s');
    await scene.told('a');
    const info = await scene.say('writer', 'INFO commandstats', 'INFO errorstats');
    const lines = info.match(/errorstat_\w+:.*|cmdstat_(?:blpop|xreadgroup):.*/g) ?? [];
    return lines.map((line) => line.replace(/usec.*rejected/, 'rejected')).sort();
  },
  'a chain of moves': async (scene) => {
    await scene.waits('a', 'BLMOVE k1 k2 LEFT RIGHT 0');
    await scene.waits('b', 'BLMOVE k2 k3 LEFT RIGHT 0');
    await scene.waits('c', 'BRPOPLPUSH k3 k1 0');
    await scene.waits('d', 'BLPOP k1 0');
    const pushed = await scene.say('writer', 'LPUSH k1 x');
    return [
      pushed,
      await scene.told('a'),
      await scene.told('b'),
      await scene.told('c'),
      await scene.told('d'),
    ];
  },
  'a move to a key of another type': async (scene) => {
    await scene.say('writer', 'SET target x');
    await scene.waits('a', 'BLMOVE k target LEFT RIGHT 0');
    await scene.waits('b', 'BLPOP k 0');
    const pushed = await scene.say('writer', 'RPUSH k 1');
    return [pushed, await scene.told('a'), await scene.told('b'), await scene.say('writer', 'EXISTS k')];
  },
  'several elements at once': async (scene) => {
    await scene.waits('a', 'BLMPOP 0 2 k1 k2 RIGHT COUNT 2');
    await scene.waits('b', 'BZMPOP 0 1 z MAX COUNT 3');
    await scene.waits('c', 'BZPOPMAX z 0');
    const pushed = await scene.say('writer', 'RPUSH k2 1 2 3', 'ZADD z 1 a 2.5 b 3 c 4 d');
    return [pushed, await scene.told('a'), await scene.told('b'), await scene.told('c')];
  },
  'keys that come by other ways': async (scene) => {
    const replies: string[] = [];
    await scene.say('writer', 'RPUSH source 1', 'ZADD zsource 1 a');
    await scene.waits('rename', 'BLPOP k 0');
    replies.push(await scene.say('writer', 'RENAME source k'), await scene.told('rename'));
    await scene.say('writer', 'RPUSH source 1');
    await scene.waits('copy', 'BLPOP k 0');
    replies.push(await scene.say('writer', 'COPY source k'), await scene.told('copy'));
    await scene.waits('move', 'BLPOP moved 0');
    replies.push(await scene.say('elsewhere', 'SELECT 1', 'RPUSH moved m', 'MOVE moved 0'));
    replies.push(await scene.told('move'));
    await scene.waits('store', 'BZPOPMIN k 0');
    replies.push(await scene.say('writer', 'ZUNIONSTORE k 1 zsource'), await scene.told('store'));
    await scene.waits('range', 'BZPOPMIN k 0');
    replies.push(await scene.say('writer', 'ZRANGESTORE k zsource 0 -1'), await scene.told('range'));
    await scene.waits('swap', 'BLPOP swapped 0');
    replies.push(await scene.say('elsewhere', 'RPUSH swapped s', 'SWAPDB 0 1'), await scene.told('swap'));
    return replies;
  },
  'RESTORE wakes, too': async (scene) => {
    await scene.say('writer', 'RPUSH source 1 2');
    const dump = await scene.say('writer', 'DUMP source');
    await scene.waits('a', 'BLPOP k 0');
    const payload = dump.slice(dump.indexOf('\r\n') + 2, -2);
    const restored = await scene.say('writer', ['RESTORE', 'k', 0, payload]);
    return [restored, await scene.told('a')];
  },
  'CLIENT UNBLOCK': async (scene) => {
    const [a, b, c] = [await scene.id('a'), await scene.id('b'), await scene.id('c')];
    await scene.waits('a', 'BLPOP k 0');
    await scene.waits('b', 'BZPOPMIN k 0');
    await scene.waits('c', 'BLMOVE k t LEFT LEFT 0');
    const replies = await scene.say(
      'writer',
      `CLIENT UNBLOCK ${a}`,
      `CLIENT UNBLOCK ${b} ERROR`,
      `CLIENT UNBLOCK ${c} TIMEOUT`,
      `CLIENT UNBLOCK ${c}`,
      'RPUSH k 1',
      'LLEN k',
    );
    return [
      replies,
      await scene.told('a'),
      await scene.told('b'),
      await scene.told('c'),
      await scene.say('a', 'PING'),
    ];
  },
  'who leaves is not served': async (scene) => {
    await scene.waits('a', 'BLPOP k 0');
    await scene.waits('b', 'BLPOP k 0');
    await scene.leaves('a');
    return [await scene.say('writer', 'RPUSH k 1'), await scene.told('b'), await scene.blockedCount()];
  },
  'requests behind one that waits': async (scene) => {
    await scene.waits('a', 'BLPOP k 0');
    const behind = scene.say('other', 'PING');
    await scene.say('writer', 'RPUSH k 1 2 3');
    return [await behind, await scene.told('a'), await scene.say('a', 'BLPOP k 0', 'LLEN k')];
  },
  'times end': async (scene) => {
    await scene.begins('a', 'BLPOP k 0.2');
    await scene.begins('b', 'BZPOPMIN z 0.1');
    await scene.begins('c', 'BLMOVE k t LEFT LEFT 0.15');
    const told = [await scene.told('a'), await scene.told('b'), await scene.told('c')];
    return [...told, await scene.blockedCount(), await scene.say('writer', 'RPUSH k 1', 'LLEN k')];
  },
  'a key whose time has come serves nobody': async (scene) => {
    await scene.waits('a', 'BLPOP k 0');
    const written = await scene.say(
      'writer',
      'MULTI',
      'RPUSH k 1',
      'PEXPIRE k 10',
      'DEBUG SLEEP 0.03',
      'EXEC',
      'EXISTS k',
    );
    return [
      written,
      await scene.blockedCount(),
      await scene.say('writer', 'RPUSH k 2'),
      await scene.told('a'),
    ];
  },
  'the slow log, once they are served': async (scene) => {
    await scene.say('writer', 'CONFIG SET slowlog-log-slower-than 0', 'SLOWLOG RESET');
    await scene.waits('a', 'BLPOP k 0');
    const whileWaiting = /BLPOP/.test(await scene.say('writer', 'SLOWLOG GET'));
    await scene.say('writer', 'RPUSH k 1');
    await scene.told('a');
    const slow = await scene.say('writer', 'SLOWLOG GET', 'CONFIG SET slowlog-log-slower-than 10000');
    return [whileWaiting, slow.match(/BLPOP|RPUSH/g)];
  },
  'what is counted': async (scene) => {
    await scene.say('writer', 'CONFIG RESETSTAT');
    await scene.waits('a', 'BLPOP k 0');
    await scene.say('writer', 'RPUSH k 1');
    await scene.told('a');
    await scene.say('writer', 'SET target x');
    await scene.waits('b', 'BLMOVE k target LEFT LEFT 0');
    await scene.say('writer', 'RPUSH k 1');
    await scene.told('b');
    const info = await scene.say('writer', 'INFO commandstats', 'INFO errorstats');
    const calls = [
      ...info.matchAll(/cmdstat_(bl\w+):calls=(\d+),.*rejected_calls=(\d+),failed_calls=(\d+)/g),
    ];
    return [calls.map(([, ...counts]) => counts.join(' ')).sort(), /errorstat_WRONGTYPE:count=1/.test(info)];
  },
};

describe.skipIf(skipWithoutRedisServer)(`clients that wait for keys${redisServerNote}`, () => {
  const servers: Standalone[] = [];
  const streams: WriteStream[] = [];

  beforeAll(async () => {
    for (const engine of ['redis-server', 'bundled'] as const) {
      const server = await startStandalone(engine, ['--repl-diskless-sync', 'no', '--save', '']);
      servers.push(server);
      streams.push(await WriteStream.open(server.port));
    }
  });
  afterAll(async () => {
    for (const stream of streams) stream.close();
    await Promise.all(servers.map((server) => server.stop()));
  });

  /** What clients were told, and what a replica was sent. */
  async function play(which: number, name: string): Promise<{ told: unknown; writes: string[] }> {
    const server = servers[which] as Standalone;
    const { writes } = streams[which] as WriteStream;
    const scene = new Scene(server);
    try {
      // What a failed scene before has left is not this one's.
      await server.client.text('SET', 'mark', `before ${name}`);
      await until(
        () => writes.includes(`SET mark before ${name}`),
        `the beginning of "${name}" in the stream`,
      );
      writes.length = 0;
      await server.client.text('FLUSHALL');
      const told = await plays[name]?.(scene);
      await server.client.text('SET', 'mark', name);
      await until(() => writes.includes(`SET mark ${name}`), `the end of "${name}" in the stream`);
      return { told, writes: writes.splice(0).filter((write) => write.toUpperCase() !== 'PING') };
    } finally {
      scene.close();
    }
  }

  it.each(Object.keys(plays))('%s', async (name) => {
    const [redis, node] = [await play(0, name), await play(1, name)];
    expect(node.told).toEqual(redis.told);
    const comparable = (write: string): string =>
      write.replace(/\b\d{13}\b/, '<time>').replace(/ (?:left|right)\b/gi, (end) => end.toUpperCase());
    expect(node.writes.map(comparable)).toEqual(redis.writes.map(comparable));
  });

  it('are sent away when their server becomes a replica', async () => {
    const told = servers.map(async (server) => {
      await server.client.text('FLUSHALL');
      const connected = await server.info('connected_clients');
      const scene = new Scene(server);
      await scene.waits('a', 'BLPOP k 0');
      await scene.waits('b', 'BZPOPMIN k 0');
      await server.client.text('REPLICAOF', '127.0.0.1', 1);
      const replies = [await scene.told('a'), await scene.told('b')];
      // Their connections end, too.
      await until(
        async () => Number(await server.info('connected_clients')) <= Number(connected),
        'the connections of those who waited to end',
      );
      scene.close();
      return [...replies, await server.info('blocked_clients')];
    });
    const [redis, node] = await Promise.all(told);
    expect(node).toEqual(redis);
  });
});
