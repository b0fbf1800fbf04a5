/** Random clients that track, read and write, on redis-server and on a node: everybody hears the same, in the same order. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../../src/core/random.ts';
import type { Command } from '../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';
import { type Standalone, startStandalone } from '../../helpers/standalone.ts';
import { Subscriber } from '../../helpers/subscriber.ts';

const seed = Number(process.env['TRIB_SEED'] ?? Date.now() & 0xffffff);
const stepCount = Number(process.env['TRIB_STEPS'] ?? 800);
/** Clients that read and write; one more listens. */
const talkerCount = 3;
/** Both servers give the clients of the test the same ids, beginning there. */
const firstId = 20;

const keys = ['a', 'ab', 'b', 'c', 'x:1'];

/** Reads and writes of all types: `k` stands for a key. */
const ofAllTypes = `
GETSET k 1 | GETEX k EX 100 | GETEX k | GETDEL k | APPEND k 1 | SETRANGE k 0 1 | SETNX k 1 | SETBIT k 1 1 | BITOP NOT k k
BITFIELD k GET u8 0 | BITFIELD k SET u8 0 1 | PERSIST k | TOUCH k | UNLINK k k | TYPE k | TTL k | PEXPIREAT k 1
EXPIRE k -1 | EXPIRE k 100 NX | RENAMENX k k | COPY k k REPLACE | MOVE k 1 | SORT k ALPHA STORE k
RPUSH k 1 2 | LPUSHX k 1 | LPOP k | RPOP k 5 | LREM k 1 1 | LSET k 0 x | LTRIM k 0 1 | LINSERT k BEFORE 1 0
LMOVE k k LEFT RIGHT | RPOPLPUSH k k | LRANGE k 0 -1 | BLPOP k 0.001 | LMPOP 1 k LEFT
HSET k f 1 | HSET k f 1 g 2 | HDEL k f | HDEL k none | HINCRBY k f 1 | HSETNX k f 1 | HGETALL k | HMGET k f
SADD k 1 | SADD k 1 2 | SREM k 1 | SMOVE k k 1 | SPOP k 5 | SUNIONSTORE k k k | SDIFFSTORE k k k | SMEMBERS k
ZADD k 1 m | ZADD k XX 2 m | ZINCRBY k 1 m | ZREM k m | ZPOPMIN k | ZRANGESTORE k k 0 -1 | ZUNIONSTORE k 1 k
ZREMRANGEBYSCORE k 0 1 | ZRANGE k 0 -1 | GEOADD k 1 1 m | GEOSEARCHSTORE k k FROMLONLAT 1 1 BYRADIUS 9 km
XADD k 0-* f 1 | XDEL k 0-1 | XTRIM k MAXLEN 1 | XGROUP CREATE k g 0 MKSTREAM | XREADGROUP GROUP g c STREAMS k >
XACK k g 0-1 | XSETID k 9-9 | XRANGE k - + | XGROUP DESTROY k g | PFADD k 1 | PFCOUNT k k | PFMERGE k k
`
  .trim()
  .split(/ *[|\n] */);

const scripts = [
  "return redis.call('get', KEYS[1])",
  "return redis.call('set', KEYS[1], 1)",
  "redis.call('get', KEYS[1]); redis.call('incr', KEYS[2]); return redis.call('exists', KEYS[1])",
];

/**
 * Nobody redirects to who sends commands: what those hear in the place of others comes where redis-server's handlers happen to
 * signal a change, before the reply, behind it, or in the middle of EXEC's.
 */
function anyCommand(random: Random): Command {
  const pick = <Item>(items: readonly Item[]): Item => items[random.below(items.length)] as Item;
  const key = (): string => pick(keys);
  return pick<() => Command>([
    () => `GET ${key()}`,
    () => pick(ofAllTypes).replace(/\bk\b/g, key),
    () => pick(ofAllTypes).replace(/\bk\b/g, key),
    () => pick(ofAllTypes).replace(/\bk\b/g, key),
    () => `MGET ${key()} ${key()} ${key()}`,
    () => `EXISTS ${key()} ${key()}`,
    () => `SET ${key()} 1`,
    () => `SET ${key()} 1`,
    () => `INCR ${key()}`,
    () => `DEL ${key()} ${key()}`,
    () => `RENAME ${key()} ${key()}`,
    () => `MSET ${key()} 1 ${key()} 2`,
    () => `EXPIRE ${key()} 100`,
    () => `COPY ${key()} ${key()}`,
    () => `SWAPDB 0 1`,
    () => `FLUSHDB`,
    () => `FLUSHALL`,
    () => `SELECT ${random.below(2)}`,
    () => 'NONE',
    () => `WATCH ${key()}`,
    () => ['EVAL', pick(scripts), 2, key(), key()],
    () => ['EVAL_RO', scripts[0] as string, 1, key()],
    () => `CLIENT TRACKING ON${pick(['', '', ' NOLOOP', ' OPTIN', ' OPTOUT', ' OPTIN NOLOOP'])}`,
    () => `CLIENT TRACKING ON REDIRECT ${firstId + talkerCount}`,
    () =>
      `CLIENT TRACKING ON BCAST${pick(['', ' NOLOOP', ' PREFIX a', ' PREFIX b PREFIX x:', ' PREFIX c NOLOOP'])}`,
    () => 'CLIENT TRACKING OFF',
    () => `CLIENT CACHING ${pick(['YES', 'NO'])}`,
    () => 'CLIENT TRACKINGINFO',
    () => 'CLIENT GETREDIR',
    () => 'PING',
  ])();
}

/** What one client sends at once, some of it as a transaction. */
function anyStep(random: Random): { readonly who: number; readonly commands: readonly Command[] } {
  const commands = Array.from({ length: 1 + random.below(4) }, () => anyCommand(random));
  const who = random.below(talkerCount);
  return { who, commands: random.below(4) === 0 ? ['MULTI', ...commands, 'EXEC'] : commands };
}

/** The clients of one server: some that speak RESP3, and one of RESP2 that only listens. */
class Clients {
  readonly #server: Standalone;
  readonly #clients: Subscriber[] = [];

  constructor(server: Standalone) {
    this.#server = server;
  }

  async open(): Promise<void> {
    for (let i = 0; i <= talkerCount; i++) {
      const client = await this.#withId(firstId + i);
      this.#clients.push(client);
      if (i < talkerCount) await client.take('$7\r\nmodules\r\n*0\r\n', 'HELLO 3');
      else await client.take(':2\r\n', 'SUBSCRIBE __redis__:invalidate mark');
    }
  }

  /** Opens connections until one has this id. */
  async #withId(id: number): Promise<Subscriber> {
    for (;;) {
      const client = await Subscriber.open(this.#server.port);
      if ((await client.take('\r\n', 'CLIENT ID')) === `:${id}\r\n`) return client;
      client.close();
    }
  }

  /** What each hears of the commands that `who` sends in one write, and of what follows from them. */
  async step(who: number, commands: readonly Command[]): Promise<string[]> {
    const heard = this.#clients.map(() => '');
    heard[who] = await (this.#clients[who] as Subscriber).take('done\r\n', ...commands, 'ECHO done');
    for (const [i, client] of this.#clients.entries()) {
      if (i < talkerCount) heard[i] += await client.take('mark\r\n', 'ECHO mark');
      else {
        await this.#server.client.call('PUBLISH', 'mark', 'end');
        heard[i] = await client.take('end\r\n');
      }
    }
    return heard;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}

describe.skipIf(skipWithoutRedisServer)(`random clients that track keys${redisServerNote}`, () => {
  const servers: Standalone[] = [];
  beforeAll(async () => {
    servers.push(await startStandalone('redis-server'), await startStandalone('bundled'));
  });
  afterAll(() => Promise.all(servers.map((server) => server.stop())));

  it(`hear the same (TRIB_SEED=${seed}, TRIB_STEPS=${stepCount})`, async () => {
    const random = seededRandom(seed);
    const sides = servers.map((server) => new Clients(server));
    try {
      for (const side of sides) await side.open();
      for (let n = 0; n < stepCount; n++) {
        const { who, commands } = anyStep(random);
        const [redis, node] = await Promise.all(sides.map((side) => side.step(who, commands)));
        expect({ n, who, commands, heard: node }).toEqual({ n, who, commands, heard: redis });
      }
    } finally {
      for (const side of sides) side.close();
    }
  }, 120_000);
});
