/**
 * Owns numbers with a fraction as text, as C prints and reads them. Source: C's printf "%.17g"; Redis util.c d2string, double2ll.
 */

const SIGNIFICANT_DIGITS = 17;
/** From this power of ten on, and below 1e-5, "%g" writes an exponent. */
const FIRST_EXPONENT = 17;
const LAST_PLAIN_EXPONENT = -4;
/** More digits than it takes to see that nothing follows a five. */
const TIE_DIGITS = 60;

/** As "%.17g" gives it; "inf", "-inf" and "nan" too. */
export function formatDouble(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0' : String(value);
  if (Number.isNaN(value)) return 'nan';
  if (value === Infinity) return 'inf';
  if (value === -Infinity) return '-inf';
  const [mantissa = '', exponentText = '0'] = roundedToEven(Math.abs(value)).split('e');
  const exponent = Number(exponentText);
  const digits = mantissa.replace('.', '').replace(/0+$/, '');
  const sign = value < 0 ? '-' : '';
  if (exponent < LAST_PLAIN_EXPONENT || exponent >= FIRST_EXPONENT) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    const power = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${power}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** "d.dddde+x" with 17 digits. JavaScript rounds a value that lies in the middle up, C to the even digit. */
function roundedToEven(value: number): string {
  const rounded = value.toExponential(SIGNIFICANT_DIGITS - 1);
  if (!value.toExponential(SIGNIFICANT_DIGITS).includes('5e')) return rounded;
  const exact = value.toExponential(TIE_DIGITS);
  const down = exact.slice(0, SIGNIFICANT_DIGITS + 1);
  const isTie = /^50*e/.test(exact.slice(SIGNIFICANT_DIGITS + 1));
  const isEven = Number(down.at(-1)) % 2 === 0;
  return isTie && isEven ? down + exact.slice(exact.indexOf('e')) : rounded;
}

/** Beyond this Redis takes no whole number for one that a long long holds. */
const LONGEST_WHOLE = 2 ** 62;

/** As Redis keeps scores in text: whole numbers with all digits. "-0" for that one. */
export function formatScore(score: number): string {
  if (Number.isInteger(score) && Math.abs(score) <= LONGEST_WHOLE)
    return Object.is(score, -0) ? '-0' : BigInt(score).toString();
  return formatDouble(score);
}

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const infinity = /^([+-]?)inf(?:inity)?$/i;

/** What such a text says; undefined for what is no number, "nan" too. */
export function parseDouble(text: string): number | undefined {
  if (decimal.test(text)) return Number(text);
  const infinite = infinity.exec(text);
  if (infinite === null) return undefined;
  return infinite[1] === '-' ? -Infinity : Infinity;
}
