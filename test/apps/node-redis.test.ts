/** Owns node-redis, used as its documentation shows, with both protocols, on one server and on a cluster. */
import {
  BasicClientSideCache,
  BasicPooledClientSideCache,
  createClient,
  createClientPool,
  createCluster,
  defineScript,
  MultiErrorReply,
  RESP_TYPES,
  WatchError,
} from 'redis';
import { describe, expect, it } from 'vitest';
import { describePlaces, type Place } from '../helpers/places.ts';
import { until } from '../helpers/servers.ts';

const tag = '{app}';

describePlaces((place) => {
  describe.each([2, 3] as const)('RESP%i', (resp) => {
    it('gives values of all types as they are', async () => {
      const client = await place.nodeRedis(resp);
      expect(await client.set('name', 'trib', { expiration: { type: 'EX', value: 100 } })).toBe('OK');
      expect(await client.set('name', 'x', { condition: 'NX' })).toBeNull();
      expect(await client.ttl('name')).toBeGreaterThan(90);
      expect(await client.mSet({ [`${tag}a`]: '1', [`${tag}b`]: 'two' })).toBe('OK');
      expect(await client.mGet([`${tag}a`, `${tag}none`])).toEqual(['1', null]);
      expect(await client.hSet('user', { name: 'eve', age: 30 })).toBe(2);
      expect({ ...(await client.hGetAll('user')) }).toEqual({ name: 'eve', age: '30' });
      await client.rPush('list', ['1', '2', '3']);
      expect(await client.lPopCount('list', 2)).toEqual(['1', '2']);
      await client.sAdd('set', ['a', 'b']);
      expect([...(await client.sMembers('set'))].sort()).toEqual(['a', 'b']);
      const members = [
        { value: 'eve', score: 1.5 },
        { value: 'bob', score: 20 },
      ];
      expect(await client.zAdd('board', members)).toBe(2);
      expect(await client.zRangeWithScores('board', 0, -1)).toEqual(members);
      expect(await client.zScore('board', 'eve')).toBe(1.5);
      expect(await client.zIncrBy('board', Infinity, 'bob')).toBe(Infinity);
      expect(await client.geoAdd('towns', { longitude: 7.0982, latitude: 50.7374, member: 'bonn' })).toBe(1);
      const [position] = await client.geoPos('towns', 'bonn');
      expect(Number(position?.longitude)).toBeCloseTo(7.0982, 4);
      await expect(client.incr('name')).rejects.toThrow('ERR value is not an integer or out of range');
    });

    it('gives streams, and their groups', async () => {
      const client = await place.nodeRedis(resp);
      expect(await client.xAdd('events', '1-1', { type: 'login' })).toBe('1-1');
      await client.xGroupCreate('events', 'mailers', '0');
      const streams = [{ key: 'events', id: '>' }];
      const read = await client.xReadGroup('mailers', 'one', streams, { COUNT: 5 });
      const entry = { id: '1-1', message: { type: 'login' } };
      expect(read).toMatchObject([{ name: 'events', messages: [entry] }]);
      expect(await client.xPending('events', 'mailers')).toMatchObject({ pending: 1, firstId: '1-1' });
      expect(await client.xAutoClaim('events', 'mailers', 'two', 0, '0')).toMatchObject({
        messages: [entry],
      });
      expect(await client.xAck('events', 'mailers', '1-1')).toBe(1);
      expect(await client.xInfoStream('events')).toMatchObject({ length: 1, groups: 1 });
      expect(await client.xInfoGroups('events')).toMatchObject([
        { name: 'mailers', consumers: 2, pending: 0 },
      ]);
      expect(await client.xRead({ key: 'events', id: '1-1' }, { BLOCK: 5 })).toBeNull();
    });

    it('sends many commands at once, and as one transaction', async () => {
      const client = await place.nodeRedis(resp);
      const keys = Array.from({ length: 200 }, (_, index) => `key:${index}`);
      await Promise.all(keys.map((key) => client.set(key, key)));
      expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys);
      const key = `${tag}n`;
      expect(await client.multi().set(key, 1).incrBy(key, 4).get(key).exec()).toEqual(['OK', 5, '5']);
      expect(await client.multi().incr(key).get(key).execAsPipeline()).toEqual([6, '6']);
      const failing = client.multi().incr(key).lPush(key, 'x').get(key).exec();
      const failed = await failing.catch((reason: unknown) => reason);
      expect(failed).toBeInstanceOf(MultiErrorReply);
      expect((failed as MultiErrorReply).errorIndexes).toEqual([1]);
      expect((failed as MultiErrorReply).replies[2]).toBe('7');
    });

    it('runs scripts and functions that it knows by name', async () => {
      await place.tell('FUNCTION', 'FLUSH');
      await place.tell('SCRIPT', 'FLUSH');
      await place.tell('FUNCTION', 'LOAD', library);
      place.atEnd(() => place.tell('FUNCTION', 'FLUSH'));
      const client = await withScripts(place, resp);
      expect(await client.addTo('count', 5)).toBe(5);
      expect(await client.addTo('count', 5)).toBe(10);
      await place.tell('SCRIPT', 'FLUSH');
      expect(await client.addTo('count', 5)).toBe(15);
      expect(await client.shop.total('count')).toBe(16);
      expect(await client.eval('return {1, "a", {2.7}}', { keys: ['count'] })).toEqual([1, 'a', [2]]);
    });

    it('listens to channels, patterns and shards', async () => {
      const client = await place.nodeRedis(resp);
      const listener = await place.nodeRedis(resp);
      const heard: string[] = [];
      const hear = (message: string, channel: string): void => {
        heard.push(`${channel}: ${message}`);
      };
      await listener.subscribe(['news', 'sport'], hear);
      await listener.pSubscribe('ne*', hear);
      await client.publish('sport', 'goal');
      await client.publish('news', 'rain');
      await until(() => heard.length === 3, 'three messages');
      expect(heard.sort()).toEqual(['news: rain', 'news: rain', 'sport: goal']);
      await listener.pUnsubscribe('ne*');
      await listener.unsubscribe('sport');
      await listener.sSubscribe(`${tag}orders`, hear);
      await client.sPublish(`${tag}orders`, 'new');
      await until(() => heard.length === 4, 'a message of the shard');
      expect(heard.at(-1)).toBe(`${tag}orders: new`);
      await listener.sUnsubscribe(`${tag}orders`);
      await listener.unsubscribe();
    });

    it('goes through all keys of every node', async () => {
      const client = await place.nodeRedis(resp);
      const keys = Array.from({ length: 300 }, (_, index) => `user:${index}`).sort();
      await Promise.all(keys.map((key) => client.set(key, 1)));
      const found: string[] = [];
      const nodes =
        'masters' in client ? client.masters.map((master) => client.nodeClient(master)) : [client];
      for (const node of nodes)
        for await (const part of (await node).scanIterator({ MATCH: 'user:*', COUNT: 50 }))
          found.push(...part);
      expect(found.sort()).toEqual(keys);
      await client.hSet('hash', { a: '1', b: '2' });
      const { entries } = await client.hScan('hash', '0');
      expect(entries.map(({ field, value }) => field + value).sort()).toEqual(['a1', 'b2']);
    });

    it('comes back when its connection is closed', async () => {
      const client = await place.nodeRedis(resp);
      await client.set('key', 'kept');
      await place.tell('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      // What was sent before it knew fails; then it is there again.
      await until(
        async () => (await client.get('key').catch(() => undefined)) === 'kept',
        'the client to be back',
      );
    });
  });

  it('keeps what it has read until another changes it', async () => {
    const { client, cache } = await withCache(place);
    const other = await place.nodeRedis();
    const keys = Array.from({ length: 30 }, (_, index) => `key:${index}`);
    await Promise.all(keys.map((key) => other.set(key, 'old')));
    const read = (): Promise<(string | null)[]> => Promise.all(keys.map((key) => client.get(key)));
    await read();
    expect(await read()).toEqual(keys.map(() => 'old'));
    expect(cache.stats()).toMatchObject({ missCount: 30, hitCount: 30 });
    await other.set('key:7', 'new');
    await until(async () => (await client.get('key:7')) === 'new', 'the change of another to be seen');
    await other.pExpire('key:8', 1);
    await until(async () => (await client.get('key:8')) === null, 'the end of a key to be seen');
    await Promise.all(keys.map((key) => other.del(key)));
    await until(async () => (await read()).every((value) => value === null), 'all deletions to be seen');
  });

  // What a cluster's client does not have.
  if (place.mode === 'cluster') return;

  it.each([2, 3] as const)('has pools, and watches keys, RESP%i', async (RESP) => {
    const { url } = place;
    const pool = createClientPool({ url, RESP }, { minimum: 1, maximum: 3 });
    place.atEnd(() => pool.destroy());
    await pool.connect();
    const popped = pool.blPop('jobs', 0);
    await until(async () => (await pool.info('clients')).includes('blocked_clients:1'), 'a client to wait');
    await pool.rPush('jobs', 'now');
    expect({ ...(await popped) }).toEqual({ key: 'jobs', element: 'now' });
    const raced = pool.execute(async (client) => {
      await client.watch('balance');
      await pool.set('balance', '100');
      return client.multi().incr('balance').exec();
    });
    await expect(raced).rejects.toBeInstanceOf(WatchError);
    const alone = pool.execute(async (client) => {
      await client.watch('balance');
      return client.multi().incr('balance').exec();
    });
    expect(await alone).toEqual([101]);
    const client = createClient({ url, RESP });
    client.on('error', () => {});
    place.atEnd(() => client.destroy());
    await client.connect();
    const bytes = Buffer.from([0, 255, 13, 10]);
    await client.set('bytes', bytes);
    const mapped = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    expect(await mapped.get('bytes')).toEqual(bytes);
    await client.select(3);
    expect(await client.get('bytes')).toBeNull();
    expect(await client.sendCommand(['COMMAND', 'COUNT'])).toBeGreaterThan(200);
  });
});

/** Entries of a cache live until they are invalidated. */
const unlimited = { ttl: 0, maxEntries: 0, evictPolicy: 'LRU' } as const;

/** A client, of either kind, that keeps what it has read. */
async function withCache(place: Place) {
  const { url } = place;
  const cache =
    place.mode === 'single' ? new BasicClientSideCache(unlimited) : new BasicPooledClientSideCache(unlimited);
  const options = { RESP: 3, clientSideCache: cache } as const;
  const client =
    cache instanceof BasicPooledClientSideCache
      ? createCluster({ rootNodes: [{ url }], ...options, clientSideCache: cache })
      : createClient({ url, ...options });
  client.on('error', () => {});
  place.atEnd(() => client.destroy());
  await client.connect();
  return { client, cache };
}

const library = `#!lua name=shop
redis.register_function{function_name = 'total', flags = {'no-writes'},
  callback = function(keys) return redis.call('GET', keys[1]) + 1 end}`;

/** A client, of either kind, that knows a script and a function. */
async function withScripts(place: Place, RESP: 2 | 3) {
  const addTo = defineScript({
    SCRIPT: "return redis.call('INCRBY', KEYS[1], ARGV[1])",
    NUMBER_OF_KEYS: 1,
    parseCommand(parser, key: string, by: number) {
      parser.pushKey(key);
      parser.push(String(by));
    },
    transformReply: (reply: number) => reply,
  });
  const total = {
    NUMBER_OF_KEYS: 1,
    parseCommand(parser: Parameters<typeof addTo.parseCommand>[0], key: string) {
      parser.pushKey(key);
    },
    transformReply: (reply: number) => reply,
  };
  const known = { RESP, scripts: { addTo }, functions: { shop: { total } } };
  const { url } = place;
  const client =
    place.mode === 'single'
      ? createClient({ url, ...known })
      : createCluster({ rootNodes: [{ url }], ...known });
  client.on('error', () => {});
  place.atEnd(() => client.destroy());
  await client.connect();
  return client;
}
