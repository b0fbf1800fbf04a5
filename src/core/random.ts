/** Owns randomness: a seeded generator for tests and simulations, the system's for the rest. */
import { randomBytes } from 'node:crypto';

export interface Random {
  /** A whole number in [0, limit). */
  below(limit: number): number;
  /** `length` lower-case hexadecimal characters, as Redis's getRandomHexChars. */
  hex(length: number): string;
}

export const systemRandom: Random = {
  below: (limit) => Math.floor(Math.random() * limit),
  hex: (length) =>
    randomBytes((length + 1) >> 1)
      .toString('hex')
      .slice(0, length),
};

/** A generator that repeats itself for the same seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    below: (limit) => Math.floor(next() * limit),
    hex(length) {
      let text = '';
      while (text.length < length) text += Math.floor(next() * 16).toString(16);
      return text;
    },
  };
}
