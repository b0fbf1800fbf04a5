/**
 * Owns the bounds of ranges by score and by member, and what they cover of a sorted set. Source: Redis t_zset.c zslParseRange,
 * zslParseLexRange.
 */
import { error } from '../../../protocol/resp/encode.ts';
import { parseAnyDouble } from '../../command/double.ts';
import type { IsBefore } from '../../types/zset/score-tree.ts';
import type { SortedSet } from '../../types/zset/sorted-set.ts';
import type { Range } from '../range.ts';

const NOT_A_FLOAT = error('ERR min or max is not a float');
const NOT_A_MEMBER = error('ERR min or max not valid string range item');

/** A part of a sorted set: what comes before its end, but not before its start. */
export interface Bounds {
  readonly beforeStart: IsBefore;
  readonly beforeEnd: IsBefore;
}

/** The ranks that lie between the bounds. */
export function ranksBetween(set: SortedSet, { beforeStart, beforeEnd }: Bounds): Range {
  const start = set.countBefore(beforeStart);
  return { start, count: Math.max(0, set.countBefore(beforeEnd) - start) };
}

interface Bound<T> {
  readonly value: T;
  readonly exclusive: boolean;
}

/** As strtod reads it up to the end of a C string: blanks may stand before it, and nothing at all is 0. */
function parseScoreBound(text: string): Bound<number> | undefined {
  const exclusive = text.startsWith('(');
  const end = text.indexOf('\0');
  const number = text.slice(exclusive ? 1 : 0, end < 0 ? text.length : end);
  const value = number === '' ? 0 : parseAnyDouble(number.replace(/^[ \t\n\v\f\r]+/, ''));
  return value === undefined ? undefined : { value, exclusive };
}

/** The bounds, or the error reply. */
export function parseScoreBounds(minText: string, maxText: string): Bounds | string {
  const min = parseScoreBound(minText);
  const max = parseScoreBound(maxText);
  if (min === undefined || max === undefined) return NOT_A_FLOAT;
  const { value: low } = min;
  const { value: high } = max;
  return {
    beforeStart: min.exclusive ? (score) => score <= low : (score) => score < low,
    beforeEnd: max.exclusive ? (score) => score < high : (score) => score <= high,
  };
}

/** Before all members, or behind them. */
type Extreme = '-' | '+';

function parseMemberBound(text: string): Bound<string> | Extreme | undefined {
  if (text === '-' || text === '+') return text;
  const sign = text[0];
  return sign === '[' || sign === '(' ? { value: text.slice(1), exclusive: sign === '(' } : undefined;
}

/** What comes before a bound, itself with it or without. */
function upTo(bound: Bound<string> | Extreme, withItself: boolean): IsBefore {
  if (bound === '-') return () => false;
  if (bound === '+') return () => true;
  const { value } = bound;
  return withItself ? (_score, member) => member <= value : (_score, member) => member < value;
}

/** The bounds, or the error reply. They mean something where all scores are the same. */
export function parseMemberBounds(minText: string, maxText: string): Bounds | string {
  const min = parseMemberBound(minText);
  const max = parseMemberBound(maxText);
  if (min === undefined || max === undefined) return NOT_A_MEMBER;
  return {
    beforeStart: upTo(min, typeof min === 'object' && min.exclusive),
    beforeEnd: upTo(max, typeof max === 'object' && !max.exclusive),
  };
}
