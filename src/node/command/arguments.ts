/**
 * Owns the reading of arguments: numbers as Redis takes them, and the time options that several commands share.
 * Source: Redis util.c string2ll, object.c getLongLongFromObject, t_string.c parseExtendedStringArgumentsOrReply.
 */
import { narrow, parseInt64 } from '../../core/int64.ts';
import { NOT_32_BIT, NOT_AN_INTEGER } from './errors.ts';

export { INT64_MAX, INT64_MIN, parseInt64 } from '../../core/int64.ts';

/** The same as a number, rounded beyond 2^53; for limits and times whose range is checked afterwards. */
export function parseInteger(text: string): number | undefined {
  const value = parseInt64(text);
  return typeof value === 'bigint' ? Number(value) : value;
}

/** The sum of two signed 64-bit numbers; undefined when it does not fit. */
export function addInt64(a: number | bigint, b: number | bigint): number | bigint | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return narrow(BigInt(a) + BigInt(b));
}

/** Times beyond this (more than 2^53 ms) are kept rounded; the largest number below 2^63. */
const LATEST_TIME_MS = 2 ** 63 - 1024;

/**
 * A time as absolute Unix ms: `value` in seconds or milliseconds, after `baseMs` (0 when it is absolute itself). May be
 * negative; undefined when it does not fit 64 bits on the way.
 */
export function absoluteTimeMs(value: number | bigint, seconds: boolean, baseMs: number): number | undefined {
  if (typeof value === 'number') {
    const timeMs = (seconds ? value * 1000 : value) + baseMs;
    if (Number.isSafeInteger(timeMs)) return timeMs;
  }
  const inMs = BigInt(value) * (seconds ? 1000n : 1n);
  if (narrow(inMs) === undefined) return undefined;
  const timeMs = narrow(inMs + BigInt(baseMs));
  return timeMs === undefined ? undefined : Math.min(Number(timeMs), LATEST_TIME_MS);
}

/** A number that is at least `min`, or `refusal`. Source: object.c getRangeLongFromObjectOrReply with a message. */
export function parseAtLeast(text: string, min: number, refusal: string): number | string {
  const value = parseInteger(text);
  return value === undefined || value < min ? refusal : value;
}

const INT32_MAX = 2147483647;

/** A number of 32 bits (a database index), or the error reply. Source: object.c getIntFromObjectOrReply. */
export function parseInt32(text: string): number | string {
  const value = parseInteger(text);
  if (value === undefined) return NOT_AN_INTEGER;
  return value > INT32_MAX || value < -INT32_MAX - 1 ? NOT_32_BIT : value;
}
