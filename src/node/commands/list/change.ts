/** Owns the commands that change a list in the middle: LSET, LINSERT, LREM, LTRIM. Source: Redis t_list.c. */
import { error, integer, OK, ZERO } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NO_SUCH_KEY, NOT_AN_INTEGER, SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { listType } from '../../types/list/row.ts';
import { collectionToChange, settleCollection } from '../collection.ts';
import { clampRange } from '../range.ts';

const INDEX_OUT_OF_RANGE = error('ERR index out of range');

function lset(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  const list = collectionToChange(context, key, listType);
  if (list === undefined) return NO_SUCH_KEY;
  if (typeof list === 'string') return list;
  const given = parseInteger(argv[2] as string);
  if (given === undefined) return NOT_AN_INTEGER;
  const index = given < 0 ? list.size + given : given;
  if (index < 0 || index >= list.size) return INDEX_OUT_OF_RANGE;
  list.set(index, argv[3] as string);
  context.db.notify('l', 'lset', key);
  settleCollection(context, key, list, 1);
  return OK;
}

function linsert(context: Context, argv: readonly string[]): Reply {
  const side = (argv[2] as string).toUpperCase();
  if (side !== 'BEFORE' && side !== 'AFTER') return SYNTAX_ERROR;
  const key = argv[1] as string;
  const list = collectionToChange(context, key, listType);
  if (list === undefined) return ZERO;
  if (typeof list === 'string') return list;
  const { value: pivot } = list.placesOf(argv[3] as string, list.size).next();
  if (typeof pivot !== 'number') return integer(-1);
  list.insert(side === 'BEFORE' ? pivot : pivot + 1, argv[4] as string);
  context.db.notify('l', 'linsert', key);
  settleCollection(context, key, list, 1);
  return integer(list.size);
}

function lrem(context: Context, argv: readonly string[]): Reply {
  const count = parseInteger(argv[2] as string);
  if (count === undefined) return NOT_AN_INTEGER;
  const key = argv[1] as string;
  const list = collectionToChange(context, key, listType);
  if (list === undefined) return ZERO;
  if (typeof list === 'string') return list;
  const removed = list.removeEqual(argv[3] as string, count === 0 ? list.size : Math.abs(count), count < 0);
  if (removed > 0) context.db.notify('l', 'lrem', key);
  settleCollection(context, key, list, removed);
  return integer(removed);
}

function ltrim(context: Context, argv: readonly string[]): Reply {
  const start = parseInteger(argv[2] as string);
  const stop = parseInteger(argv[3] as string);
  if (start === undefined || stop === undefined) return NOT_AN_INTEGER;
  const key = argv[1] as string;
  const list = collectionToChange(context, key, listType);
  if (list === undefined) return OK;
  if (typeof list === 'string') return list;
  const before = list.size;
  const kept = clampRange(start, stop, before);
  list.removeRange(kept.start + kept.count, before - kept.start - kept.count);
  list.removeRange(0, kept.start);
  context.db.notify('l', 'ltrim', key);
  // Even where nothing goes, the key counts as changed for WATCH.
  if (list.size === before) context.db.changed(key, 0);
  settleCollection(context, key, list, before - list.size);
  return OK;
}

const common = { categories: ['list'], group: 'list' } as const;

export const changeRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'lset',
    arity: 4,
    flags: ['write', 'denyoom'],
    keySpecs: [keys(['RW', 'update'])],
    summary: 'Puts an element in the place of another',
    since: '1.0.0',
    complexity: 'O(N) for a distance of N from the nearer end, in steps of many elements',
    handler: lset,
  },
  {
    ...common,
    name: 'linsert',
    arity: 5,
    flags: ['write', 'denyoom'],
    keySpecs: [keys(['RW', 'insert'])],
    summary: 'Puts an element before or behind another',
    since: '2.2.0',
    complexity: 'O(N) for N elements before the other one',
    handler: linsert,
  },
  {
    ...common,
    name: 'lrem',
    arity: 4,
    flags: ['write'],
    keySpecs: [keys(['RW', 'delete'])],
    summary: 'Takes away elements that are equal to one',
    since: '1.0.0',
    complexity: 'O(N+M) for N elements of which M go',
    handler: lrem,
  },
  {
    ...common,
    name: 'ltrim',
    arity: 4,
    flags: ['write'],
    keySpecs: [keys(['RW', 'delete'])],
    summary: 'Takes away all elements outside of a range',
    since: '1.0.0',
    complexity: 'O(N) for N elements that go',
    handler: ltrim,
  },
];
