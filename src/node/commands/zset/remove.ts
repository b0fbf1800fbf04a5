/** Owns ZREM and ZREMRANGEBYRANK, -BYSCORE, -BYLEX. Source: Redis t_zset.c zremCommand, zremrangeGenericCommand. */
import { integer, ZERO } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { sortedSetType } from '../../types/zset/row.ts';
import type { SortedSet } from '../../types/zset/sorted-set.ts';
import { collectionToChange, settleCollection } from '../collection.ts';
import { clampRange, type Range } from '../range.ts';
import { type Bounds, parseMemberBounds, parseScoreBounds, ranksBetween } from './bounds.ts';

function zrem(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  const set = collectionToChange(context, key, sortedSetType);
  if (set === undefined) return ZERO;
  if (typeof set === 'string') return set;
  let removed = 0;
  for (let i = 2; i < argv.length; i++) if (set.delete(argv[i] as string)) removed++;
  if (removed > 0) context.db.notify('z', 'zrem', key);
  settleCollection(context, key, set, removed);
  return integer(removed);
}

/** Removes the ranks that `ranksOf` tells. */
function removeRange(context: Context, key: string, ranksOf: (set: SortedSet) => Range): Reply {
  const set = collectionToChange(context, key, sortedSetType);
  if (set === undefined) return ZERO;
  if (typeof set === 'string') return set;
  const { start, count } = ranksOf(set);
  const { length } = set.removeRange(start, count);
  if (length > 0) context.db.notify('z', context.row.name, key);
  settleCollection(context, key, set, length);
  return integer(length);
}

function removeByRank(context: Context, argv: readonly string[]): Reply {
  const start = parseInteger(argv[2] as string);
  const stop = parseInteger(argv[3] as string);
  if (start === undefined || stop === undefined) return NOT_AN_INTEGER;
  return removeRange(context, argv[1] as string, (set) => clampRange(start, stop, set.size));
}

function removeBetween(context: Context, key: string, bounds: Bounds | string): Reply {
  return typeof bounds === 'string' ? bounds : removeRange(context, key, (set) => ranksBetween(set, bounds));
}

const common = {
  flags: ['write'],
  categories: ['sortedset'],
  keySpecs: [keys(['RW', 'delete'])],
  group: 'sorted-set',
} as const;
const ofRange = { ...common, arity: 4, complexity: 'O(log(N)*M) for a set of N of which M go' } as const;

export const removeRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'zrem',
    arity: -3,
    flags: ['write', 'fast'],
    summary: 'Takes members from a sorted set',
    since: '1.2.0',
    complexity: 'O(M*log(N)) for M members of a set of N',
    handler: zrem,
  },
  {
    ...ofRange,
    name: 'zremrangebyrank',
    summary: 'Takes the members from one rank to another from a sorted set',
    since: '2.0.0',
    handler: removeByRank,
  },
  {
    ...ofRange,
    name: 'zremrangebyscore',
    summary: 'Takes the members from one score to another from a sorted set',
    since: '1.2.0',
    handler: (context, argv) =>
      removeBetween(context, argv[1] as string, parseScoreBounds(argv[2] as string, argv[3] as string)),
  },
  {
    ...ofRange,
    name: 'zremrangebylex',
    summary: 'Takes the members from one to another from a sorted set whose scores are all the same',
    since: '2.8.9',
    handler: (context, argv) =>
      removeBetween(context, argv[1] as string, parseMemberBounds(argv[2] as string, argv[3] as string)),
  },
];
