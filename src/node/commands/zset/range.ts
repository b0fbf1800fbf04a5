/**
 * Owns ZRANGE, its older forms by score, member and in reverse, and ZRANGESTORE. Source: Redis t_zset.c zrangeGenericCommand.
 */
import { EMPTY_ARRAY, error, integer } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { sortedSetType } from '../../types/zset/row.ts';
import type { ScoredMember, SortedSet } from '../../types/zset/sorted-set.ts';
import { collectionToRead } from '../collection.ts';
import { clampRange, type Range } from '../range.ts';
import { parseMemberBounds, parseScoreBounds, ranksBetween } from './bounds.ts';
import { membersReply } from './replies.ts';
import { storeMembers } from './store.ts';

const LIMIT_NEEDS_BY = error(
  'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
);
const NO_SCORES_BY_LEX = error('ERR syntax error, WITHSCORES not supported in combination with BYLEX');

type By = 'rank' | 'score' | 'lex';

/** What the name of a command says; undefined where options may say it. */
interface Form {
  readonly by?: By;
  readonly reverse?: boolean;
  readonly store?: boolean;
}

interface RangeRequest {
  readonly ranksOf: (set: SortedSet) => Range;
  readonly reverse: boolean;
  readonly withScores: boolean;
  readonly offset: number;
  /** Negative for all. */
  readonly limit: number;
}

interface Options {
  by: By | undefined;
  reverse: boolean | undefined;
  withScores: boolean;
  offset: number;
  limit: number;
}

/** The options from argv[first] on, or the error reply. */
function parseOptions(argv: readonly string[], first: number, form: Form): Options | string {
  const options: Options = {
    by: form.by,
    reverse: form.reverse,
    withScores: false,
    offset: 0,
    limit: -1,
  };
  for (let i = first; i < argv.length; i++) {
    const word = (argv[i] as string).toUpperCase();
    if (word === 'WITHSCORES' && !form.store) {
      options.withScores = true;
    } else if (word === 'LIMIT' && i + 2 < argv.length) {
      const offset = parseInteger(argv[++i] as string);
      const limit = parseInteger(argv[++i] as string);
      if (offset === undefined || limit === undefined) return NOT_AN_INTEGER;
      options.offset = offset;
      options.limit = limit;
    } else if (word === 'REV' && options.reverse === undefined) options.reverse = true;
    else if (word === 'BYLEX' && options.by === undefined) options.by = 'lex';
    else if (word === 'BYSCORE' && options.by === undefined) options.by = 'score';
    else return SYNTAX_ERROR;
  }
  return options;
}

function ranksFrom(first: string, last: string, by: By, reverse: boolean): RangeRequest['ranksOf'] | string {
  if (by === 'rank') {
    const start = parseInteger(first);
    const stop = parseInteger(last);
    if (start === undefined || stop === undefined) return NOT_AN_INTEGER;
    return ({ size }) => {
      const range = clampRange(start, stop, size);
      return reverse ? { start: size - range.start - range.count, count: range.count } : range;
    };
  }
  // In reverse the greatest is named first.
  const [min, max] = reverse ? [last, first] : [first, last];
  const bounds = by === 'score' ? parseScoreBounds(min, max) : parseMemberBounds(min, max);
  return typeof bounds === 'string' ? bounds : (set) => ranksBetween(set, bounds);
}

/** What stands behind the key at argv[at], or the error reply. */
function parseRequest(argv: readonly string[], at: number, form: Form): RangeRequest | string {
  const options = parseOptions(argv, at + 3, form);
  if (typeof options === 'string') return options;
  const { by = 'rank', reverse = false, withScores, offset, limit } = options;
  if (limit !== -1 && by === 'rank') return LIMIT_NEEDS_BY;
  if (withScores && by === 'lex') return NO_SCORES_BY_LEX;
  const ranksOf = ranksFrom(argv[at + 1] as string, argv[at + 2] as string, by, reverse);
  if (typeof ranksOf === 'string') return ranksOf;
  return by === 'rank'
    ? { ranksOf, reverse, withScores, offset: 0, limit: -1 }
    : { ranksOf, reverse, withScores, offset, limit };
}

/** In the order that was asked for. */
function membersOf(set: SortedSet, request: RangeRequest): readonly ScoredMember[] {
  const { reverse, offset, limit } = request;
  const { start, count } = request.ranksOf(set);
  if (offset < 0 || offset >= count) return [];
  const left = count - offset;
  const wanted = limit < 0 ? left : Math.min(limit, left);
  if (!reverse) return set.slice(start + offset, wanted);
  return set.slice(start + left - wanted, wanted).toReversed();
}

function range(context: Context, argv: readonly string[], form: Form): Reply {
  const request = parseRequest(argv, 1, form);
  if (typeof request === 'string') return request;
  const set = collectionToRead(context, argv[1] as string, sortedSetType);
  if (set === undefined) return EMPTY_ARRAY;
  if (typeof set === 'string') return set;
  return membersReply(membersOf(set, request), request.withScores, context.resp);
}

function rangeStore(context: Context, argv: readonly string[]): Reply {
  const request = parseRequest(argv, 2, { store: true });
  if (typeof request === 'string') return request;
  const set = collectionToRead(context, argv[2] as string, sortedSetType);
  if (typeof set === 'string') return set;
  const members = set === undefined ? [] : membersOf(set, request);
  return integer(storeMembers(context, argv[1] as string, members, 'zrangestore'));
}

const common = {
  arity: -4,
  flags: ['readonly'],
  categories: ['sortedset'],
  keySpecs: [keys(['RO', 'access'])],
  group: 'sorted-set',
  complexity: 'O(log(N)+M) for a set of N of which M are returned',
} as const;

export const rangeRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'zrange',
    summary: 'Returns the members of a range of ranks, scores or members',
    since: '1.2.0',
    handler: (context, argv) => range(context, argv, {}),
  },
  {
    ...common,
    name: 'zrangestore',
    arity: -5,
    flags: ['write', 'denyoom'],
    keySpecs: [keys(['OW', 'update']), keys(['RO', 'access'], 2)],
    summary: 'Keeps the members of a range as another sorted set',
    since: '6.2.0',
    complexity: 'O(log(N)+M*log(M)) for a set of N of which M are stored',
    handler: rangeStore,
  },
  {
    ...common,
    name: 'zrevrange',
    summary: 'Returns the members of a range of ranks, the greatest first',
    since: '1.2.0',
    handler: (context, argv) => range(context, argv, { by: 'rank', reverse: true }),
  },
  {
    ...common,
    name: 'zrangebyscore',
    summary: 'Returns the members from one score to another',
    since: '1.0.5',
    handler: (context, argv) => range(context, argv, { by: 'score', reverse: false }),
  },
  {
    ...common,
    name: 'zrevrangebyscore',
    summary: 'Returns the members from one score down to another',
    since: '2.2.0',
    handler: (context, argv) => range(context, argv, { by: 'score', reverse: true }),
  },
  {
    ...common,
    name: 'zrangebylex',
    summary: 'Returns the members from one to another, where all scores are the same',
    since: '2.8.9',
    handler: (context, argv) => range(context, argv, { by: 'lex', reverse: false }),
  },
  {
    ...common,
    name: 'zrevrangebylex',
    summary: 'Returns the members from one down to another, where all scores are the same',
    since: '2.8.9',
    handler: (context, argv) => range(context, argv, { by: 'lex', reverse: true }),
  },
];
