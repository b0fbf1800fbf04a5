/**
 * Owns signed 64-bit whole numbers: a number where that is exact, else a bigint; and their one canonical text, as Redis
 * takes numbers and finds them in strings. Source: Redis util.c string2ll.
 */

/** A safe integer is always a number, so that equal values are equal by ===. */
export type Int64 = number | bigint;

export const INT64_MAX = 9223372036854775807n;
export const INT64_MIN = -9223372036854775808n;

/** So many digits always fit a safe integer. */
const SAFE_DIGITS = 15;
const MAX_DIGITS = 19;

/** The value of the canonical form: no plus, no blanks, no leading zeros, no "-0". Undefined when it is no such number. */
export function parseInt64(text: string): Int64 | undefined {
  const length = text.length;
  const negative = text.charCodeAt(0) === 45;
  const first = negative ? 1 : 0;
  const digits = length - first;
  if (digits === 0 || digits > MAX_DIGITS) return undefined;
  if (text.charCodeAt(first) === 48) return length === 1 ? 0 : undefined;
  let value = 0;
  for (let i = first; i < length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  if (digits <= SAFE_DIGITS) return negative ? -value : value;
  return narrow(BigInt(text));
}

/** Undefined outside 64 bits. */
export function narrow(value: bigint): Int64 | undefined {
  if (value > INT64_MAX || value < INT64_MIN) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
