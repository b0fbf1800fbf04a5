import { describe, expect, it } from 'vitest';
import { ByteReader, BytesError, ByteWriter } from '../../../src/core/bytes.ts';
import { isDumpIntact, readDump, writeDump } from '../../../src/protocol/rdb/dump.ts';
import { readPlainHash } from '../../../src/protocol/rdb/hashes.ts';
import { type RdbCollection, type RdbValue, readObject } from '../../../src/protocol/rdb/objects.ts';
import { readPlainSet } from '../../../src/protocol/rdb/sets.ts';
import { readBinarySortedSet, readDecimalSortedSet } from '../../../src/protocol/rdb/sorted-sets.ts';
import { decode, payloads, plain, sourceOf } from './payloads.ts';

const asCollection = (value: RdbValue): RdbCollection => {
  if (typeof value === 'string') throw new Error('a string');
  return value;
};

/** The nodes of an old list and redis-server's hash tables lie otherwise when everything is written anew. */
const laidOutAnew = ['zipmap', 'quicklist of ziplists', 'quicklist with a plain node'];
/** Of a long payload, so many bytes are looked at; with TRIB_RDB_DAMAGE=all, every single one (npm run test:rdb). */
const PLACES = process.env['TRIB_RDB_DAMAGE'] === 'all' ? Infinity : 250;
const named = payloads.map((each) => [each.name, each] as const);

describe('collections in RDB', () => {
  it('are recorded in each encoding that servers up to 7.0 write', () => {
    const types = new Set(payloads.map(({ type }) => type));
    expect([...types].sort((a, b) => a - b)).toEqual([
      1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
    ]);
  });

  it.each(named)('are read, and written as redis-server does: %s', (name, { payload, dump, encoding }) => {
    expect(isDumpIntact(payload)).toBe(true);
    const value = asCollection(readDump(payload));
    const writer = new ByteWriter();
    writeDump(writer, sourceOf(value, encoding), true);
    if (laidOutAnew.includes(name)) expect(plain(readDump(writer.bytes()))).toEqual(plain(value));
    else expect(writer.bytes().toString('base64')).toBe(dump.toString('base64'));
    const uncompressed = new ByteWriter();
    writeDump(uncompressed, sourceOf(value, encoding), false);
    expect(plain(readDump(uncompressed.bytes()))).toEqual(plain(readDump(writer.bytes())));
  });

  it('are read from the sets and streams of Redis 7.2', () => {
    const hash = payloads.find(({ name }) => name === 'hash, every form of a value');
    const set = asCollection(decode(20, listpackOf([...'abc'])));
    expect(plain(set)).toEqual({ type: 'set', size: 3, members: ['a', 'b', 'c'] });
    expect(() => decode(20, hash?.body ?? Buffer.alloc(0))).toThrow('the same member twice');
    const old = payloads.find(({ name }) => name === 'stream of Redis 5 with a group')?.dump.subarray(1, -10);
    if (old === undefined) throw new Error('no such payload');
    // One consumer with one entry: the time stands before the count and the id of that.
    const newer = Buffer.concat([
      old.subarray(0, -17),
      Buffer.from('0707070707070000', 'hex'),
      old.subarray(-17),
    ]);
    expect(plain(decode(21, newer))).toEqual(plain(decode(19, old)));
  });

  it('are arrays, with no element twice, where there are more than a Map takes', () => {
    const bodyOf = (name: string): Buffer =>
      payloads.find((each) => each.name === name)?.body ?? Buffer.alloc(0);
    const cases = [
      ['set, texts', readPlainSet],
      ['hash, table', readPlainHash],
      ['zset, skiplist', readBinarySortedSet],
      ['zset with decimal scores', readDecimalSortedSet],
    ] as const;
    for (const [name, read] of cases) {
      const body = bodyOf(name);
      const many = read(new ByteReader(body), 3);
      expect(plain(many)).toEqual(plain(read(new ByteReader(body))));
      expect(Array.isArray('members' in many ? many.members : many.entries)).toBe(true);
    }
    for (const read of [readPlainSet, readPlainHash])
      expect(() =>
        read(new ByteReader(Buffer.from('\x06\x01a\x01b\x01c\x01d\x01a\x01f'.repeat(2))), 3),
      ).toThrow('the same element twice');
  });

  it.each(named)('never crash, whichever byte is another: %s', (_name, { type, body }) => {
    const step = Math.max(1, Math.floor(body.length / PLACES));
    for (let at = 0; at < body.length; at += step) {
      for (const flip of [0x01, 0x10, 0x80, 0xff]) {
        const damaged = Buffer.from(body);
        damaged[at] = (damaged[at] as number) ^ flip;
        expectRefusedOrSound(type, damaged);
      }
    }
  });

  it.each(named)('are refused when the end is missing: %s', (_name, { type, body }) => {
    const step = Math.max(1, Math.floor(body.length / PLACES));
    for (let length = 0; length < body.length; length += step)
      expect(() => readObject(new ByteReader(body.subarray(0, length)), type)).toThrow(BytesError);
  });
});

function listpackOf(texts: readonly string[]): Buffer {
  const entries = texts.flatMap((text) => [
    0x80 | text.length,
    ...Buffer.from(text, 'latin1'),
    text.length + 1,
  ]);
  const bytes = Buffer.from([6 + entries.length + 1, 0, 0, 0, texts.length, 0, ...entries, 255]);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function itemsOf(value: RdbCollection): Iterable<unknown> {
  if ('elements' in value) return value.elements;
  if ('members' in value) return value.members;
  if ('entries' in value) return value.entries;
  return [...value.nodes].flatMap(({ entries }) => entries.filter(({ deleted }) => !deleted));
}

/** What is read holds together, and no more than the bytes could stand for. */
function expectRefusedOrSound(type: number, body: Buffer): void {
  let value: RdbCollection;
  try {
    value = asCollection(readObject(new ByteReader(body), type));
  } catch (error) {
    if (!(error instanceof BytesError)) throw error;
    return;
  }
  const items = [...itemsOf(value)];
  const texts = items.flat(1);
  if (value.type === 'set') expect(new Set(texts).size).toBe(value.size);
  if (value.type === 'zset') expect(texts.includes(Number.NaN)).toBe(false);
  expect(value.size).toBe(items.length);
  if (value.type !== 'stream') expect(value.size).toBeGreaterThan(0);
}
