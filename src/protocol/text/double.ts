/**
 * Owns numbers with a fraction as text, as C prints and reads them. Source: C's printf "%.17g"; Redis util.c d2string, double2ll.
 */

const SIGNIFICANT_DIGITS = 17;
/** Below 1e-4, and from the power of ten on that has more digits than are asked for, "%g" writes an exponent. */
const LAST_PLAIN_EXPONENT = -4;
/** Fractions of this have six decimal digits at most; with a whole part below the other, 17 are never needed. */
const SHORT_FRACTION = 64;
const SHORT_WHOLE = 1e9;
/** More digits than it takes to see that nothing follows a five. */
const TIE_DIGITS = 60;

/** As "%.17g" gives it; "inf", "-inf" and "nan" too. */
export function formatDouble(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0' : String(value);
  // A few binary digits behind the point: all decimal ones fit, and are what JavaScript prints, too.
  if (Number.isInteger(value * SHORT_FRACTION) && Math.abs(value) < SHORT_WHOLE) return String(value);
  if (Number.isNaN(value)) return 'nan';
  if (value === Infinity) return 'inf';
  if (value === -Infinity) return '-inf';
  return formatSignificant(value, SIGNIFICANT_DIGITS);
}

/** As "%.<count>g" gives it, with 1 to 17 digits. */
export function formatSignificant(value: number, count: number): string {
  if (!Number.isFinite(value)) return formatDouble(value);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  if (value === 0) return `${sign}0`;
  const [mantissa = '', exponentText = '0'] = roundedToEven(Math.abs(value), count).split('e');
  const exponent = Number(exponentText);
  const digits = mantissa.replace('.', '').replace(/0+$/, '');
  if (exponent < LAST_PLAIN_EXPONENT || exponent >= count) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    const power = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${power}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** "d.dddde+x" with `count` digits. JavaScript rounds a value that lies in the middle up, C to the even digit. */
function roundedToEven(value: number, count: number): string {
  const rounded = value.toExponential(count - 1);
  if (!value.toExponential(count).includes('5e')) return rounded;
  const exact = value.toExponential(TIE_DIGITS);
  // A point stands behind the first digit, so the next one to be looked at is one further.
  const down = count === 1 ? exact.slice(0, 1) : exact.slice(0, count + 1);
  const isTie = /^50*e/.test(exact.slice(count + 1));
  const isEven = Number(down.at(-1)) % 2 === 0;
  return isTie && isEven ? down + exact.slice(exact.indexOf('e')) : rounded;
}

/** From here on toFixed writes an exponent; such a number is whole. */
const LARGE = 1e21;

/** As "%.<digits>f" gives it, with 0 to 40 digits behind the point. */
export function formatFixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return formatDouble(value);
  if (Math.abs(value) >= LARGE) return `${BigInt(value)}.${'0'.repeat(digits)}`;
  const rounded = value.toFixed(digits);
  if (!value.toFixed(digits + 1).endsWith('5')) return rounded;
  const exact = value.toFixed(digits + TIE_DIGITS);
  const down = exact.slice(0, -TIE_DIGITS);
  const isTie = /^50*$/.test(exact.slice(-TIE_DIGITS));
  const isEven = Number(down.replace('.', '').at(-1)) % 2 === 0;
  return isTie && isEven ? down : rounded;
}

/** As "%.17f", without the zeros at the end. Source: Redis util.c ld2string, LD_STR_HUMAN. */
export function formatHuman(value: number): string {
  return formatFixed(value, SIGNIFICANT_DIGITS).replace(/\.?0+$/, '');
}

/** Beyond this Redis takes no whole number for one that a long long holds. */
const LONGEST_WHOLE = 2 ** 62;

/** As Redis keeps scores in text: whole numbers with all digits. "-0" for that one. */
export function formatScore(score: number): string {
  if (Number.isInteger(score) && Math.abs(score) <= LONGEST_WHOLE)
    return Object.is(score, -0) ? '-0' : BigInt(score).toString();
  return formatDouble(score);
}

/** No two parts can take the same digits: the time that a long text takes would grow with its square. */
const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const infinity = /^([+-]?)inf(?:inity)?$/i;

/** What such a text says; undefined for what is no number, "nan" too. */
export function parseDouble(text: string): number | undefined {
  if (decimal.test(text)) return Number(text);
  const infinite = infinity.exec(text);
  if (infinite === null) return undefined;
  return infinite[1] === '-' ? -Infinity : Infinity;
}

const numberPrefix =
  /([+-]?)(?:(inf(?:inity)?)|(nan(?:\([\w]*\))?)|0x(?=\.?[\da-f])([\da-f]*)(?:\.([\da-f]*))?(?:p([+-]?\d+))?|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)/iy;

/** The number that the text has at `at`, and where it ends, as C's strtod reads it; undefined when there is none. */
export function parseNumberPrefix(
  text: string,
  at: number,
): { readonly value: number; readonly end: number } | undefined {
  numberPrefix.lastIndex = at;
  const match = numberPrefix.exec(text);
  if (match === null) return undefined;
  const [whole, sign, infinite, nan, hexWhole, hexFraction = '', power = '0'] = match;
  const end = at + whole.length;
  const signed = (value: number) => ({ value: sign === '-' ? -value : value, end });
  if (infinite !== undefined) return signed(Infinity);
  if (nan !== undefined) return signed(Number.NaN);
  if (hexWhole === undefined) return { value: Number(whole), end };
  const digits = BigInt(`0x0${hexWhole}${hexFraction}`);
  return signed(Number(digits) * 2 ** (Number(power) - 4 * hexFraction.length));
}
