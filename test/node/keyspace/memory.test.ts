import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENTRY_BYTES, TIME_TO_LIVE_BYTES } from '../../../src/node/keyspace/memory.ts';
import type { Value } from '../../../src/node/keyspace/value.ts';
import { type RunningNode, startNode } from '../../../src/node/node.ts';
import type { Database } from '../../../src/node/parts/keyspace.ts';
import { textBytes } from '../../../src/node/types/memory.ts';
import { typeOf } from '../../../src/node/types/types.ts';
import { RawConnection } from '../../helpers/raw-connection.ts';
import { until } from '../../helpers/servers.ts';

/** What a value takes that was made anew from what it holds. */
function freshBytes(value: Value): number {
  if (typeof value === 'string') return textBytes(value);
  const copy = typeOf(value).copy(value);
  if (typeof copy === 'string') throw new Error('a copy is of the same kind');
  if ('typeName' in value) return copy.memoryBytes;
  // It has room to grow, which a copy has not.
  expect(value.memoryBytes).toBeGreaterThanOrEqual(copy.memoryBytes);
  expect(value.memoryBytes).toBeLessThanOrEqual(2 * copy.memoryBytes);
  return value.memoryBytes;
}

function recounted(database: Database): number {
  let bytes = 0;
  for (const { key, value, expireAtMs } of database.entries())
    bytes += ENTRY_BYTES + textBytes(key) + freshBytes(value) + (expireAtMs < 0 ? 0 : TIME_TO_LIVE_BYTES);
  return bytes;
}

type Words = (string | number)[];

const anyKey = fc.constantFrom('a', 'b');
const anyText = fc.constantFrom('', '1', '77', '-5', 'some text', 'x'.repeat(70), 'y'.repeat(300));
const anyTexts = fc.array(anyText, { minLength: 1, maxLength: 5 });
const anyNumber = fc.integer({ min: -4, max: 6 });
/** Enough of them to grow out of the small encodings. */
const many = fc
  .integer({ min: 1, max: 700 })
  .map((count) => Array.from({ length: count }, (_, n) => `n${n}`));
/** Of the entries that a stream begins with. */
const anyId = fc.integer({ min: 1, max: 4 }).map((ms) => `${ms}-0`);

/** `words` with what the arbitraries give in the place of its blanks. */
function command(
  words: string,
  ...blanks: fc.Arbitrary<string | number | readonly string[]>[]
): fc.Arbitrary<Words> {
  return fc.tuple(...blanks).map((given) => {
    let next = 0;
    return words.split(' ').flatMap((word) => (word === '_' ? (given[next++] ?? []) : word));
  });
}

const twice = (texts: fc.Arbitrary<string[]>) => texts.map((each) => each.flatMap((text) => [text, text]));
const scored = many.map((names) => names.flatMap((name, n) => [String(n), name]));

const onStrings = [
  command('SET _ _', anyKey, anyText),
  command('APPEND _ _', anyKey, anyText),
  command('SETRANGE _ 90 _', anyKey, anyText),
  command('SETBIT _ 4000 1', anyKey),
  command('PFADD _ _', anyKey, anyTexts),
  command('GETDEL _', anyKey),
];
const onLists = [
  command('RPUSH _ _', anyKey, anyTexts),
  command('LPUSH _ _', anyKey, many),
  command('LSET _ _ _', anyKey, anyNumber, anyText),
  command('LINSERT _ BEFORE _ _', anyKey, anyText, anyText),
  command('LREM _ _ _', anyKey, anyNumber, anyText),
  command('LTRIM _ _ _', anyKey, anyNumber, anyNumber),
  command('LMOVE _ _ LEFT RIGHT', anyKey, anyKey),
  command('RPOP _ 3', anyKey),
];
const onSets = [
  command('SADD _ _', anyKey, anyTexts),
  command('SADD _ 1 2 3 _', anyKey, anyNumber),
  command('SADD _ _', anyKey, many),
  command('SREM _ _', anyKey, anyTexts),
  command('SPOP _ 200', anyKey),
  command('SMOVE _ _ _', anyKey, anyKey, anyText),
  command('SUNIONSTORE _ _ _', anyKey, anyKey, anyKey),
];
const onHashes = [
  command('HSET _ _ _', anyKey, anyText, anyText),
  command('HSET _ n0 _', anyKey, anyText),
  command('HSET _ _', anyKey, twice(many)),
  command('HDEL _ _', anyKey, anyTexts),
];
const onSortedSets = [
  command('ZADD _ _ _', anyKey, anyNumber, anyText),
  command('ZADD _ _', anyKey, scored),
  command('ZREM _ _', anyKey, anyTexts),
  command('ZREMRANGEBYRANK _ 0 _', anyKey, anyNumber),
  command('ZUNIONSTORE _ 2 _ _', anyKey, anyKey, anyKey),
];
const onStreams = [
  command('XADD a * _', twice(anyTexts)),
  command('XADD a MAXLEN 2 * field _', anyText),
  command('XDEL a _', anyId),
  command('XTRIM a MINID _', anyId),
  command('XGROUP CREATE a readers 0'),
  command('XGROUP CREATE a _ 0', anyText),
  command('XGROUP DESTROY a _', anyText),
  command('XGROUP CREATECONSUMER a readers _', anyText),
  command('XREADGROUP GROUP readers _ COUNT 2 STREAMS a >', anyText),
  command('XAUTOCLAIM a readers _ 0 0', anyText),
  command('XACK a readers _', anyId),
  command('XGROUP DELCONSUMER a readers _', anyText),
];
const onAnyKeys = [
  command('SET _ _', anyKey, anyText),
  command('SET _ value PX 1', anyKey),
  command('EXPIRE _ _', anyKey, anyNumber),
  command('PERSIST _', anyKey),
  command('UNLINK _', anyKey),
  command('RENAME _ _', anyKey, anyKey),
  command('COPY _ _ REPLACE', anyKey, anyKey),
  command('COPY _ _ DB 1 REPLACE', anyKey, anyKey),
  command('MOVE _ 1', anyKey),
  command('SWAPDB 0 1'),
  command('SELECT 0'),
  command('SELECT 1'),
  command('FLUSHDB'),
  fc
    .tuple(anyKey, anyKey)
    .map((names) => [
      'EVAL',
      "local d = redis.call('DUMP', KEYS[1]) if d then redis.call('RESTORE', KEYS[2], 0, d, 'REPLACE') end",
      2,
      ...names,
    ]),
  command('DEBUG RELOAD'),
];

const streamWithGroup: readonly Words[] = [
  ...[1, 2, 3, 4].map((ms): Words => ['XADD', 'a', `${ms}-0`, 'field', 'value']),
  ['XADD', 'a', '5-0', 'another', ''],
  ['XGROUP', 'CREATE', 'a', 'readers', 0],
  ['XREADGROUP', 'GROUP', 'readers', 'some text', 'COUNT', 4, 'STREAMS', 'a', '>'],
];

/** Mostly of one type, behind what makes them likely to find something. */
const anyCommands = fc
  .constantFrom(onStrings, onLists, onSets, onHashes, onSortedSets, onStreams, onStreams)
  .chain((ofType) =>
    fc
      .array(
        fc.oneof(
          { weight: 6, arbitrary: fc.oneof(...ofType) },
          { weight: 1, arbitrary: fc.oneof(...onAnyKeys) },
        ),
        { minLength: 1, maxLength: 40, size: 'max' },
      )
      .map((commands) => (ofType === onStreams ? [...streamWithGroup, ...commands] : commands)),
  );

describe('what keys take', () => {
  let node: RunningNode;
  let client: RawConnection;
  const folder = mkdtempSync(join(tmpdir(), 'trib-memory-'));
  beforeAll(async () => {
    node = await startNode({
      anyPort: true,
      config: { save: '""', 'enable-debug-command': 'yes', databases: '2', dir: folder },
    });
    client = await RawConnection.open(node.port);
  });
  afterAll(async () => {
    client.close();
    await node.close();
    rmSync(folder, { recursive: true });
  });

  it('is kept right by whatever happens to them', async () => {
    await fc.assert(
      fc.asyncProperty(anyCommands, async (commands) => {
        await client.pipeline([['FLUSHALL'], ...commands]);
        for (const database of node.parts.databases) expect(database.memoryBytes).toBe(recounted(database));
      }),
      { numRuns: 120 },
    );
  });

  it('is nothing once they are gone', async () => {
    await client.pipeline([['SET', 'key', 'value', 'EX', 100], ['RPUSH', 'list', 'item'], ['FLUSHALL']]);
    expect(node.parts.databases.map(({ memoryBytes }) => memoryBytes)).toEqual([0, 0]);
  });

  it('moves with keys to another node, and to a replica', async () => {
    const other = await startNode({
      anyPort: true,
      config: { save: '""', dir: folder, dbfilename: 'other.rdb' },
    });
    const copy = await startNode({
      anyPort: true,
      config: { save: '""', dir: folder, dbfilename: 'copy.rdb' },
    });
    const [otherClient, copyClient] = await Promise.all(
      [other, copy].map(({ port }) => RawConnection.open(port)),
    );
    try {
      await copyClient?.text('REPLICAOF', '127.0.0.1', String(other.port));
      await client.pipeline([['FLUSHALL'], ['SELECT', 0], ...streamWithGroup, ['SADD', 'b', 1, 2, 'x']]);
      const [database] = node.parts.databases as readonly [Database, Database];
      const before = database.memoryBytes;
      expect(await client.text('MIGRATE', '127.0.0.1', other.port, '', 0, 5000, 'KEYS', 'a', 'b')).toBe('OK');
      expect(database.memoryBytes).toBe(0);
      const [here, there] = [other, copy].map(({ parts }) => parts.databases[0] as Database) as [
        Database,
        Database,
      ];
      await until(() => there.size === 2, 'the replica to have the keys');
      // A set of numbers and texts was a table before it was sent; and so it is when it has come.
      for (const each of [here, there]) expect(each.memoryBytes).toBe(recounted(each));
      expect([here.memoryBytes, there.memoryBytes]).toEqual([before, before]);
      await otherClient?.text('FLUSHALL');
      await until(() => there.size === 0, 'the replica to be emptied');
      expect([here.memoryBytes, there.memoryBytes]).toEqual([0, 0]);
    } finally {
      for (const each of [otherClient, copyClient]) each?.close();
      await Promise.all([other.close(), copy.close()]);
    }
  });

  it('grows with each element, wherever the list stands', async () => {
    await client.pipeline([['FLUSHALL'], ['SELECT', 0], ['RPUSH', 'list', 'item']]);
    const before = await client.call('MEMORY', 'USAGE', 'list');
    await client.pipeline([
      ['RENAME', 'list', 'tsil'],
      ['RPUSH', 'tsil', 'x'.repeat(1000)],
    ]);
    const after = await client.call('MEMORY', 'USAGE', 'tsil');
    expect(Number(after) - Number(before)).toBe(8 + textBytes('x'.repeat(1000)));
  });
});
