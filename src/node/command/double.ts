/**
 * Owns the reading of numbers with a fraction: scores, weights and bounds. Source: C's strtod; Redis util.c string2d, object.c
 * getDoubleFromObject.
 */
import { parseDouble } from '../../protocol/text/double.ts';
import { parseInteger } from './arguments.ts';

const hexadecimal = /^([+-]?)0x([\da-f]*)(?:\.([\da-f]*))?(?:p([+-]?\d+))?$/i;
/** A zero that is one, not what is left of a number that is too small. */
const zero = /^[+-]?(?:0x)?[0.]*(?:[ep][+-]?\d+)?$/i;

/** What strtod reads from the whole text; undefined where it is no number, "nan" too. */
export function parseAnyDouble(text: string): number | undefined {
  const value = parseDouble(text);
  if (value !== undefined) return value;
  const hex = hexadecimal.exec(text);
  if (hex === null) return undefined;
  const [, sign, whole = '', fraction = '', power = '0'] = hex;
  if (whole + fraction === '') return undefined;
  const magnitude = Number.parseInt(whole + fraction, 16) * 2 ** (Number(power) - 4 * fraction.length);
  return sign === '-' ? -magnitude : magnitude;
}

/** The same without numbers that are too large or too small for a double. */
export function parseExactDouble(text: string): number | undefined {
  const whole = parseInteger(text);
  if (whole !== undefined) return whole;
  const value = parseAnyDouble(text);
  if (value === 0) return zero.test(text) ? value : undefined;
  // Infinity may be written, not come of digits.
  return value === undefined || Number.isFinite(value) || !/\d/.test(text) ? value : undefined;
}
