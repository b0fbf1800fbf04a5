/**
 * Owns the reading of numbers with a fraction: scores, weights and bounds. Source: C's strtod; Redis util.c string2d, object.c
 * getDoubleFromObject.
 */
import { parseInteger } from './arguments.ts';

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const hexadecimal = /^([+-]?)0x([\da-f]*)(?:\.([\da-f]*))?(?:p([+-]?\d+))?$/i;
/** A zero that is one, not what is left of a number that is too small. */
const zero = /^[+-]?(?:0x)?[0.]*(?:[ep][+-]?\d+)?$/i;
const infinity = /^([+-]?)inf(?:inity)?$/i;

/** What strtod reads from the whole text; undefined where it is no number, "nan" too. */
export function parseAnyDouble(text: string): number | undefined {
  if (decimal.test(text)) return Number(text);
  const infinite = infinity.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
  const hex = hexadecimal.exec(text);
  if (hex === null) return undefined;
  const [, sign, whole = '', fraction = '', power = '0'] = hex;
  if (whole + fraction === '') return undefined;
  const value = Number.parseInt(whole + fraction, 16) * 2 ** (Number(power) - 4 * fraction.length);
  return sign === '-' ? -value : value;
}

/** The same without those that are too large or too small for a double. */
export function parseExactDouble(text: string): number | undefined {
  const whole = parseInteger(text);
  if (whole !== undefined) return whole;
  const value = parseAnyDouble(text);
  if (value === undefined) return undefined;
  if (value === 0) return zero.test(text) ? value : undefined;
  return Number.isFinite(value) || infinity.test(text) ? value : undefined;
}
