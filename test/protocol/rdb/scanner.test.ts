import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter, EndOfInputError } from '../../../src/core/bytes.ts';
import { Crc64 } from '../../../src/protocol/rdb/crc64.ts';
import { RdbFileChecksum } from '../../../src/protocol/rdb/file-checksum.ts';
import { writeLength } from '../../../src/protocol/rdb/lengths.ts';
import { isSameObject, objectOfPayload, payloadOf } from '../../../src/protocol/rdb/raw-object.ts';
import { type RdbItem, type RdbKey, RdbScanner } from '../../../src/protocol/rdb/scanner.ts';
import { skipObject, walkOver } from '../../../src/protocol/rdb/skip.ts';
import { writeString } from '../../../src/protocol/rdb/strings.ts';
import { loadAllTypes } from '../../helpers/all-types.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';
import { type Standalone, startStandalone } from '../../helpers/standalone.ts';

const seed = 20_251_121;

function scan(file: Buffer, pieceBytes = file.length): RdbItem[] {
  const scanner = new RdbScanner();
  const items: RdbItem[] = [];
  for (let at = 0; at < file.length; at += pieceBytes)
    items.push(...scanner.feed(file.subarray(at, at + pieceBytes)));
  scanner.end();
  return items;
}

const keysOf = (items: readonly RdbItem[]): RdbKey[] =>
  items.flatMap((item) => (item.kind === 'key' ? [item.key] : []));

/** A file of these items, with its end and checksum. */
function fileOf(write: (writer: ByteWriter) => void, version = 10): Buffer {
  const writer = new ByteWriter();
  writer.latin1(`REDIS${String(version).padStart(4, '0')}`);
  write(writer);
  writer.u8(255);
  const crc = new Crc64().update(writer.bytes());
  return Buffer.from(writer.u32le(crc.low).u32le(crc.high).bytes());
}

type Part = (writer: ByteWriter) => void;

const text: fc.Arbitrary<Part> = fc
  .oneof(
    fc.string({ maxLength: 40 }),
    fc.integer({ min: -3_000_000_000, max: 3_000_000_000 }).map(String),
    fc.nat(300).map((count) => 'ab'.repeat(count)),
    fc.nat(20_000).map((count) => 'x'.repeat(count)),
  )
  .map((value) => (writer) => writeString(writer, Buffer.from(value), value.length % 2 === 0));
const length =
  (value: number): Part =>
  (writer) =>
    writeLength(writer, value);
const raw =
  (bytes: number): Part =>
  (writer) =>
    void writer.zeros(bytes);
const group = (...parts: readonly fc.Arbitrary<Part>[]): fc.Arbitrary<Part> =>
  fc.tuple(...parts).map((made) => (writer) => {
    for (const part of made) part(writer);
  });
const list = (part: fc.Arbitrary<Part>): fc.Arbitrary<Part> =>
  fc.array(part, { maxLength: 6 }).map((parts) => (writer) => {
    writeLength(writer, parts.length);
    for (const write of parts) write(writer);
  });
const anyLength = fc.oneof(fc.nat(), fc.maxSafeNat()).map(length);
const lengths = (count: number): fc.Arbitrary<Part> => group(...Array(count).fill(anyLength));
const score = fc.oneof(
  fc.constantFrom(253, 254, 255).map(
    (byte): Part =>
      (writer) =>
        void writer.u8(byte),
  ),
  fc.constantFrom('1.5', '-0', '17').map(
    (digits): Part =>
      (writer) => {
        writer.u8(digits.length).latin1(digits);
      },
  ),
);
const stream = (fields: number, groupFields: number, times: number): fc.Arbitrary<Part> => {
  const consumer = group(
    text,
    fc.constant(raw(8 * times)),
    fc.nat(4).map((ids) => (writer) => {
      writeLength(writer, ids);
      writer.zeros(16 * ids);
    }),
  );
  const pending = group(fc.constant(raw(24)), anyLength);
  return group(
    list(group(text, text)),
    lengths(fields),
    list(group(text, lengths(groupFields), list(pending), list(consumer))),
  );
};
const pairs = list(group(text, text));
const layouts: readonly (readonly [number, fc.Arbitrary<Part>])[] = [
  ...[0, 9, 10, 11, 12, 13, 16, 17, 20].map((type) => [type, text] as const),
  ...[1, 2, 14].map((type) => [type, list(text)] as const),
  [3, list(group(text, score))],
  [4, pairs],
  [5, list(group(text, fc.constant(raw(8))))],
  [18, list(group(fc.constantFrom(1, 2).map(length), text))],
  [15, stream(3, 2, 1)],
  [19, stream(8, 3, 1)],
  [21, stream(8, 3, 2)],
];

describe('the layouts of objects', () => {
  it.each(layouts)('type %i is walked over to its last byte, and no further', (type, part) => {
    fc.assert(
      fc.property(part, fc.nat(), (write, cutSeed) => {
        const writer = new ByteWriter();
        write(writer);
        const body = Buffer.from(writer.bytes());
        const reader = new ByteReader(Buffer.concat([body, Buffer.from([7, 7, 7])]));
        skipObject(reader, type);
        expect(reader.offset).toBe(body.length);
        const cut = cutSeed % body.length;
        expect(() => skipObject(new ByteReader(body.subarray(0, cut)), type)).toThrow(EndOfInputError);
      }),
      { seed, numRuns: 60 },
    );
  });

  it.each(layouts)('type %i is walked over in parts, each byte but once', (type, part) => {
    fc.assert(
      fc.property(part, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (write, steps) => {
        const writer = new ByteWriter();
        write(writer);
        const body = Buffer.from(writer.bytes());
        const walk = walkOver(type);
        let [at, seen] = [0, 0];
        for (let turn = 0; ; turn++) {
          seen = Math.min(body.length, seen + (steps[turn % steps.length] ?? 1));
          const reader = new ByteReader(body.subarray(0, seen), at);
          try {
            walk?.advance(reader);
            expect([seen, reader.offset]).toEqual([body.length, body.length]);
            return;
          } catch (error) {
            if (!(error instanceof EndOfInputError)) throw error;
            expect(seen).toBeLessThan(body.length);
            expect(reader.offset).toBeGreaterThanOrEqual(at);
            at = reader.offset;
          }
        }
      }),
      { seed, numRuns: 25 },
    );
  });

  it('a hash table is the same in any order of its items, and another with one byte changed', () => {
    const hash = (order: readonly number[], last = 'v'): Buffer => {
      const writer = new ByteWriter();
      writeLength(writer, order.length);
      for (const n of order) {
        writeString(writer, Buffer.from(`field ${n}`), true);
        writeString(writer, Buffer.from(n === 3 ? last : String(n)), true);
      }
      return Buffer.from(writer.bytes());
    };
    const [a, b, c] = [hash([1, 2, 3]), hash([3, 1, 2]), hash([3, 1, 2], 'w')];
    expect(isSameObject({ type: 4, body: a }, { type: 4, body: b })).toBe(true);
    expect(isSameObject({ type: 4, body: a }, { type: 4, body: c })).toBe(false);
    expect(isSameObject({ type: 1, body: a }, { type: 1, body: b })).toBe(false);
  });

  it.each([0, 1, 2, 4, 5, 14, 16, 18, 19])(
    'of type %i is the same whether its strings are compressed or not',
    (type) => {
      const text = 'the same again and again, '.repeat(20);
      const body = (compress: boolean, last = text): Buffer => {
        const writer = new ByteWriter();
        const strings = (...values: readonly string[]): void => {
          for (const value of values) writeString(writer, Buffer.from(value), compress);
        };
        if ([1, 2, 4, 14].includes(type)) writeLength(writer, type === 4 ? 1 : 2);
        if (type === 18 || type === 5 || type === 19) writeLength(writer, 1);
        if (type === 18) writeLength(writer, 2);
        strings(...([1, 2, 4, 14, 19].includes(type) ? [`${text}first`, last] : [last]));
        if (type === 5) writer.f64le(1.5);
        if (type === 19) for (const field of [1, 2, 3, 4, 5, 6, 7, 8, 0]) writeLength(writer, field);
        return Buffer.from(writer.bytes());
      };
      const [plain, packed, other] = [body(false), body(true), body(true, `${text}?`)];
      expect(plain.length).toBeGreaterThan(packed.length);
      expect(isSameObject({ type, body: plain }, { type, body: packed })).toBe(true);
      expect(isSameObject({ type, body: plain }, { type, body: other })).toBe(false);
    },
  );
});

describe('RDB files by their bytes', () => {
  const small = fileOf((writer) => {
    writer.u8(250);
    writeString(writer, Buffer.from('redis-ver'), false);
    writeString(writer, Buffer.from('7.0.15'), false);
    writer.u8(245);
    writeString(writer, Buffer.from('#!lua name=lib\nreturn 1'), false);
    writer.u8(254).u8(0).u8(251).u8(2).u8(1);
    writer.u8(252).u64le(1_800_000_000_123n).u8(249).u8(5).u8(0);
    writeString(writer, Buffer.from('a'), false);
    writeString(writer, Buffer.from('first'), false);
    writer.u8(253).u32le(1_700_000_000).u8(248).u8(9).u8(1);
    writeString(writer, Buffer.from('12'), false);
    writeLength(writer, 2);
    writeString(writer, Buffer.from('x'), false);
    writeString(writer, Buffer.from('y'), false);
    writer.u8(254).u8(3).u8(0);
    writeString(writer, Buffer.from('elsewhere'), false);
    writeString(writer, Buffer.from('1'), false);
  });
  const shown = (items: readonly RdbItem[]): unknown =>
    items.map((item) =>
      item.kind === 'function'
        ? item.code
        : { ...item.key, object: [item.key.object.type, item.key.object.body.toString('hex')] },
    );

  it('gives each key with what stands before it', () => {
    expect(shown(scan(small))).toEqual([
      '#!lua name=lib\nreturn 1',
      {
        db: 0,
        key: 'a',
        object: [0, '056669727374'],
        expireAtMs: 1_800_000_000_123,
        idleSeconds: -1,
        frequency: 5,
      },
      {
        db: 0,
        key: '12',
        object: [1, '0201780179'],
        expireAtMs: 1_700_000_000_000,
        idleSeconds: 9,
        frequency: -1,
      },
      { db: 3, key: 'elsewhere', object: [0, 'c001'], expireAtMs: -1, idleSeconds: -1, frequency: -1 },
    ]);
  });

  it('gives the same in pieces of every size', () => {
    for (let pieceBytes = 1; pieceBytes < small.length; pieceBytes++)
      expect(shown(scan(small, pieceBytes))).toEqual(shown(scan(small)));
  });

  it('refuses every file that is cut short, damaged or longer', () => {
    for (let cut = 0; cut < small.length; cut++) {
      expect(() => scan(small.subarray(0, cut), 7)).toThrow(/ended early/);
      expect(() => check(small.subarray(0, cut))).toThrow(/ends early|no RDB file|checksum/);
    }
    for (let at = 0; at < small.length; at++) {
      const damaged = Buffer.from(small);
      damaged[at] = (damaged[at] as number) ^ 0x10;
      expect(() => scan(damaged, 11)).toThrow();
      expect(() => check(damaged, 11)).toThrow();
    }
    expect(() => scan(Buffer.concat([small, Buffer.from('more')]))).toThrow(/behind its end/);
    expect(() => check(Buffer.concat([small, Buffer.from('more')]))).toThrow(/checksum/);
    for (let pieceBytes = 1; pieceBytes < 40; pieceBytes++) expect(check(small, pieceBytes)).toBe(true);
  });

  it('names the module of a value that it cannot cut out', () => {
    const id = [...'ReJSON-RL'].reduce(
      (sum, character) => (sum << 6n) | BigInt(nameCharacters.indexOf(character)),
      0n,
    );
    const file = fileOf((writer) => {
      writer.u8(7);
      writeString(writer, Buffer.from('doc'), false);
      writer
        .u8(0x81)
        .u64be((id << 10n) | 3n)
        .u8(0);
    });
    expect(() => scan(file)).toThrow('its key "doc" is a value of the module type ReJSON-RL');
    expect(() => scan(fileOf((writer) => writer.u8(24).u8(1).u8(65)))).toThrow('hash with field expiry');
    expect(() => scan(fileOf(() => {}, 12))).toThrow('RDB version 12 is not supported');
  });

  it('gives a value of many pieces whole, without walking over it at each of them', () => {
    const body = new ByteWriter();
    writeLength(body, 200_000);
    for (let n = 0; n < 200_000; n++) writeString(body, Buffer.from(`element ${n}`), false);
    const file = fileOf((writer) => {
      writer.u8(1);
      writeString(writer, Buffer.from('long'), false);
      writer.raw(body.bytes());
    });
    // 31,000 pieces: at each from the beginning, this would be 3,000,000,000 steps.
    const [item] = keysOf(scan(file, 100));
    expect(item?.object.body.equals(body.bytes())).toBe(true);
  });

  it('believes no length that the file does not bear out', () => {
    const lying = fileOf((writer) => {
      writer.u8(0);
      writeString(writer, Buffer.from('k'), false);
      writer
        .u8(0x81)
        .u64be(1n << 50n)
        .latin1('short');
    });
    expect(() => scan(lying, 3)).toThrow(/ended early/);
  });
});

const nameCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function check(file: Buffer, pieceBytes = 5): boolean {
  const checksum = new RdbFileChecksum();
  for (let at = 0; at < file.length; at += pieceBytes) checksum.feed(file.subarray(at, at + pieceBytes));
  return checksum.end();
}

describe.skipIf(skipWithoutRedisServer)(`files of redis-server${redisServerNote}`, () => {
  let server: Standalone;
  beforeAll(async () => {
    server = await startStandalone('redis-server', ['--list-compress-depth', '1']);
  });
  afterAll(() => server?.stop());

  const saved = async (): Promise<Buffer> => {
    await server.client.text('SAVE');
    const [, dir] = (await server.client.call('CONFIG', 'GET', 'dir')) as [Buffer, Buffer];
    return readFileSync(join(String(dir), 'dump.rdb'));
  };

  it.each([
    ['noeviction', 1],
    ['allkeys-lfu', 777],
    ['allkeys-lru', 65_536],
  ])('of every type and encoding, %s: each payload is the one of DUMP', async (policy, pieceBytes) => {
    await server.client.text('FLUSHALL');
    await server.client.text('CONFIG', 'SET', 'maxmemory-policy', policy);
    await server.client.text(
      'FUNCTION',
      'LOAD',
      'REPLACE',
      "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
    );
    await loadAllTypes(server.client, 120, Date.now() + 3_600_000, seed);
    await server.client.text('DEBUG', 'QUICKLIST-PACKED-THRESHOLD', '2000B');
    await server.client.text('RPUSH', 'plain', 'x'.repeat(9000), 'y');
    await server.client.text('DEBUG', 'QUICKLIST-PACKED-THRESHOLD', '0');
    const file = await saved();
    const items = scan(file, pieceBytes);
    expect(items[0]).toMatchObject({ kind: 'function', code: expect.stringContaining('name=lib') });
    const keys = keysOf(items);
    expect(keys).toHaveLength(Number(await server.client.text('DBSIZE')));
    for (const { key, object, expireAtMs } of keys) {
      const name = Buffer.from(key, 'latin1');
      const payload = await server.client.call('DUMP', name);
      if (!Buffer.isBuffer(payload)) throw new Error(`no DUMP of ${key}`);
      expect(objectOfPayload(payload)).toEqual(object);
      expect(expireAtMs).toBe(Number(await server.client.text('PEXPIRETIME', name)));
      // What RESTORE takes is the same value, for a server of the version that brought the type.
      await server.client.text('DEL', name);
      expect(String(await server.client.call('RESTORE', name, 0, payloadOf(object)))).toBe('OK');
      const again = await server.client.call('DUMP', name);
      const restored = Buffer.isBuffer(again) ? objectOfPayload(again) : undefined;
      expect(restored !== undefined && isSameObject(restored, object)).toBe(true);
    }
    expect(check(file, 4096)).toBe(true);
  });

  it('cut at every byte: refused as incomplete', async () => {
    await server.client.text('FLUSHALL');
    await loadAllTypes(server.client, 7, Date.now() + 3_600_000, seed);
    const file = await saved();
    const step = Math.max(1, Math.floor(file.length / 1500));
    for (let cut = 0; cut < file.length; cut += step)
      expect(() => scan(file.subarray(0, cut), 997)).toThrow(/ended early/);
  });
});
