import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Command, itAnswersAlike, usePair } from '../../../helpers/compat.ts';
import { RawConnection } from '../../../helpers/raw-connection.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../../helpers/servers.ts';
import { type Standalone, startStandalone } from '../../../helpers/standalone.ts';
import { WriteStream } from '../../../helpers/write-stream.ts';

const withoutMemory: readonly Command[] = ['CONFIG SET maxmemory 1'];
/** A script that leaves the servers as they were. */
const outOfMemory = (...script: Command[]): Command[] => [
  ...withoutMemory,
  ...script,
  'CONFIG SET maxmemory 0',
];
const evicting = (policy: string, ...script: Command[]): Command[] => [
  `CONFIG SET maxmemory-policy ${policy}`,
  ...outOfMemory(...script),
  'CONFIG SET maxmemory-policy noeviction',
];
const write = "return redis.call('SET', KEYS[1], 'x')";

describe.skipIf(skipWithoutRedisServer)(`maxmemory${redisServerNote}`, () => {
  const pair = usePair();

  itAnswersAlike(pair, {
    'writes that need memory are refused, others are not': [
      'SET a 1',
      'RPUSH list x y',
      ...outOfMemory(
        'SET a 2',
        'APPEND a x',
        'INCR n',
        'GET a',
        'DEL a',
        'RPUSH list z',
        'LPOP list',
        'RPOPLPUSH list other',
        'HSET h f v',
        'SADD s m',
        'ZADD z 1 m',
        'XADD x * f v',
        'XGROUP CREATE x g $ MKSTREAM',
        'PFADD hll a',
        'GEOADD g 1 1 a',
        'SETBIT b 1 1',
        'BITFIELD b SET u8 0 1',
        'SETRANGE a 0 x',
        'COPY list c',
        'RENAME list l2',
        'EXPIRE l2 100',
        'SORT l2 STORE other',
        'MSET a 1 b 2',
        'RESTORE r 0 x',
        'PUBLISH c m',
        'EVALSHA ffffffffffffffffffffffffffffffffffffffff 0',
        'FUNCTION LOAD x',
        'SCRIPT EXISTS x',
        'PING',
        'DBSIZE',
        'FLUSHALL',
      ),
      'SET a 1',
    ],
    'a transaction takes no commands, but ends': outOfMemory(
      'MULTI',
      'GET a',
      'PING',
      'WATCH a',
      'MULTI',
      'EXEC',
      'MULTI',
      'DISCARD',
      'MULTI',
      'SET a 1',
      'DISCARD',
      'WATCH a',
      'GET a',
      'MULTI',
      'RESET',
    ),
    'a transaction that was queued before is refused as a whole if one of its commands needs memory': [
      'MULTI',
      'CONFIG SET maxmemory 1',
      'SET a 1',
      'GET a',
      'EXEC',
      'GET a',
      'CONFIG SET maxmemory 0',
    ],
    'scripts may write nothing that needs memory, but go on once they have written': [
      'SET gone 1',
      ...outOfMemory(
        ['EVAL', write, 1, 'a'],
        ['EVAL', "redis.call('DEL', 'gone') return redis.call('SET', 'a', 'x')", 2, 'gone', 'a'],
        'GET a',
        ['EVAL', "return redis.call('GET', 'a')", 1, 'a'],
        ['EVAL', "return redis.pcall('SET', 'a', 'x')", 1, 'a'],
        ['EVAL', "redis.call('DEL', 'nothing') return redis.call('INCR', 'n')", 2, 'nothing', 'n'],
        ['EVAL', `#!lua\n${write}`, 1, 'a'],
        ['EVAL', `#!lua flags=allow-oom\n${write}`, 1, 'allowed'],
        ['EVAL', `#!lua flags=no-writes\n${write}`, 1, 'a'],
        ['EVAL', "#!lua flags=no-writes\nreturn redis.call('GET', KEYS[1])", 1, 'allowed'],
        ['EVAL_RO', "return redis.call('GET', KEYS[1])", 1, 'allowed'],
      ),
      'GET allowed',
    ],
    'a script that makes the limit itself goes by what held when it began': [
      ['EVAL', `redis.call('CONFIG', 'SET', 'maxmemory', 1) ${write}`, 1, 'a'],
      'CONFIG SET maxmemory 0',
    ],
    'functions go by their flags': [
      [
        'FUNCTION',
        'LOAD',
        `#!lua name=lib
        redis.register_function('w', function(keys) return redis.call('SET', keys[1], 'x') end)
        redis.register_function{function_name='o', callback=function(keys) return redis.call('SET', keys[1], 'x') end, flags={'allow-oom'}}
        redis.register_function{function_name='r', callback=function(keys) return redis.call('GET', keys[1]) end, flags={'no-writes'}}`,
      ],
      ...outOfMemory('FCALL w 1 a', 'FCALL o 1 a', 'FCALL r 1 a', 'FCALL_RO r 1 a'),
      'FUNCTION FLUSH',
    ],
    'keys go, then writes are refused (allkeys-lru)': [
      'SET a 1',
      ...evicting('allkeys-lru', 'GET a', 'DBSIZE', 'SET b 1', 'EXISTS b'),
    ],
    'keys go from every database (allkeys-random)': [
      'SET a 1',
      'SELECT 1',
      'SET b 1',
      ...evicting('allkeys-random', 'DBSIZE', 'SELECT 0', 'DBSIZE'),
    ],
    'only keys with a time to live go (volatile-ttl)': [
      'SET a 1',
      'SET b 1 EX 1000',
      ...evicting('volatile-ttl', 'EXISTS a b', 'TTL a', 'SET c 1'),
    ],
    'who watches a key that goes cannot go on': [
      'SET a 1',
      'WATCH a',
      'CONFIG SET maxmemory-policy allkeys-lfu',
      'CONFIG SET maxmemory 1',
      'CONFIG SET maxmemory 0',
      'MULTI',
      'PING',
      'EXEC',
      'CONFIG SET maxmemory-policy noeviction',
    ],
  });

  it.each(['no', 'yes'])('replicas hear of the deletions, lazy: %s', async (lazy) => {
    const { redis, node } = pair();
    await pair().reset();
    const streams = await Promise.all([redis, node].map(({ port }) => WriteStream.open(port)));
    await pair().same(
      `CONFIG SET lazyfree-lazy-eviction ${lazy}`,
      'SET a 1',
      ...evicting('allkeys-lru', 'PING'),
      'SET b 1',
      // In a transaction keys go only before it, or behind it.
      'MULTI',
      'INCR b',
      'CONFIG SET maxmemory-policy allkeys-lru',
      'CONFIG SET maxmemory 1',
      'INCR b',
      'EXEC',
      'GET b',
      'CONFIG SET maxmemory 0',
      'CONFIG SET maxmemory-policy noeviction',
      'SET last 1',
    );
    const written = (stream: WriteStream): string[] => stream.writes.filter((each) => each !== 'PING');
    await until(() => streams.every(({ writes }) => writes.includes('SET last 1')), 'the streams');
    for (const stream of streams) stream.close();
    const [ofRedis, ofNode] = streams.map(written);
    expect(ofNode).toEqual(ofRedis);
    expect(ofNode?.filter((each) => /^(DEL|UNLINK) /i.test(each))).toHaveLength(2);
  });

  it('INFO and MEMORY STATS have the same fields', async () => {
    await pair().reset();
    await pair().run(['SET a 1 EX 1000']);
    const names = async ({ client }: Standalone): Promise<unknown> => {
      const text = await client.text('INFO', 'memory', 'stats');
      const info = text.split('\r\n').map((line) => line.split(':')[0]);
      const stats = await client.call('MEMORY', 'STATS');
      const fields = Array.isArray(stats) ? stats.filter((_, i) => i % 2 === 0).map(String) : stats;
      return { info, fields };
    };
    expect(await names(pair().node)).toEqual(await names(pair().redis));
  });

  it('counters tell of what went', async () => {
    const { node } = pair();
    await pair().reset();
    await pair().run(['CONFIG RESETSTAT', 'SET a 1', ...evicting('allkeys-random', 'PING', 'SET b 1')]);
    expect([await node.info('evicted_keys'), await node.info('evicted_clients')]).toEqual(['1', '0']);
  });
});

describe('a node with little memory', () => {
  let node: Standalone;
  beforeAll(async () => {
    node = await startStandalone('bundled', ['--maxmemory-clients', '300kb']);
  });
  afterAll(() => node.stop());

  it('sends the client away that takes most, not one that must stay', async () => {
    const [small, large, kept] = await Promise.all([1, 2, 3].map(() => RawConnection.open(node.port)));
    if (small === undefined || large === undefined || kept === undefined) throw new Error('no connection');
    await kept.text('CLIENT', 'NO-EVICT', 'ON');
    const queued = ['SET', 'key', 'x'.repeat(200_000)];
    await kept.pipeline([['MULTI'], queued]);
    await small.pipeline([['MULTI'], ['SET', 'key', 'x'.repeat(10_000)]]);
    // What it sends may come in pieces: then it is too much before the last of them.
    await large.pipeline([['MULTI'], ['SET', 'key', 'x'.repeat(150_000)]]).catch(() => {});
    await expect(large.call('PING')).rejects.toThrow('closed');
    expect(await small.text('EXEC')).toBe('OK');
    expect(await kept.text('EXEC')).toBe('OK');
    expect(await node.info('evicted_clients')).toBe('1');
    expect(node.log.some((line) => line.includes('Evicting client: id='))).toBe(true);
    small.close();
    kept.close();
  });

  it.each([
    ['0', '0', 0],
    ['0', '5mb', 5 * 1024 * 1024],
    ['0', '5%', 0],
    ['10000000', '5%', 500_000],
    ['10000000', '1000', 128 * 1024],
  ])('with maxmemory %s, a limit of %s for clients is %i bytes', async (maxmemory, given, bytes) => {
    await node.client.text('CONFIG', 'SET', 'maxmemory', maxmemory, 'maxmemory-clients', given);
    expect(node.node?.parts.clientEviction.limitBytes).toBe(bytes);
    await node.client.text('CONFIG', 'SET', 'maxmemory', 0, 'maxmemory-clients', '300kb');
  });

  it('gives back what clients took', async () => {
    const used = async (): Promise<number> => Number(await node.info('mem_clients_normal'));
    await until(() => node.node?.parts.clients.count === 1, 'the other connections to end');
    const before = await used();
    const client = await RawConnection.open(node.port);
    await client.pipeline([['MULTI'], ['SET', 'key', 'x'.repeat(100_000)]]);
    expect(await used()).toBeGreaterThan(before + 100_000);
    await client.text('DISCARD');
    expect(await used()).toBeLessThan(before + 10_000);
    client.close();
    await until(async () => (await used()) === before, 'the connection to be forgotten');
  });

  it('a replica leaves it to its master which keys go, unless it is told not to', async () => {
    const replica = await startStandalone('bundled', [
      ...['--maxmemory', '1', '--maxmemory-policy', 'allkeys-lru'],
      ...['--replicaof', `127.0.0.1 ${node.port}`, '--repl-diskless-load', 'swapdb'],
    ]);
    try {
      await node.client.text('SET', 'key', 'value');
      await until(async () => (await replica.client.call('GET', 'key'))?.toString() === 'value', 'the key');
      const [ofMaster, ofReplica] = [node, replica].map((each) => each.node?.parts.databases[0]?.memoryBytes);
      expect(ofReplica).toBe(ofMaster);
      expect(await replica.info('evicted_keys')).toBe('0');
      await replica.client.text('CONFIG', 'SET', 'replica-ignore-maxmemory', 'no');
      expect(await replica.client.call('GET', 'key')).toBeNull();
      expect(await replica.info('evicted_keys')).toBe('1');
    } finally {
      await replica.stop();
    }
  });
});
