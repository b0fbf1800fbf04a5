/**
 * Owns the hash of keys: HalfSipHash-1-2 over the bytes of a latin1 string, keyed at random per node so that nobody
 * outside can choose keys that collide. Source: the SipHash paper and its 32-bit variant; Redis uses SipHash-1-2.
 */
import type { Random } from '../../core/random.ts';

export class Hasher {
  readonly #k0: number;
  readonly #k1: number;
  // One command asks for the hash of the same key several times (look up, then set).
  #lastKey = '';
  #lastHash: number;

  constructor(random: Random) {
    this.#k0 = random.below(0x100000000) | 0;
    this.#k1 = random.below(0x100000000) | 0;
    this.#lastHash = halfSipHash(this.#lastKey, this.#k0, this.#k1);
  }

  /** A signed 32-bit number. */
  hash(key: string): number {
    if (key === this.#lastKey) return this.#lastHash;
    this.#lastKey = key;
    this.#lastHash = halfSipHash(key, this.#k0, this.#k1);
    return this.#lastHash;
  }
}

/** One SipRound a word of four bytes, two at the end. Written out because this runs for every command. */
export function halfSipHash(text: string, k0: number, k1: number): number {
  const length = text.length;
  let v0 = k0;
  let v1 = k1;
  let v2 = 0x6c796765 ^ k0;
  let v3 = 0x74656462 ^ k1;
  let word = 0;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    word =
      text.charCodeAt(i) |
      (text.charCodeAt(i + 1) << 8) |
      (text.charCodeAt(i + 2) << 16) |
      (text.charCodeAt(i + 3) << 24);
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  word = length << 24;
  for (let shift = 0; i < length; i++, shift += 8) word |= text.charCodeAt(i) << shift;
  v3 ^= word;
  for (let round = 0; round < 3; round++) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    if (round === 0) {
      v0 ^= word;
      v2 ^= 0xff;
    }
  }
  return v1 ^ v3;
}
