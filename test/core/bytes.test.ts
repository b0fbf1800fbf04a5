import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, BytesError, ByteWriter } from '../../src/core/bytes.ts';

describe('ByteReader and ByteWriter', () => {
  it('read back what was written', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 255 }),
        fc.integer({ min: 0, max: 65535 }),
        fc.integer({ min: 0, max: 0xffffffff }),
        fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
        fc.double(),
        fc.uint8Array({ maxLength: 600 }),
        (byte, short, word, long, double, raw) => {
          const text = Buffer.from(raw).toString('latin1');
          const writer = new ByteWriter(4);
          writer.u8(byte).u16be(short).u16le(short).u32be(word).u32le(word).u64be(long).u64le(long);
          writer.f64le(double).latin1(text).raw(raw).zeros(3);
          const reader = new ByteReader(writer.bytes());
          expect([reader.u8(), reader.u16be(), reader.u16le(), reader.u32be(), reader.u32le()]).toEqual([
            byte,
            short,
            short,
            word,
            word,
          ]);
          expect([reader.u64be(), reader.u64le()]).toEqual([long, long]);
          expect(Object.is(reader.f64le(), double)).toBe(true);
          expect(reader.latin1(text.length)).toBe(text);
          expect(Buffer.compare(reader.view(raw.length), raw)).toBe(0);
          expect([...reader.view(3)]).toEqual([0, 0, 0]);
          expect(reader.remaining).toBe(0);
        },
      ),
    );
  });

  it('refuse to read past the end, and stay where they were', () => {
    const reader = new ByteReader(Buffer.from([1, 2, 3]));
    for (const read of [
      () => reader.u32be(),
      () => reader.u64le(),
      () => reader.latin1(4),
      () => reader.view(-1),
    ]) {
      expect(read).toThrow(BytesError);
      expect(reader.offset).toBe(0);
    }
    expect(reader.u16be()).toBe(0x0102);
  });

  it('refuse a range outside the input', () => {
    expect(() => new ByteReader(Buffer.alloc(4), 5)).toThrow(BytesError);
    expect(() => new ByteReader(Buffer.alloc(4), 0, 5)).toThrow(BytesError);
  });

  it('patch a length written earlier, and nothing beyond what was written', () => {
    const writer = new ByteWriter().u32be(0).u8(7);
    writer.patchU32be(0, 0xfffffffe);
    expect([...writer.bytes()]).toEqual([255, 255, 255, 254, 7]);
    expect(() => writer.patchU32be(2, 1)).toThrow(BytesError);
  });
});
