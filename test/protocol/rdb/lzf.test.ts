import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BytesError } from '../../../src/core/bytes.ts';
import { seededRandom } from '../../../src/core/random.ts';
import { lzfCanExpandTo, lzfCompress, lzfDecompress } from '../../../src/protocol/rdb/lzf.ts';

/** Undefined when it does not get smaller by `gain` bytes. */
function compress(input: Uint8Array, gain = 4): Buffer | undefined {
  const output = Buffer.alloc(input.length + 8);
  const length = lzfCompress(input, input.length, output, input.length - gain);
  expect(output.subarray(Math.max(0, input.length - gain) + 4).every((byte) => byte === 0)).toBe(true);
  return length === 0 ? undefined : output.subarray(0, length);
}

function decompress(input: Uint8Array, length: number): Buffer {
  const output = Buffer.alloc(length);
  lzfDecompress(input, 0, input.length, output);
  return output;
}

/** Bytes that repeat themselves at many distances and lengths. */
const repetitive = fc
  .array(fc.record({ piece: fc.uint8Array({ minLength: 1, maxLength: 12 }), times: fc.nat(60) }), {
    minLength: 1,
    maxLength: 40,
  })
  .map((parts) =>
    Buffer.concat(parts.flatMap(({ piece, times }) => Array<Buffer>(times + 1).fill(Buffer.from(piece)))),
  );

describe('LZF', () => {
  it('gives back what it compressed', () => {
    fc.assert(
      fc.property(fc.oneof(repetitive, fc.uint8Array({ minLength: 5, maxLength: 400 })), (input) => {
        const compressed = compress(input);
        if (compressed === undefined) return;
        expect(compressed.length).toBeLessThanOrEqual(input.length - 4);
        expect(lzfCanExpandTo(compressed.length, input.length)).toBe(true);
        expect(decompress(compressed, input.length).equals(Buffer.from(input))).toBe(true);
      }),
    );
  });

  it('refers back over the whole window and no further', () => {
    const marker = Buffer.from('0123456789abcdef');
    const noise = (length: number): Buffer => {
      const random = seededRandom(length);
      return Buffer.from(Array.from({ length }, () => random.below(256)));
    };
    for (const gap of [8000, 8192 - 16, 8192 - 15, 9000]) {
      const input = Buffer.concat([Buffer.from('x'), marker, noise(gap), marker, Buffer.alloc(600)]);
      const compressed = compress(input);
      expect(compressed && decompress(compressed, input.length).equals(input)).toBe(true);
    }
  });

  it('leaves alone what does not get smaller', () => {
    expect(compress(Buffer.from(Array.from({ length: 256 }, (_, index) => index)))).toBeUndefined();
    expect(compress(Buffer.alloc(0), 0)).toBeUndefined();
  });

  it('refuses streams that are cut, point outside, or are not as long as announced', () => {
    const input = Buffer.from('abcabcabcabcabcabcabcabcabc, and then abcabcabcabc');
    const compressed = compress(input) as Buffer;
    for (let length = 0; length < compressed.length; length++)
      expect(() => decompress(compressed.subarray(0, length), input.length)).toThrow(BytesError);
    expect(() => decompress(compressed, input.length + 1)).toThrow(BytesError);
    expect(() => decompress(compressed, input.length - 1)).toThrow(BytesError);
    expect(() => decompress(Buffer.from([0x20, 0x00]), 3)).toThrow(BytesError);
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(600), (bytes, length) => {
        try {
          decompress(bytes, length);
        } catch (error) {
          expect(error).toBeInstanceOf(BytesError);
        }
      }),
    );
  });

  it('knows what can be no compressed string at all', () => {
    expect(lzfCanExpandTo(3, 264)).toBe(true);
    expect(lzfCanExpandTo(10, 2 ** 40)).toBe(false);
  });
});
