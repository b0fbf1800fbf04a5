/**
 * Owns the hash of an element: which register it counts in, and what it shows there. 64-bit arithmetic in two halves of 32
 * bits, since BigInt is far slower. Source: MurmurHash64A by Austin Appleby (public domain); Redis hyperloglog.c hllPatLen.
 */

/** Of the 64 bits of the hash so many choose the register. */
const INDEX_BITS = 14;
export const REGISTERS = 1 << INDEX_BITS;
/** The most that a register can count to: a one must come after the other bits at the latest. */
export const MAX_COUNT = 64 - INDEX_BITS + 1;

const FACTOR_HIGH = 0xc6a4a793 | 0;
const FACTOR_LOW = 0x5bd1e995;
const SEED = 0xadc83b19 | 0;

/** The upper half of low * FACTOR_LOW, both unsigned. */
function carry(low: number): number {
  const low0 = low & 0xffff;
  const low1 = low >>> 16;
  const factor0 = FACTOR_LOW & 0xffff;
  const factor1 = FACTOR_LOW >>> 16;
  const middle = low1 * factor0 + ((low0 * factor0) >>> 16);
  const rest = low0 * factor1 + (middle & 0xffff);
  return (low1 * factor1 + (middle >>> 16) + (rest >>> 16)) | 0;
}

/** The upper half of (high, low) * FACTOR. */
function timesHigh(high: number, low: number): number {
  return (carry(low) + Math.imul(low, FACTOR_HIGH) + Math.imul(high, FACTOR_LOW)) | 0;
}

/** Four characters from `at` on as a number, the first one lowest. */
function word(text: string, at: number, length: number): number {
  let value = 0;
  for (let i = 0; i < 4 && at + i < length; i++) value |= text.charCodeAt(at + i) << (8 * i);
  return value;
}

/**
 * Where the element, latin1 text, counts, and how far: register index in the lowest 14 bits, count (1 to 51) above them.
 * One number, so that adding elements makes no objects.
 */
export function placeOf(element: string): number {
  const length = element.length;
  let high = timesHigh(0, length);
  let low = Math.imul(length, FACTOR_LOW) ^ SEED;
  let at = 0;
  for (; at + 8 <= length; at += 8) {
    let partLow = word(element, at, length);
    let partHigh = timesHigh(word(element, at + 4, length), partLow);
    partLow = Math.imul(partLow, FACTOR_LOW) ^ (partHigh >>> 15);
    partHigh = timesHigh(partHigh, partLow);
    high ^= partHigh;
    low ^= Math.imul(partLow, FACTOR_LOW);
    high = timesHigh(high, low);
    low = Math.imul(low, FACTOR_LOW);
  }
  if (at < length) {
    low ^= word(element, at, length);
    high = timesHigh(high ^ word(element, at + 4, length), low);
    low = Math.imul(low, FACTOR_LOW);
  }
  low ^= high >>> 15;
  high = timesHigh(high, low);
  low = Math.imul(low, FACTOR_LOW);
  low ^= high >>> 15;
  return (onesAfter(high, low) << INDEX_BITS) | (low & (REGISTERS - 1));
}

/** The place, from 1 on, of the lowest one above the bits of the index. */
function onesAfter(high: number, low: number): number {
  const first = (low >>> INDEX_BITS) | (high << (32 - INDEX_BITS));
  if (first !== 0) return lowestOne(first) + 1;
  return 32 + lowestOne((high >>> INDEX_BITS) | (1 << (MAX_COUNT - 1 - 32))) + 1;
}

function lowestOne(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
