import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/core/random.ts';
import { Hasher, halfSipHash } from '../../../src/node/keyspace/hasher.ts';

/** HalfSipHash written plainly, with any number of rounds; 2-4 has published test vectors. */
function reference(bytes: Uint8Array, k0: number, k1: number, rounds: number, lastRounds: number): number {
  const v = new Uint32Array([k0, k1, 0x6c796765 ^ k0, 0x74656462 ^ k1]);
  const at = (i: number): number => v[i] as number;
  const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));
  const mix = (a: number, b: number, by: number): void => {
    v[a] = at(a) + at(b);
    v[b] = rotate(at(b), by) ^ at(a);
  };
  const round = (): void => {
    mix(0, 1, 5);
    v[0] = rotate(at(0), 16);
    mix(2, 3, 8);
    mix(0, 3, 7);
    mix(2, 1, 13);
    v[2] = rotate(at(2), 16);
  };
  const padded = new Uint8Array(Math.floor(bytes.length / 4) * 4 + 4);
  padded.set(bytes);
  padded[padded.length - 1] = bytes.length;
  const view = new DataView(padded.buffer);
  for (let i = 0; i < padded.length; i += 4) {
    const word = view.getUint32(i, true);
    v[3] = at(3) ^ word;
    for (let r = 0; r < rounds; r++) round();
    v[0] = at(0) ^ word;
  }
  v[2] = at(2) ^ 0xff;
  for (let r = 0; r < lastRounds; r++) round();
  return at(1) ^ at(3);
}

describe('the hash of keys', () => {
  it('has a reference that gives the published values of HalfSipHash-2-4', () => {
    const k0 = 0x03020100;
    const k1 = 0x07060504;
    const published = [0x5b9f35a9, 0xb85a4727, 0x03a662fa];
    published.forEach((value, length) => {
      const bytes = Uint8Array.from({ length }, (_, i) => i);
      expect(reference(bytes, k0, k1, 2, 4) >>> 0).toBe(value);
    });
  });

  it('is HalfSipHash-1-2 of the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer(), fc.integer(), (bytes, k0, k1) => {
        const text = Buffer.from(bytes).toString('latin1');
        expect(halfSipHash(text, k0, k1)).toBe(reference(bytes, k0, k1, 1, 2) | 0);
      }),
    );
  });

  it('differs from node to node and remembers the last key only', () => {
    const a = new Hasher(seededRandom(1));
    const b = new Hasher(seededRandom(2));
    const keys = ['', 'a', 'b', 'a', 'key:1', ''];
    const first = keys.map((key) => a.hash(key));
    expect(keys.map((key) => a.hash(key))).toEqual(first);
    expect(first[1]).toBe(first[3]);
    expect(keys.map((key) => b.hash(key))).not.toEqual(first);
  });
});
