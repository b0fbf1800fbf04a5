/**
 * Owns ZUNION, ZINTER, ZDIFF, their forms that store, and ZINTERCARD. Sets count as sorted sets whose scores are all 1.
 * Source: Redis t_zset.c zunionInterDiffGenericCommand.
 */
import { error, integer } from '../../../protocol/resp/encode.ts';
import { parseAtLeast, parseInteger } from '../../command/arguments.ts';
import { parseExactDouble } from '../../command/double.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR, WRONG_TYPE } from '../../command/errors.ts';
import { type CommandRow, countedKeys, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Value } from '../../keyspace/value.ts';
import { setType } from '../../types/set/row.ts';
import { sortedSetType } from '../../types/zset/row.ts';
import { type ScoredMember, SortedSet } from '../../types/zset/sorted-set.ts';
import { type Aggregate, differ, intersect, type Source, unite } from './aggregate.ts';
import { membersReply } from './replies.ts';
import { storeMembers } from './store.ts';

const NOT_A_WEIGHT = error('ERR weight value is not a float');
const NEGATIVE_LIMIT = error("ERR LIMIT can't be negative");

type Operation = 'union' | 'inter' | 'diff';

/** What stands behind the keys. */
interface Options {
  aggregate: Aggregate;
  withScores: boolean;
  /** Of ZINTERCARD; 0 for none. */
  limit: number;
}

/** Which options a command takes. */
interface Form {
  readonly operation: Operation;
  readonly store?: boolean;
  readonly countOnly?: boolean;
}

function sourceOf(value: Value | undefined): Source | string {
  if (value === undefined)
    return { value: undefined, size: 0, weight: 1, members: () => [], score: () => undefined };
  if (sortedSetType.holds(value)) {
    const { size } = value;
    return { value, size, weight: 1, members: () => value.members(), score: (member) => value.score(member) };
  }
  if (!setType.holds(value)) return WRONG_TYPE;
  const score = (member: string): number | undefined => (value.has(member) ? 1 : undefined);
  return { value, size: value.size, weight: 1, members: () => scored(value), score };
}

function* scored(members: Iterable<string>): IterableIterator<ScoredMember> {
  for (const key of members) yield { key, score: 1 };
}

/** What the keys hold that the number at argv[at] counts, or the error reply. */
function readSources(context: Context, argv: readonly string[], at: number): Source[] | string {
  const count = parseInteger(argv[at] as string);
  if (count === undefined) return NOT_AN_INTEGER;
  if (count < 1) return error(`ERR at least 1 input key is needed for '${context.row.name}' command`);
  if (count > argv.length - at - 1) return SYNTAX_ERROR;
  const sources: Source[] = [];
  for (const key of argv.slice(at + 1, at + 1 + count)) {
    const source = sourceOf(context.db.lookupRead(key)?.value);
    if (typeof source === 'string') return source;
    sources.push(source);
  }
  return sources;
}

/** Gives the sources their weights, too. */
function parseOptions(
  argv: readonly string[],
  first: number,
  form: Form,
  sources: Source[],
): Options | string {
  const options: Options = { aggregate: 'sum', withScores: false, limit: 0 };
  const combines = form.operation !== 'diff' && !form.countOnly;
  for (let i = first; i < argv.length; i++) {
    const word = (argv[i] as string).toLowerCase();
    const left = argv.length - i - 1;
    if (word === 'weights' && combines && left >= sources.length) {
      for (const source of sources) {
        const weight = parseExactDouble(argv[++i] as string);
        if (weight === undefined) return NOT_A_WEIGHT;
        source.weight = weight;
      }
    } else if (word === 'aggregate' && combines && left >= 1) {
      const aggregate = (argv[++i] as string).toLowerCase();
      if (aggregate !== 'sum' && aggregate !== 'min' && aggregate !== 'max') return SYNTAX_ERROR;
      options.aggregate = aggregate;
    } else if (word === 'withscores' && !form.store && !form.countOnly) {
      options.withScores = true;
    } else if (word === 'limit' && form.countOnly && left >= 1) {
      const limit = parseAtLeast(argv[++i] as string, 0, NEGATIVE_LIMIT);
      if (typeof limit === 'string') return limit;
      options.limit = limit;
    } else return SYNTAX_ERROR;
  }
  return options;
}

function resultOf(form: Form, sources: Source[], { aggregate, limit }: Options): ScoredMember[] {
  if (form.operation === 'diff') return differ(sources);
  const ascending = sources.toSorted((a, b) => a.size - b.size);
  return form.operation === 'union' ? unite(ascending, aggregate) : intersect(ascending, aggregate, limit);
}

function combine(context: Context, argv: readonly string[], form: Form): Reply {
  const countAt = form.store ? 2 : 1;
  const sources = readSources(context, argv, countAt);
  if (typeof sources === 'string') return sources;
  const options = parseOptions(argv, countAt + 1 + sources.length, form, sources);
  if (typeof options === 'string') return options;
  const members = resultOf(form, sources, options);
  if (form.countOnly) return integer(members.length);
  if (form.store) return integer(storeMembers(context, argv[1] as string, members, context.row.name));
  const sorted = SortedSet.from(context.node, members);
  return membersReply(sorted.slice(0, sorted.size), options.withScores, context.resp);
}

const reading = {
  arity: -3,
  flags: ['readonly'],
  categories: ['sortedset'],
  keySpecs: [countedKeys(['RO', 'access'], 1)],
  since: '6.2.0',
  group: 'sorted-set',
} as const;
const storing = {
  arity: -4,
  flags: ['write', 'denyoom'],
  categories: ['sortedset'],
  keySpecs: [keys(['OW', 'update']), countedKeys(['RO', 'access'], 2)],
  since: '2.0.0',
  group: 'sorted-set',
} as const;

const unionComplexity = 'O(N)+O(M*log(M)) for N members in all, and a result of M';
const interComplexity = 'O(N*K)+O(M*log(M)) for a smallest set of N, K sets, and a result of M';
const diffComplexity = 'O(N*K)+O(M*log(M)) for a first set of N, K sets, and a result of M';

export const combineRows: readonly CommandRow[] = [
  {
    ...reading,
    name: 'zunion',
    summary: 'Returns the members of any of several sorted sets',
    complexity: unionComplexity,
    handler: (context, argv) => combine(context, argv, { operation: 'union' }),
  },
  {
    ...reading,
    name: 'zinter',
    summary: 'Returns the members that several sorted sets have in common',
    complexity: interComplexity,
    handler: (context, argv) => combine(context, argv, { operation: 'inter' }),
  },
  {
    ...reading,
    name: 'zdiff',
    summary: 'Returns the members of a sorted set that no other has',
    complexity: diffComplexity,
    handler: (context, argv) => combine(context, argv, { operation: 'diff' }),
  },
  {
    ...reading,
    name: 'zintercard',
    summary: 'Counts the members that several sorted sets have in common',
    since: '7.0.0',
    complexity: 'O(N*K) for a smallest set of N, and K sets',
    handler: (context, argv) => combine(context, argv, { operation: 'inter', countOnly: true }),
  },
  {
    ...storing,
    name: 'zunionstore',
    summary: 'Keeps the members of any of several sorted sets as another one',
    complexity: unionComplexity,
    handler: (context, argv) => combine(context, argv, { operation: 'union', store: true }),
  },
  {
    ...storing,
    name: 'zinterstore',
    summary: 'Keeps the members that several sorted sets have in common as another one',
    complexity: interComplexity,
    handler: (context, argv) => combine(context, argv, { operation: 'inter', store: true }),
  },
  {
    ...storing,
    name: 'zdiffstore',
    summary: 'Keeps the members of a sorted set that no other has as another one',
    since: '6.2.0',
    complexity: diffComplexity,
    handler: (context, argv) => combine(context, argv, { operation: 'diff', store: true }),
  },
];
