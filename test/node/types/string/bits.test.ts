import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countOnes,
  findBit,
  getBit,
  getField,
  setBit,
  setField,
} from '../../../../src/node/types/string/bits.ts';

/** The bits as text, "0" and "1". */
const bitsOf = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');

/** Views into a larger buffer, so that words are not aligned. */
const view = fc
  .tuple(fc.uint8Array({ minLength: 5, maxLength: 60 }), fc.nat({ max: 4 }))
  .map(([bytes, skip]) => bytes.subarray(skip));

describe('bits of bytes', () => {
  it('are counted and found in any range', () => {
    fc.assert(
      fc.property(view, fc.nat(), fc.nat(), fc.constantFrom(0 as const, 1 as const), (bytes, a, b, bit) => {
        const bits = bitsOf(bytes);
        const start = a % (bits.length + 1);
        const end = b % (bits.length + 1);
        const range = start < end ? bits.slice(start, end) : '';
        expect(countOnes(bytes, start, end)).toBe(range.replaceAll('0', '').length);
        const found = range.indexOf(String(bit));
        expect(findBit(bytes, bit, start, end)).toBe(found < 0 ? -1 : start + found);
      }),
      { numRuns: 500 },
    );
  });

  it('are read and written one by one and as numbers', () => {
    fc.assert(
      fc.property(
        view,
        fc.nat(),
        fc.integer({ min: 1, max: 64 }),
        fc.bigInt(),
        (bytes, place, width, value) => {
          const bits = bitsOf(bytes);
          const offset = place % bits.length;
          expect(getBit(bytes, offset)).toBe(Number(bits[offset]));
          const padded = bits.padEnd(offset + width, '0').slice(offset, offset + width);
          expect(getField(bytes, offset, width)).toBe(BigInt(`0b${padded}`));
          if (offset + width > bits.length) return;
          setField(bytes, offset, width, value);
          expect(getField(bytes, offset, width)).toBe(BigInt.asUintN(width, value));
          expect(bitsOf(bytes).slice(0, offset)).toBe(bits.slice(0, offset));
          expect(bitsOf(bytes).slice(offset + width)).toBe(bits.slice(offset + width));
          setBit(bytes, offset, 1);
          expect(getBit(bytes, offset)).toBe(1);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('may be far out', () => {
    expect(getBit(new Uint8Array(1), 2 ** 35)).toBe(0);
    expect(getField(new Uint8Array([0xff]), 2 ** 33, 8)).toBe(0n);
  });
});
