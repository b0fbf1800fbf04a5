/** Owns the commands that count in a field of a hash. Source: Redis t_hash.c hincrbyCommand, hincrbyfloatCommand. */
import { bulk, error, integer } from '../../../protocol/resp/encode.ts';
import { addInt64, parseInt64 } from '../../command/arguments.ts';
import { NOT_A_FLOAT, NOT_AN_INTEGER } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { settleCollection } from '../collection.ts';
import { NOT_FINITE, WOULD_OVERFLOW } from '../string/increment.ts';
import { addLongDoubles, formatLongDouble, parseLongDouble } from '../string/long-double.ts';
import { hashToFill } from './fill.ts';

const VALUE_NOT_AN_INTEGER = error('ERR hash value is not an integer');
const VALUE_NOT_A_FLOAT = error('ERR hash value is not a float');
const INCREMENT_NOT_FINITE = error('ERR value is NaN or Infinity');

function hincrby(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  const field = argv[2] as string;
  const by = parseInt64(argv[3] as string);
  if (by === undefined) return NOT_AN_INTEGER;
  const hash = hashToFill(context, key);
  if (typeof hash === 'string') return hash;
  const before = parseInt64(hash.get(field) ?? '0');
  if (before === undefined) return VALUE_NOT_AN_INTEGER;
  const after = addInt64(before, by);
  if (after === undefined) return WOULD_OVERFLOW;
  hash.set(field, String(after));
  context.db.notify('h', 'hincrby', key);
  settleCollection(context, key, hash, 1);
  return integer(after);
}

function hincrbyfloat(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  const field = argv[2] as string;
  const by = parseLongDouble(argv[3] as string);
  if (by === undefined) return NOT_A_FLOAT;
  if (typeof by === 'string') return INCREMENT_NOT_FINITE;
  const hash = hashToFill(context, key);
  if (typeof hash === 'string') return hash;
  const before = parseLongDouble(hash.get(field) ?? '0');
  if (before === undefined) return VALUE_NOT_A_FLOAT;
  if (typeof before === 'string') return NOT_FINITE;
  const after = addLongDoubles(before, by);
  if (after === undefined) return NOT_FINITE;
  const text = formatLongDouble(after);
  hash.set(field, text);
  context.db.notify('h', 'hincrbyfloat', key);
  settleCollection(context, key, hash, 1);
  // The sum itself, so that another machine's rounding makes no difference.
  context.propagateAs(['HSET', key, field, text]);
  return bulk(text);
}

const common = {
  categories: ['hash'],
  group: 'hash',
  flags: ['write', 'denyoom', 'fast'],
  keySpecs: [keys(['RW', 'access', 'update'])],
  complexity: 'O(1)',
} as const satisfies Partial<CommandRow>;

export const countRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'hincrby',
    arity: 4,
    summary: 'Adds to the whole number that a field of a hash holds',
    since: '2.0.0',
    handler: hincrby,
  },
  {
    ...common,
    name: 'hincrbyfloat',
    arity: 4,
    summary: 'Adds to the number, with a fraction or not, that a field of a hash holds',
    since: '2.6.0',
    handler: hincrbyfloat,
  },
];
