/**
 * Owns the commands that count. Source: Redis t_string.c incrDecrCommand, incrbyfloatCommand.
 */
import { bulk, error } from '../../../protocol/resp/encode.ts';
import { addInt64, INT64_MIN, parseInt64 } from '../../command/arguments.ts';
import { NOT_A_FLOAT, NOT_AN_INTEGER, WRONG_TYPE } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { textOf } from '../../types/string/byte-string.ts';
import { isString } from '../../types/string/string.ts';
import { addLongDoubles, formatLongDouble, parseLongDouble } from './long-double.ts';

export const WOULD_OVERFLOW = error('ERR increment or decrement would overflow');
const DECREMENT_WOULD_OVERFLOW = error('ERR decrement would overflow');
export const NOT_FINITE = error('ERR increment would produce NaN or Infinity');

function increment(context: Context, key: string, by: number | bigint): Reply {
  const db = context.db;
  const value = db.lookupWrite(key)?.value;
  if (value !== undefined && !isString(value)) return WRONG_TYPE;
  const before = value === undefined ? 0 : parseInt64(textOf(value));
  if (before === undefined) return NOT_AN_INTEGER;
  const after = addInt64(before, by);
  if (after === undefined) return WOULD_OVERFLOW;
  const text = String(after);
  if (value === undefined) db.set(key, text);
  else db.replaceValue(key, text);
  db.notify('$', 'incrby', key);
  return `:${text}\r\n`;
}

function incrby(context: Context, argv: readonly string[]): Reply {
  const by = parseInt64(argv[2] as string);
  return by === undefined ? NOT_AN_INTEGER : increment(context, argv[1] as string, by);
}

function decrby(context: Context, argv: readonly string[]): Reply {
  const by = parseInt64(argv[2] as string);
  if (by === undefined) return NOT_AN_INTEGER;
  if (by === INT64_MIN) return DECREMENT_WOULD_OVERFLOW;
  return increment(context, argv[1] as string, -by);
}

function incrbyfloat(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  const db = context.db;
  const value = db.lookupWrite(key)?.value;
  if (value !== undefined && !isString(value)) return WRONG_TYPE;
  const before = parseLongDouble(value === undefined ? '0' : textOf(value));
  if (before === undefined) return NOT_A_FLOAT;
  const by = parseLongDouble(argv[2] as string);
  if (by === undefined) return NOT_A_FLOAT;
  if (typeof before === 'string' || typeof by === 'string') return NOT_FINITE;
  const after = addLongDoubles(before, by);
  if (after === undefined) return NOT_FINITE;
  const text = formatLongDouble(after);
  if (value === undefined) db.set(key, text, -1, 'text');
  else db.replaceValue(key, text, 'text');
  db.notify('$', 'incrbyfloat', key);
  // The sum itself, so that another machine's rounding makes no difference.
  context.propagateAs(['SET', key, text, 'KEEPTTL']);
  return bulk(text);
}

const keySpecs = [keys(['RW', 'access', 'update'])];

export const incrementRows: readonly CommandRow[] = [
  {
    name: 'incr',
    arity: 2,
    flags: ['write', 'denyoom', 'fast'],
    categories: ['string'],
    keySpecs,
    summary: 'Adds one to the whole number that a key holds',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(1)',
    handler: (context, argv) => increment(context, argv[1] as string, 1),
  },
  {
    name: 'decr',
    arity: 2,
    flags: ['write', 'denyoom', 'fast'],
    categories: ['string'],
    keySpecs,
    summary: 'Takes one from the whole number that a key holds',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(1)',
    handler: (context, argv) => increment(context, argv[1] as string, -1),
  },
  {
    name: 'incrby',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    categories: ['string'],
    keySpecs,
    summary: 'Adds to the whole number that a key holds',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(1)',
    handler: incrby,
  },
  {
    name: 'decrby',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    categories: ['string'],
    keySpecs,
    summary: 'Takes from the whole number that a key holds',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(1)',
    handler: decrby,
  },
  {
    name: 'incrbyfloat',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    categories: ['string'],
    keySpecs,
    summary: 'Adds to the number, with a fraction or not, that a key holds',
    since: '2.6.0',
    group: 'string',
    complexity: 'O(1)',
    handler: incrbyfloat,
  },
];
