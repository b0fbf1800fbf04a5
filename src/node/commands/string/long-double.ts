/**
 * Owns the numbers of INCRBYFLOAT: x86's long double (a mantissa of 64 bits, exponents of 15), calculated exactly so
 * that a result has the same digits as on redis-server.
 * Source: Redis util.c string2ld and ld2string (LD_STR_HUMAN: "%.17Lf" without the zeros at the end); IEEE 754.
 */

const MANTISSA_BITS = 64;
/** value = mantissa * 2^exponent; the mantissa has at most 64 bits and a sign. */
export interface LongDouble {
  readonly mantissa: bigint;
  readonly exponent: number;
}

/** Of the last bit of the mantissa. */
const MIN_EXPONENT = -16445;
const MAX_EXPONENT = 16383 - 63;
const FRACTION_DIGITS = 17;
const MAX_TEXT_LENGTH = 5 * 1024;

export type Parsed = LongDouble | 'infinity' | '-infinity';

const decimal = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
const hexadecimal = /^([+-]?)0[xX]([\da-fA-F]*)(?:\.([\da-fA-F]*))?(?:[pP]([+-]?\d+))?$/;
const infinity = /^([+-]?)inf(?:inity)?$/i;

/** What strtold reads; undefined for what is no number, or too large or too small for one. */
export function parseLongDouble(text: string): Parsed | undefined {
  if (text.length === 0 || text.length >= MAX_TEXT_LENGTH) return undefined;
  const infinite = infinity.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? '-infinity' : 'infinity';
  const hex = hexadecimal.exec(text);
  const match = hex ?? decimal.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', power = '0'] = match;
  const digits = whole + fraction;
  if (digits === '') return undefined;
  let numerator = BigInt(hex === null ? digits : `0x${digits}`);
  if (numerator === 0n) return { mantissa: 0n, exponent: 0 };
  // Far outside the range the exact value would only cost memory.
  const exponent = Number(power) - (hex === null ? fraction.length : fraction.length * 4);
  if (Math.abs(exponent) > 30_000) return undefined;
  let denominator = 1n;
  const scale = hex === null ? 10n ** BigInt(Math.abs(exponent)) : 1n << BigInt(Math.abs(exponent));
  if (exponent < 0) denominator = scale;
  else numerator *= scale;
  const value = round(numerator, denominator);
  if (value === undefined || value.mantissa === 0n) return undefined;
  return sign === '-' ? { mantissa: -value.mantissa, exponent: value.exponent } : value;
}

/** The rounded sum; undefined when it is infinite. */
export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble | undefined {
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = (a.mantissa << BigInt(a.exponent - exponent)) + (b.mantissa << BigInt(b.exponent - exponent));
  if (sum === 0n) return { mantissa: 0n, exponent: 0 };
  const magnitude = sum < 0n ? -sum : sum;
  const rounded =
    exponent >= 0 ? round(magnitude << BigInt(exponent), 1n) : round(magnitude, 1n << BigInt(-exponent));
  return rounded && sum < 0n ? { mantissa: -rounded.mantissa, exponent: rounded.exponent } : rounded;
}

/** With up to 17 digits after the point, never with an exponent. */
export function formatLongDouble(value: LongDouble): string {
  const magnitude = value.mantissa < 0n ? -value.mantissa : value.mantissa;
  const scaled = magnitude * 10n ** BigInt(FRACTION_DIGITS);
  const digits =
    value.exponent >= 0
      ? scaled << BigInt(value.exponent)
      : divideToEven(scaled, 1n << BigInt(-value.exponent));
  const text = digits.toString().padStart(FRACTION_DIGITS + 1, '0');
  const point = text.length - FRACTION_DIGITS;
  const fraction = text.slice(point).replace(/0+$/, '');
  const shown = fraction === '' ? text.slice(0, point) : `${text.slice(0, point)}.${fraction}`;
  return value.mantissa < 0n && shown !== '0' ? `-${shown}` : shown;
}

/** The nearest long double to a positive fraction, ties to even; undefined when it is too large. */
function round(numerator: bigint, denominator: bigint): LongDouble | undefined {
  const bits = bitLength(numerator) - bitLength(denominator);
  // The quotient has `bits` or `bits` + 1 bits; one that comes out a bit too long is rounded once more precisely.
  let exponent = Math.max(MIN_EXPONENT, bits - MANTISSA_BITS);
  let mantissa = divideScaled(numerator, denominator, exponent);
  if (bitLength(mantissa) > MANTISSA_BITS) {
    exponent++;
    mantissa = divideScaled(numerator, denominator, exponent);
  }
  if (bitLength(mantissa) > MANTISSA_BITS) {
    // Rounded up to 2^64.
    exponent++;
    mantissa >>= 1n;
  }
  return exponent > MAX_EXPONENT ? undefined : { mantissa, exponent };
}

function divideScaled(numerator: bigint, denominator: bigint, exponent: number): bigint {
  return exponent >= 0
    ? divideToEven(numerator, denominator << BigInt(exponent))
    : divideToEven(numerator << BigInt(-exponent), denominator);
}

function divideToEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const rest = (numerator % denominator) * 2n;
  const up = rest > denominator || (rest === denominator && (quotient & 1n) === 1n);
  return up ? quotient + 1n : quotient;
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}
