import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RdbEntry, RdbError, RdbReader } from '../../../src/protocol/rdb/reader.ts';
import { RdbWriter } from '../../../src/protocol/rdb/writer.ts';
import { fileKeys, files } from './recorded.ts';

interface Contents {
  readonly keys: [number, string, string, number][];
  readonly entries: RdbEntry[];
  readonly aux: Record<string, string>;
  readonly functions: string[];
  /** Of the databases that the file tells of. */
  readonly keyCounts: [db: number, keys: number][];
  /** Bytes that belonged to the file. */
  bytes: number;
}

/** Feeds a file in chunks of `chunkBytes`; throws what the reader throws. */
function read(file: Buffer, chunkBytes = file.length, options = {}): Contents {
  const contents: Contents = { keys: [], entries: [], aux: {}, functions: [], keyCounts: [], bytes: 0 };
  const reader = new RdbReader(
    {
      aux: (name, value) => {
        contents.aux[name] = value;
      },
      keyCount: (db, keys) => contents.keyCounts.push([db, keys]),
      entry(entry) {
        contents.entries.push(entry);
        contents.keys.push([entry.db, entry.key, String(entry.value), entry.expireAtMs]);
      },
      functionLibrary: (code) => contents.functions.push(code),
    },
    { checksum: true, databases: 16, ...options },
  );
  for (let at = 0; at < file.length; at += chunkBytes) {
    // The chunk is overwritten afterwards: the reader must not have kept it.
    const chunk = Buffer.from(file.subarray(at, at + chunkBytes));
    contents.bytes += reader.feed(chunk);
    chunk.fill(0xee);
  }
  reader.end();
  return contents;
}

const recorded = (name: keyof typeof files): Buffer => Buffer.from(files[name], 'base64');
const sorted = (keys: Iterable<readonly unknown[]>): string[] =>
  [...keys].map((key) => JSON.stringify(key)).sort();

/** A file with any body between its magic and its end, without a checksum. */
const file = (...body: number[]): Buffer =>
  Buffer.concat([Buffer.from('REDIS0010'), Buffer.from(body), Buffer.from([255]), Buffer.alloc(8)]);
const KEY = [0, 1, 107, 1, 118];

describe('an RDB file', () => {
  it.each(['lru', 'lfu', 'plain'] as const)('of redis-server is read, whole and in chunks: %s', (name) => {
    for (const chunkBytes of [100_000, 1, 2, 3, 7, 64]) {
      const contents = read(recorded(name), chunkBytes);
      expect(sorted(contents.keys)).toEqual(sorted(fileKeys));
      const counted = new Map(contents.keyCounts);
      for (const [db] of contents.keys)
        expect(counted.get(db)).toBe(contents.keys.filter(([other]) => other === db).length);
      expect(contents.aux).toMatchObject({ 'redis-ver': '7.0.15', 'redis-bits': '64', 'aof-base': '0' });
      expect(contents.functions).toEqual([
        '#!lua name=lib\nredis.register_function("f", function() return 1 end)',
      ]);
    }
  });

  it('tells idle times and frequencies', () => {
    expect(read(recorded('lru')).entries.every(({ idleSeconds }) => idleSeconds >= 0)).toBe(true);
    expect(read(recorded('lfu')).entries.every(({ frequency }) => frequency >= 0)).toBe(true);
    expect(read(recorded('plain')).entries.every((e) => e.idleSeconds === -1 && e.frequency === -1)).toBe(
      true,
    );
  });

  it('ends where it ends, with more bytes behind it', () => {
    const whole = recorded('lru');
    const followed = Buffer.concat([whole, Buffer.from('*1\r\n$4\r\nPING\r\n')]);
    for (const chunkBytes of [followed.length, 1, 5])
      expect(read(followed, chunkBytes).bytes).toBe(whole.length);
  });

  it('with a value of many pieces is read when the last is there, and ends where it ends', () => {
    const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
    const count = 200_000;
    const elements = Array.from({ length: count }, (_, index) => `element ${index}`);
    const list = [1, ...text('long'), 0x80, 0, 3, 0x0d, 0x40, ...elements.flatMap(text)];
    const whole = Buffer.concat([
      Buffer.from('REDIS0010'),
      Buffer.from([...list, ...KEY, 255]),
      Buffer.alloc(8),
    ]);
    // 31,000 pieces: read from the beginning at each, this would be 3,000,000,000 steps.
    for (const behind of [0, 40]) {
      const { entries, bytes } = read(Buffer.concat([whole, Buffer.alloc(behind, 7)]), 100);
      expect(entries.map(({ key }) => key)).toEqual(['long', 'k']);
      expect(entries[0]?.value).toMatchObject({ elements });
      expect(bytes).toBe(whole.length);
    }
  });

  it('with a value that is cut short within itself is refused as soon as it is there', () => {
    // A listpack says that it has 100 bytes, and is a string of eight.
    const listpack = [100, 0, 0, 0, 1, 0, 0x81, 0xff];
    const bytes = file(16, 1, 104, listpack.length, ...listpack).subarray(0, -9);
    for (const chunkBytes of [bytes.length, 1]) expect(() => read(bytes, chunkBytes)).toThrow('is malformed');
  });

  it('comes back as it was written', () => {
    const text = fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
    const expire = fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 2 ** 45 }));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, text, expire), { maxLength: 20 }),
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 1, max: 100 }),
        (keys, compress, checksum, chunkBytes) => {
          const writer = new RdbWriter({ compress, checksum });
          const pieces: Buffer[] = [];
          writer.header({
            redisVersion: '7.0.15',
            createdAtSeconds: 1_700_000_000,
            usedMemoryBytes: 123_456_789,
            replication: { streamDb: 0, id: 'a'.repeat(40), offset: 2 ** 40 },
          });
          writer.resizeDb(2, keys.length, 0);
          for (const [key, value, expireAtMs] of keys) {
            writer.entry(key, value, expireAtMs);
            if (writer.pendingBytes > chunkBytes) pieces.push(writer.take());
          }
          writer.end();
          pieces.push(writer.take());
          const contents = read(Buffer.concat(pieces), chunkBytes);
          expect(contents.keys).toEqual(keys.map((key) => [2, ...key]));
          expect(contents.aux).toEqual({
            'redis-ver': '7.0.15',
            'redis-bits': '64',
            ctime: '1700000000',
            'used-mem': '123456789',
            'repl-stream-db': '0',
            'repl-id': 'a'.repeat(40),
            'repl-offset': String(2 ** 40),
            'aof-base': '0',
          });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('is read whatever opcodes it has', () => {
    const string = (text: string): number[] => [text.length, ...Buffer.from(text)];
    const contents = read(
      file(
        ...[254, 0, 251, 5, 2, 244, 7, 5, 2],
        ...[246, ...string('lib'), ...string('LUA'), 1, ...string('text'), ...string('code')],
        ...[247, 0x81, 1, 2, 3, 4, 5, 6, 7, 8, 2, 1, 1, 9, 2, 9, 3, 1, 2, 3, 4, 4, 1, 2, 3, 4, 5, 6, 7, 8],
        ...[5, ...string('x'), 0],
        ...[253, 0, 0, 0, 1, 248, 70, 0, 249, 9, ...KEY],
        ...[252, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, ...KEY],
      ),
    );
    expect(contents.functions).toEqual(['#!LUA name=lib\ncode']);
    expect(contents.entries).toEqual([
      { db: 0, key: 'k', value: 'v', expireAtMs: 16_777_216_000, idleSeconds: 1536, frequency: 9 },
      { db: 0, key: 'k', value: 'v', expireAtMs: -1, idleSeconds: -1, frequency: -1 },
    ]);
  });

  it('with a type that is not supported is refused, naming type and key', () => {
    for (const chunkBytes of [10_000, 1])
      expect(() => read(recorded('hash'), chunkBytes)).toThrow(
        new RdbError('key "a hash" is a hash with field expiry, a type that is not supported'),
      );
    expect(() => read(file(6, 3, 0, 34, 255, 1, 1, 97))).toThrow(
      new RdbError('key "\\x00"\\xff" is a module value, a type that is not supported'),
    );
  });

  it.each([
    ['another magic', Buffer.from('RUDIS0010'), 'the RDB does not begin with REDIS'],
    ['a version from the future', Buffer.from('REDIS0080'), 'version 80 is not supported'],
    ['a database that this node has not', file(254, 16), 'keys in database 16, this node has 16'],
    ['an unknown opcode', file(200, 0), 'unknown type or opcode 200'],
    ['module data of an unknown kind', file(247, 1, 2, 1, 9), 'unknown part 9 in module data'],
    ['nothing at all', Buffer.alloc(0), 'ended early, after 0 bytes'],
  ])('is refused with %s', (_name, bytes, message) => {
    expect(() => read(bytes)).toThrow(message);
  });

  it('is refused when any prefix is cut', () => {
    const whole = recorded('lru');
    for (let length = 0; length < whole.length; length++)
      expect(() => read(whole.subarray(0, length))).toThrow(RdbError);
  });

  it('is refused when any byte is flipped, and accepted so only where checksums are off', () => {
    const whole = recorded('lru');
    let accepted = 0;
    for (let at = 9; at < whole.length; at++) {
      for (const bit of [1, 0x80]) {
        const flipped = Buffer.from(whole);
        flipped[at] = (flipped[at] as number) ^ bit;
        expect(() => read(flipped, 50)).toThrow(RdbError);
        try {
          read(flipped, 50, { checksum: false });
          accepted++;
        } catch (error) {
          expect(error).toBeInstanceOf(RdbError);
        }
      }
    }
    expect(accepted).toBeGreaterThan(0);
  });

  it('survives any bytes behind its magic', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 1, max: 20 }), (body, chunkBytes) => {
        try {
          read(file(...body), chunkBytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RdbError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('takes no memory on the word of a length', () => {
    const before = process.memoryUsage().rss;
    expect(() => read(file(0, 1, 107, 0x80, 0x1f, 0xff, 0xff, 0))).toThrow('ended early');
    expect(() => read(file(0, 1, 107, 0x81, 0, 0, 1, 0, 0, 0, 0, 0))).toThrow('is too long');
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 2 ** 20);
  });
});
