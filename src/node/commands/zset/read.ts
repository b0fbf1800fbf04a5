/**
 * Owns the commands that ask about members and numbers of a sorted set: ZCARD, ZSCORE, ZMSCORE, ZRANK, ZREVRANK, ZCOUNT,
 * ZLEXCOUNT, ZRANDMEMBER, ZSCAN. Source: Redis t_zset.c.
 */
import { array, bulk, double, EMPTY_ARRAY, integer, nullBulk, ZERO } from '../../../protocol/resp/encode.ts';
import { SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { sortedSetType } from '../../types/zset/row.ts';
import type { ScoredMember, SortedSet } from '../../types/zset/sorted-set.ts';
import { collectionToRead } from '../collection.ts';
import { chooseElements, OUT_OF_RANGE, parseCount } from '../random-elements.ts';
import { scanElements } from '../scan-elements.ts';
import { type Bounds, parseMemberBounds, parseScoreBounds, ranksBetween } from './bounds.ts';
import { membersReply } from './replies.ts';

/** Half of the largest number of 64 bits: twice as many words must fit. */
const MAX_PAIRS = 2 ** 62;

function zcard(context: Context, argv: readonly string[]): Reply {
  const set = collectionToRead(context, argv[1] as string, sortedSetType);
  if (set === undefined) return ZERO;
  return typeof set === 'string' ? set : integer(set.size);
}

function scoreReply({ resp }: Context, set: SortedSet | undefined, member: string): string {
  const score = set?.score(member);
  return score === undefined ? nullBulk(resp) : double(score, resp);
}

function zscore(context: Context, argv: readonly string[]): Reply {
  const set = collectionToRead(context, argv[1] as string, sortedSetType);
  return typeof set === 'string' ? set : scoreReply(context, set, argv[2] as string);
}

function zmscore(context: Context, argv: readonly string[]): Reply {
  const set = collectionToRead(context, argv[1] as string, sortedSetType);
  if (typeof set === 'string') return set;
  return array(argv.slice(2).map((member) => scoreReply(context, set, member)));
}

function zrank(context: Context, argv: readonly string[], reverse: boolean): Reply {
  const set = collectionToRead(context, argv[1] as string, sortedSetType);
  if (typeof set === 'string') return set;
  const rank = set?.rank(argv[2] as string);
  if (set === undefined || rank === undefined) return nullBulk(context.resp);
  return integer(reverse ? set.size - 1 - rank : rank);
}

function countBetween(context: Context, key: string, bounds: Bounds | string): Reply {
  if (typeof bounds === 'string') return bounds;
  const set = collectionToRead(context, key, sortedSetType);
  if (set === undefined) return ZERO;
  return typeof set === 'string' ? set : integer(ranksBetween(set, bounds).count);
}

function pick(context: Context, set: SortedSet): ScoredMember {
  return set.slice(context.node.random.below(set.size), 1)[0] as ScoredMember;
}

function zrandmember(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  if (argv.length > 2) return randomMembers(context, key, argv);
  const set = collectionToRead(context, key, sortedSetType);
  if (set === undefined) return nullBulk(context.resp);
  return typeof set === 'string' ? set : bulk(pick(context, set).key);
}

function randomMembers(context: Context, key: string, argv: readonly string[]): Reply {
  const count = parseCount(argv[2] as string);
  if (typeof count === 'string') return count;
  const withScores = argv.length > 3;
  if (withScores && (argv.length > 4 || argv[3]?.toUpperCase() !== 'WITHSCORES')) return SYNTAX_ERROR;
  if (withScores && Math.abs(count) >= MAX_PAIRS) return OUT_OF_RANGE;
  const set = collectionToRead(context, key, sortedSetType);
  if (set === undefined) return EMPTY_ARRAY;
  if (typeof set === 'string') return set;
  const choices = { size: set.size, all: () => set.members(), pick: () => pick(context, set) };
  const chosen = chooseElements(choices, count, context.node.random);
  return typeof chosen === 'string' ? chosen : membersReply(chosen, withScores, context.resp);
}

const common = { categories: ['sortedset'], group: 'sorted-set', flags: ['readonly', 'fast'] } as const;
const accessing = [keys(['RO', 'access'])];

export const readRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'zcard',
    arity: 2,
    keySpecs: [keys(['RO'])],
    summary: 'Counts the members of a sorted set',
    since: '1.2.0',
    complexity: 'O(1)',
    handler: zcard,
  },
  {
    ...common,
    name: 'zscore',
    arity: 3,
    keySpecs: accessing,
    summary: 'Returns the score of a member',
    since: '1.2.0',
    complexity: 'O(1)',
    handler: zscore,
  },
  {
    ...common,
    name: 'zmscore',
    arity: -3,
    keySpecs: accessing,
    summary: 'Returns the scores of several members',
    since: '6.2.0',
    complexity: 'O(N) for N members',
    handler: zmscore,
  },
  {
    ...common,
    name: 'zrank',
    arity: 3,
    keySpecs: accessing,
    summary: 'Tells how many members come before one',
    since: '2.0.0',
    complexity: 'O(log(N)) for a set of N',
    handler: (context, argv) => zrank(context, argv, false),
  },
  {
    ...common,
    name: 'zrevrank',
    arity: 3,
    keySpecs: accessing,
    summary: 'Tells how many members come behind one',
    since: '2.0.0',
    complexity: 'O(log(N)) for a set of N',
    handler: (context, argv) => zrank(context, argv, true),
  },
  {
    ...common,
    name: 'zcount',
    arity: 4,
    keySpecs: accessing,
    summary: 'Counts the members from one score to another',
    since: '2.0.0',
    complexity: 'O(log(N)) for a set of N',
    handler: (context, argv) =>
      countBetween(context, argv[1] as string, parseScoreBounds(argv[2] as string, argv[3] as string)),
  },
  {
    ...common,
    name: 'zlexcount',
    arity: 4,
    keySpecs: accessing,
    summary: 'Counts the members from one to another, where all scores are the same',
    since: '2.8.9',
    complexity: 'O(log(N)) for a set of N',
    handler: (context, argv) =>
      countBetween(context, argv[1] as string, parseMemberBounds(argv[2] as string, argv[3] as string)),
  },
  {
    ...common,
    name: 'zrandmember',
    arity: -2,
    flags: ['readonly'],
    keySpecs: accessing,
    summary: 'Returns members of a sorted set at random',
    since: '6.2.0',
    complexity: 'O(N*log(M)) for N members of a set of M',
    tips: ['nondeterministic_output'],
    handler: zrandmember,
  },
  {
    ...common,
    name: 'zscan',
    arity: -3,
    flags: ['readonly'],
    keySpecs: accessing,
    summary: 'Lists the members and scores of a sorted set a few at a time, with a cursor to go on from',
    since: '2.8.0',
    complexity: 'O(1) for each call, O(N) for all N members',
    tips: ['nondeterministic_output'],
    handler: (context, argv) => scanElements(context, argv, sortedSetType),
  },
];
