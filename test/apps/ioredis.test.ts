/** Owns ioredis, used as its documentation shows, on one server and on a cluster of either engine. */
import { Cluster, Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { describePlaces, type Place } from '../helpers/places.ts';
import { until } from '../helpers/servers.ts';
import { slotTags } from '../helpers/slot-tags.ts';

/** What many keys of one command need in a cluster. */
const tag = '{app}';

async function collect(stream: AsyncIterable<string[]>): Promise<string[]> {
  const found: string[] = [];
  for await (const part of stream) found.push(...part);
  return found.sort();
}

/** Connections to each master: the client itself where there is but one server. */
const mastersOf = (client: Redis | Cluster): Redis[] =>
  client instanceof Cluster ? client.nodes('master') : [client];

async function readyClient(place: Place): Promise<Redis | Cluster> {
  const client = place.ioredis();
  await until(() => client.status === 'ready', 'the client to be ready');
  return client;
}

describePlaces(
  (place) => {
    it('strings, numbers, bits', async () => {
      const client = place.ioredis();
      expect(await client.set('name', 'trib', 'EX', 100, 'NX')).toBe('OK');
      expect(await client.set('name', 'other', 'NX')).toBeNull();
      expect(await client.set('name', 'new', 'KEEPTTL', 'GET')).toBe('trib');
      expect(await client.ttl('name')).toBeGreaterThan(90);
      expect(await client.getex('name', 'PERSIST')).toBe('new');
      expect(await client.incrbyfloat('price', '10.5')).toBe('10.5');
      expect(await client.mset({ [`${tag}a`]: 1, [`${tag}b`]: 'two' })).toBe('OK');
      expect(await client.mget(`${tag}a`, `${tag}none`, `${tag}b`)).toEqual(['1', null, 'two']);
      expect(await client.setbit('bits', 7, 1)).toBe(0);
      expect(await client.bitcount('bits')).toBe(1);
      expect(await client.bitfield('bits', 'INCRBY', 'u8', 0, 5)).toEqual([6]);
      const bytes = Buffer.from([0, 255, 13, 10, 128]);
      await client.set('bytes', bytes);
      expect(await client.getBuffer('bytes')).toEqual(bytes);
      expect(await client.getrangeBuffer('bytes', 1, 2)).toEqual(Buffer.from([255, 13]));
      await expect(client.incr('name')).rejects.toThrow('ERR value is not an integer or out of range');
      await expect(client.lpush('name', 1)).rejects.toThrow(/^WRONGTYPE Operation against a key/);
    });

    it('hashes, lists, sets, sorted sets', async () => {
      const client = place.ioredis();
      expect(await client.hset('user', { name: 'eve', age: 30 })).toBe(2);
      expect(await client.hset('user', new Map([['town', 'bonn']]))).toBe(1);
      expect(await client.hgetall('user')).toEqual({ name: 'eve', age: '30', town: 'bonn' });
      expect(await client.hincrby('user', 'age', 1)).toBe(31);
      expect(await client.rpush('list', 1, 2, 3, 4)).toBe(4);
      expect(await client.lmove('list', 'list', 'LEFT', 'RIGHT')).toBe('1');
      expect(await client.lrange('list', 0, -1)).toEqual(['2', '3', '4', '1']);
      expect(await client.lpos('list', 4)).toBe(2);
      expect(await client.sadd(`${tag}s`, 'a', 'b', 'c')).toBe(3);
      expect(await client.sadd(`${tag}t`, 'b', 'd')).toBe(2);
      expect((await client.sunion(`${tag}s`, `${tag}t`)).sort()).toEqual(['a', 'b', 'c', 'd']);
      expect(await client.smismember(`${tag}s`, 'a', 'x')).toEqual([1, 0]);
      expect(await client.zadd('board', 'GT', 'CH', 10, 'eve', 20, 'bob', 15.5, 'pat')).toBe(3);
      expect(await client.zrange('board', 0, 1, 'REV', 'WITHSCORES')).toEqual(['bob', '20', 'pat', '15.5']);
      expect(await client.zrange('board', '(10', '+inf', 'BYSCORE', 'LIMIT', 0, 1)).toEqual(['pat']);
      expect(await client.zscore('board', 'nobody')).toBeNull();
      expect(await client.zpopmin('board')).toEqual(['eve', '10']);
    });

    it('streams with groups, places, counts of the different', async () => {
      const client = place.ioredis();
      expect(await client.xadd('events', '1-1', 'type', 'login', 'user', 'eve')).toBe('1-1');
      await client.xadd('events', 'MAXLEN', '~', 1000, '1-2', 'type', 'logout');
      await client.xgroup('CREATE', 'events', 'mailers', '0');
      const entries = [
        ['1-1', ['type', 'login', 'user', 'eve']],
        ['1-2', ['type', 'logout']],
      ];
      const read = await client.xreadgroup('GROUP', 'mailers', 'one', 'COUNT', 10, 'STREAMS', 'events', '>');
      expect(read).toEqual([['events', entries]]);
      expect(await client.xack('events', 'mailers', '1-1')).toBe(1);
      expect(await client.xpending('events', 'mailers')).toEqual([1, '1-2', '1-2', [['one', '1']]]);
      expect(await client.xautoclaim('events', 'mailers', 'two', 0, '0')).toEqual(['0-0', [entries[1]], []]);
      expect(await client.xrange('events', '-', '+', 'COUNT', 1)).toEqual([entries[0]]);
      await client.geoadd('towns', 7.0982, 50.7374, 'bonn', 6.9603, 50.9375, 'koeln');
      expect(await client.geosearch('towns', 'FROMMEMBER', 'bonn', 'BYRADIUS', 50, 'km', 'ASC')).toEqual([
        'bonn',
        'koeln',
      ]);
      await client.pfadd('visitors', 'a', 'b', 'a');
      expect(await client.pfcount('visitors')).toBe(2);
    });

    it('pipelines: replies in order, errors in their places', async () => {
      const client = place.ioredis();
      const replies = await client
        .pipeline()
        .set(`${tag}n`, 1)
        .incr(`${tag}n`)
        .lpush(`${tag}n`, 'x')
        .get(`${tag}n`)
        .exec();
      expect(replies?.[1]).toEqual([null, 2]);
      expect(replies?.[2]?.[0]?.message).toMatch(/^WRONGTYPE/);
      expect(replies?.[3]).toEqual([null, '2']);
      const many = client.pipeline();
      for (let index = 0; index < 1000; index++) many.set(`${tag}${index}`, index);
      expect((await many.exec())?.filter(([error]) => error === null)).toHaveLength(1000);
    });

    it('commands of one turn go together by themselves', async () => {
      const client = place.ioredis({ enableAutoPipelining: true });
      const keys = Array.from({ length: 50 }, (_, index) => `auto:${index}`);
      await Promise.all(keys.map((key) => client.set(key, key)));
      expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys);
    });

    it('transactions, and WATCH that sees the change of another', async () => {
      const client = place.ioredis();
      const key = `${tag}balance`;
      const replies = await client.multi().set(key, 10).decrby(key, 3).lpush(key, 1).get(key).exec();
      expect(replies?.[1]).toEqual([null, 7]);
      expect(replies?.[2]?.[0]?.message).toMatch(/^WRONGTYPE/);
      expect(replies?.[3]).toEqual([null, '7']);
      // A connection of its own, to the master that has the key.
      const watching = new Redis(await portOf(client, place, key));
      place.atEnd(() => watching.disconnect());
      await watching.watch(key);
      await client.set(key, 100);
      expect(await watching.multi().incr(key).exec()).toBeNull();
      await watching.watch(key);
      expect(await watching.multi().incr(key).exec()).toEqual([[null, 101]]);
      await expect(watching.multi().set(key, 1).call('NOSUCH').exec()).rejects.toThrow(/^EXECABORT/);
    });

    it('scripts as commands, which are loaded again when the server has forgotten them', async () => {
      const client = place.ioredis();
      const lua =
        'redis.call("incrby", KEYS[1], ARGV[1]) return {redis.call("get", KEYS[1]), ARGV[1], false, true}';
      client.defineCommand('addAndGet', { numberOfKeys: 1, lua });
      const addAndGet = (key: string, by: number): Promise<unknown> =>
        (client as unknown as { addAndGet(...args: unknown[]): Promise<unknown> }).addAndGet(key, by);
      expect(await addAndGet('count', 5)).toEqual(['5', '5', null, 1]);
      await place.tell('SCRIPT', 'FLUSH');
      expect(await addAndGet('count', 2)).toEqual(['7', '2', null, 1]);
      await place.tell('SCRIPT', 'FLUSH');
      const pipeline = client.pipeline() as unknown as {
        addAndGet(...args: unknown[]): { exec(): Promise<unknown> };
      };
      expect(await pipeline.addAndGet('count', 1).exec()).toEqual([[null, ['8', '1', null, 1]]]);
      await expect(client.evalsha('0'.repeat(40), 1, 'count')).rejects.toThrow(/^NOSCRIPT/);
      await expect(client.eval('return redis.call("hget", KEYS[1], "x")', 1, 'count')).rejects.toThrow(
        /WRONGTYPE/,
      );
    });

    it('scans every master', async () => {
      const client = await readyClient(place);
      const keys = Array.from({ length: 300 }, (_, index) => `user:${index}`).sort();
      await Promise.all(keys.map((key) => client.set(key, 1)));
      await client.sadd('tags', keys);
      const nodes = mastersOf(client);
      expect(nodes).toHaveLength(place.masters.length);
      const options = { match: 'user:*', count: 50 };
      const found = await Promise.all(
        nodes.map((node) => collect(node.scanStream({ ...options, type: 'string' }))),
      );
      expect(found.flat().sort()).toEqual(keys);
      expect(await collect(client.sscanStream('tags', options))).toEqual(keys);
    });

    it('prefixes of keys, duplicates of a client', async () => {
      const client =
        place.mode === 'single'
          ? place.ioredis({ keyPrefix: 'app:' })
          : place.ioredis({ redisOptions: { keyPrefix: 'app:' } });
      await client.set('key', 'value');
      const copy = client.duplicate();
      place.atEnd(() => copy.disconnect());
      expect(await copy.get('key')).toBe('value');
      expect(await place.ioredis().get('app:key')).toBe('value');
    });

    it('waits for elements', async () => {
      const [client, waiting] = [place.ioredis(), place.ioredis()];
      const popped = waiting.blpop(`${tag}jobs`, `${tag}urgent`, 0);
      await untilBlocked(place);
      await client.rpush(`${tag}urgent`, 'now');
      expect(await popped).toEqual([`${tag}urgent`, 'now']);
      expect(await waiting.bzpopmin('none', 0.01)).toBeNull();
      const read = waiting.xread('BLOCK', 0, 'STREAMS', 'events', '$');
      await untilBlocked(place);
      await client.xadd('events', '1-1', 'n', 1);
      expect(await read).toEqual([['events', [['1-1', ['n', '1']]]]]);
    });

    it('comes back when its connection is closed', async () => {
      const client = await readyClient(place);
      await client.set('key', 'kept');
      let lost = 0;
      for (const node of mastersOf(client)) node.on('close', () => lost++);
      await place.tell('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await until(() => lost > 0, 'the connection to be closed');
      expect(await client.get('key')).toBe('kept');
    });

    describe('messages', () => {
      it('on channels, by patterns, until it listens no more', async () => {
        const [client, listener] = [place.ioredis(), place.ioredis()];
        const heard: unknown[] = [];
        listener.on('message', (...message) => heard.push(message));
        listener.on('pmessage', (...message) => heard.push(message));
        expect(await listener.subscribe('news', 'sport')).toBe(2);
        expect(await listener.psubscribe('ne*')).toBe(3);
        // Of another node in a cluster.
        const publisher = new Redis(place.masters.at(-1) ?? 0);
        place.atEnd(() => publisher.disconnect());
        await publisher.publish('sport', 'goal');
        await until(() => heard.length === 1, 'a message of another node');
        await client.publish('news', 'rain');
        await until(() => heard.length === 3, 'the messages');
        expect(heard).toEqual([
          ['sport', 'goal'],
          ['news', 'rain'],
          ['ne*', 'news', 'rain'],
        ]);
        await listener.punsubscribe('ne*');
        await listener.unsubscribe('sport');
        await publisher.publish('sport', 'over');
        await publisher.publish('news', 'sun');
        await until(() => heard.length === 4, 'the last message');
        expect(heard.at(-1)).toEqual(['news', 'sun']);
      });

      it('on channels of a shard', async () => {
        const client = place.ioredis();
        const listener =
          place.mode === 'single' ? place.ioredis() : place.ioredis({ shardedSubscribers: true });
        const heard: unknown[] = [];
        listener.on('smessage', (...message) => heard.push(message.slice(0, 2)));
        expect(await listener.ssubscribe(`${tag}orders`)).toBe(1);
        await until(async () => {
          await client.spublish(`${tag}orders`, 'new');
          return heard.length > 0;
        }, 'a message of the shard');
        expect(heard[0]).toEqual([`${tag}orders`, 'new']);
        await listener.sunsubscribe(`${tag}orders`);
      });

      it('tell of what happens to keys', async () => {
        await place.tell('CONFIG', 'SET', 'notify-keyspace-events', 'Kg$');
        place.atEnd(() => place.tell('CONFIG', 'SET', 'notify-keyspace-events', ''));
        const client = place.ioredis();
        const listener = new Redis(await portOf(client, place, 'watched'));
        place.atEnd(() => listener.disconnect());
        const heard: string[] = [];
        listener.on('message', (_channel, event) => heard.push(event));
        await listener.subscribe('__keyspace@0__:watched');
        await client.set('watched', 1);
        await client.expire('watched', 100);
        await client.del('watched');
        await until(() => heard.includes('del'), 'the deletion');
        expect(heard).toEqual(['set', 'expire', 'del']);
      });
    });

    if (place.mode === 'single') return;

    it('reads of replicas, when asked to', async () => {
      const key = `{${slotTags()[0]}}read`;
      const client = place.ioredis({ scaleReads: 'slave' }) as Cluster;
      await until(() => client.status === 'ready', 'the client to be ready');
      const master = client.nodes('master').find(({ options }) => options.port === place.port);
      const [replica] = client.nodes('slave');
      await Promise.all([master, replica].map((node) => node?.config('RESETSTAT')));
      await client.set(key, 'value');
      await until(async () => (await client.get(key)) === 'value', 'the replica to have it');
      expect(await statOf(replica, 'get')).toBeGreaterThan(0);
      expect(await statOf(master, 'get')).toBe(0);
    });
  },
  { replicas: 1 },
);

/** Calls of a command that a node has had since its counters were last reset; 0 where it had none. */
async function statOf(node: Redis | undefined, command: string): Promise<number> {
  const text = (await node?.info('commandstats')) ?? '';
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(text)?.[1] ?? 0);
}

/** Of the master that has a key. */
async function portOf(client: Redis | Cluster, place: Place, key: string): Promise<number> {
  if (place.mode === 'single') return place.port;
  const slot = await client.cluster('KEYSLOT', key);
  const ranges = await client.cluster('SLOTS');
  return ranges.find(([first, last]) => first <= slot && slot <= last)?.[2]?.[1] ?? 0;
}

async function untilBlocked(place: Place): Promise<void> {
  await until(async () => {
    const texts = await place.tell('INFO', 'clients');
    return texts.some((text) => text.includes('blocked_clients:1'));
  }, 'a client to wait');
}
