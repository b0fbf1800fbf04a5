/** Owns the times that commands may wait, as they are given. Source: Redis timeout.c getTimeoutFromObjectOrReply. */
import { error } from '../../protocol/resp/encode.ts';
import { parseInteger } from '../command/arguments.ts';
import { parseLongDouble } from './string/long-double.ts';

const NOT_A_FLOAT = error('ERR timeout is not a float or out of range');
const NOT_AN_INTEGER = error('ERR timeout is not an integer or out of range');
const NEGATIVE = error('ERR timeout is negative');

/** What fits 64 bits on the way; Redis takes more for negative. */
const LIMIT_MS = 2 ** 63;

/** Seconds with a fraction, as milliseconds (0: for ever), or the error reply. */
export function parseTimeoutSeconds(text: string): number | string {
  const seconds = parseInteger(text) ?? fromText(text);
  if (seconds === undefined) return NOT_A_FLOAT;
  const timeoutMs = Math.ceil(seconds * 1000);
  return timeoutMs < 0 || timeoutMs >= LIMIT_MS ? NEGATIVE : timeoutMs;
}

/** Whole milliseconds (0: for ever), or the error reply. */
export function parseTimeoutMs(text: string): number | string {
  const timeoutMs = parseInteger(text);
  if (timeoutMs === undefined) return NOT_AN_INTEGER;
  return timeoutMs < 0 ? NEGATIVE : timeoutMs;
}

function fromText(text: string): number | undefined {
  const value = parseLongDouble(text);
  if (value === 'infinity') return Infinity;
  if (value === '-infinity') return -Infinity;
  if (value === undefined) return undefined;
  const seconds = Number(value.mantissa) * 2 ** value.exponent;
  // The least time is no time for ever; clients give it as "5e-324".
  return seconds === 0 && value.mantissa > 0n ? Number.MIN_VALUE : seconds;
}
