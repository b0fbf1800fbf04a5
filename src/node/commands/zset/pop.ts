/**
 * Owns the commands that take the members with the least or greatest scores: ZPOPMIN, ZPOPMAX, ZMPOP, and those that wait for
 * them: BZPOPMIN, BZPOPMAX, BZMPOP. Source: Redis t_zset.c genericZpopCommand, blockingGenericZpopCommand.
 */
import { bulk, double, EMPTY_ARRAY, nullArray } from '../../../protocol/resp/encode.ts';
import { parseAtLeast } from '../../command/arguments.ts';
import { NEGATIVE_COUNT, SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, countedKeys, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { sortedSetType } from '../../types/zset/row.ts';
import type { ScoredMember, SortedSet } from '../../types/zset/sorted-set.ts';
import { collectionToChange, settleCollection } from '../collection.ts';
import { parseMultiPop } from '../multi-pop.ts';
import { popFromAny } from '../waiting-pop.ts';
import { flatReply, pairsReply } from './replies.ts';

type End = 'MIN' | 'MAX';

function parseEnd(word: string): End | undefined {
  const end = word.toUpperCase();
  return end === 'MIN' || end === 'MAX' ? end : undefined;
}

/** Takes up to `count`, at least one, in the order in which they are popped one by one. */
function popMembers(
  context: Context,
  key: string,
  set: SortedSet,
  end: End,
  count: number,
): readonly ScoredMember[] {
  const taken = Math.min(count, set.size);
  const popped = set.removeRange(end === 'MIN' ? 0 : set.size - taken, taken);
  context.db.notify('z', end === 'MIN' ? 'zpopmin' : 'zpopmax', key);
  settleCollection(context, key, set, taken);
  return end === 'MIN' ? popped : popped.toReversed();
}

function zpop(context: Context, argv: readonly string[], end: End): Reply {
  if (argv.length > 3) return SYNTAX_ERROR;
  const count = argv.length === 3 ? parseAtLeast(argv[2] as string, 0, NEGATIVE_COUNT) : 1;
  if (typeof count === 'string') return count;
  const key = argv[1] as string;
  const set = collectionToChange(context, key, sortedSetType);
  if (typeof set === 'string') return set;
  if (set === undefined || count === 0) return EMPTY_ARRAY;
  const { resp } = context;
  const popped = popMembers(context, key, set, end, count);
  return argv.length === 3 && resp === 3 ? pairsReply(popped, resp) : flatReply(popped, resp);
}

/** ZMPOP for one key: the reply, or undefined without such a key. Propagated as the pop that it is. */
function popPairs(context: Context, key: string, end: End, count: number): string | undefined {
  const set = collectionToChange(context, key, sortedSetType);
  if (set === undefined || typeof set === 'string') return set;
  const popped = popMembers(context, key, set, end, count);
  context.propagateAs([`ZPOP${end}`, key, String(popped.length)]);
  return `*2\r\n${bulk(key)}${pairsReply(popped, context.resp)}`;
}

/** BZPOPMIN for one key: the same. */
function popOne(context: Context, key: string, end: End): string | undefined {
  const set = collectionToChange(context, key, sortedSetType);
  if (set === undefined || typeof set === 'string') return set;
  const [popped] = popMembers(context, key, set, end, 1);
  context.propagateAs([`ZPOP${end}`, key]);
  return `*3\r\n${bulk(key)}${bulk(popped?.key ?? '')}${double(popped?.score ?? 0, context.resp)}`;
}

function zmpop(context: Context, argv: readonly string[]): Reply {
  const request = parseMultiPop(argv, 1, parseEnd);
  if (typeof request === 'string') return request;
  for (const key of request.keys) {
    const reply = popPairs(context, key, request.end, request.count);
    if (reply !== undefined) return reply;
  }
  return nullArray(context.resp);
}

function bzpop(context: Context, argv: readonly string[], end: End): Reply {
  return popFromAny(context, argv, 'zset', argv.slice(1, -1), argv.at(-1) as string, (key) =>
    popOne(context, key, end),
  );
}

function bzmpop(context: Context, argv: readonly string[]): Reply {
  const request = parseMultiPop(argv, 2, parseEnd);
  if (typeof request === 'string') return request;
  return popFromAny(context, argv, 'zset', request.keys, argv[1] as string, (key) =>
    popPairs(context, key, request.end, request.count),
  );
}

const common = { categories: ['sortedset'], group: 'sorted-set' } as const;
const popping = {
  ...common,
  arity: -2,
  flags: ['write', 'fast'],
  keySpecs: [keys(['RW', 'access', 'delete'])],
  since: '5.0.0',
  complexity: 'O(log(N)*M) for a set of N of which M are taken',
} as const;
const waiting = {
  ...common,
  arity: -3,
  flags: ['write', 'noscript', 'blocking', 'fast'],
  keySpecs: [keys(['RW', 'access', 'delete'], 1, -2)],
  since: '5.0.0',
  complexity: 'O(log(N)) for a set of N',
} as const;
const fromMany = {
  ...common,
  since: '7.0.0',
  complexity: 'O(K)+O(M*log(N)) for K keys, and M members that are taken from a set of N',
} as const;

export const popRows: readonly CommandRow[] = [
  {
    ...popping,
    name: 'zpopmin',
    summary: 'Takes the members with the least scores',
    handler: (context, argv) => zpop(context, argv, 'MIN'),
  },
  {
    ...popping,
    name: 'zpopmax',
    summary: 'Takes the members with the greatest scores',
    handler: (context, argv) => zpop(context, argv, 'MAX'),
  },
  {
    ...waiting,
    name: 'bzpopmin',
    summary:
      'Takes the member with the least score from the first of several sorted sets that has any, or waits',
    handler: (context, argv) => bzpop(context, argv, 'MIN'),
  },
  {
    ...waiting,
    name: 'bzpopmax',
    summary:
      'Takes the member with the greatest score from the first of several sorted sets that has any, or waits',
    handler: (context, argv) => bzpop(context, argv, 'MAX'),
  },
  {
    ...fromMany,
    name: 'zmpop',
    arity: -4,
    flags: ['write'],
    keySpecs: [countedKeys(['RW', 'access', 'delete'], 1)],
    summary: 'Takes members from the first of several sorted sets that has any',
    handler: zmpop,
  },
  {
    ...fromMany,
    name: 'bzmpop',
    arity: -5,
    flags: ['write', 'blocking'],
    keySpecs: [countedKeys(['RW', 'access', 'delete'], 2)],
    summary: 'Takes members from the first of several sorted sets that has any, or waits',
    handler: bzmpop,
  },
];
