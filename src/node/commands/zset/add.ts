/** Owns ZADD and ZINCRBY. Source: Redis t_zset.c zaddGenericCommand, zsetAdd. */
import { double, error, integer, nullBulk, ZERO } from '../../../protocol/resp/encode.ts';
import { parseExactDouble } from '../../command/double.ts';
import { NOT_A_FLOAT, SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { ValueHost } from '../../types/row.ts';
import { sortedSetType } from '../../types/zset/row.ts';
import { SortedSet } from '../../types/zset/sorted-set.ts';
import { collectionToChange, collectionToFill, settleCollection } from '../collection.ts';

const XX_AND_NX = error('ERR XX and NX options at the same time are not compatible');
const GT_LT_NX = error('ERR GT, LT, and/or NX options at the same time are not compatible');
const ONE_PAIR_ONLY = error('ERR INCR option supports a single increment-element pair');
const NOT_A_NUMBER = error('ERR resulting score is not a number (NaN)');

interface AddOptions {
  nx: boolean;
  xx: boolean;
  gt: boolean;
  lt: boolean;
  ch: boolean;
  incr: boolean;
  /** Index in argv of the first score. */
  first: number;
}

type Flag = Exclude<keyof AddOptions, 'first'>;

const flags: ReadonlySet<string> = new Set<Flag>(['nx', 'xx', 'gt', 'lt', 'ch', 'incr']);

function isFlag(word: string): word is Flag {
  return flags.has(word);
}

function parseOptions(argv: readonly string[], increments: boolean): AddOptions | string {
  const options = { nx: false, xx: false, gt: false, lt: false, ch: false, incr: increments, first: 2 };
  for (; options.first < argv.length; options.first++) {
    const word = (argv[options.first] as string).toLowerCase();
    if (!isFlag(word)) break;
    options[word] = true;
  }
  const { nx, xx, gt, lt, incr, first } = options;
  const count = argv.length - first;
  if (count === 0 || count % 2 !== 0) return SYNTAX_ERROR;
  if (nx && xx) return XX_AND_NX;
  if ((gt && nx) || (lt && nx) || (gt && lt)) return GT_LT_NX;
  return incr && count > 2 ? ONE_PAIR_ONLY : options;
}

/** What became of one pair: the score that the member has now, or undefined when the options kept it as it was. */
function addOne(
  set: SortedSet,
  member: string,
  given: number,
  { nx, xx, gt, lt, incr }: AddOptions,
): { readonly score: number; readonly change: 'added' | 'updated' | 'same' } | undefined {
  const found = set.find(member);
  if (found === undefined) {
    if (xx) return undefined;
    set.add(member, given);
    return { score: given, change: 'added' };
  }
  if (nx) return undefined;
  const before = found.score;
  const score = incr ? before + given : given;
  if ((gt && score <= before) || (lt && score >= before)) return undefined;
  if (score === before || Number.isNaN(score)) return { score, change: 'same' };
  set.update(found, score);
  return { score, change: 'updated' };
}

const createSortedSet = (host: ValueHost): SortedSet => new SortedSet(host);

/** ZADD, and with `increments` ZINCRBY. */
export function zadd(context: Context, argv: readonly string[], increments: boolean): Reply {
  const options = parseOptions(argv, increments);
  if (typeof options === 'string') return options;
  const { first, incr, ch } = options;
  const scores: number[] = [];
  for (let i = first; i < argv.length; i += 2) {
    const score = parseExactDouble(argv[i] as string);
    if (score === undefined) return NOT_A_FLOAT;
    scores.push(score);
  }
  const key = argv[1] as string;
  const set = options.xx
    ? collectionToChange(context, key, sortedSetType)
    : collectionToFill(context, key, sortedSetType, createSortedSet);
  if (typeof set === 'string') return set;
  if (set === undefined) return incr ? nullBulk(context.resp) : ZERO;
  let added = 0;
  let updated = 0;
  let result: number | undefined;
  for (const [index, given] of scores.entries()) {
    const outcome = addOne(set, argv[first + 2 * index + 1] as string, given, options);
    if (outcome?.change === 'added') added++;
    else if (outcome?.change === 'updated') updated++;
    result = outcome?.score;
  }
  if (Number.isNaN(result)) return NOT_A_NUMBER;
  settleCollection(context, key, set, added + updated);
  if (added + updated > 0) context.db.notify('z', incr ? 'zincr' : 'zadd', key);
  if (!incr) return integer(ch ? added + updated : added);
  return result === undefined ? nullBulk(context.resp) : double(result, context.resp);
}

const common = {
  flags: ['write', 'denyoom', 'fast'],
  categories: ['sortedset'],
  since: '1.2.0',
  group: 'sorted-set',
} as const;

export const addRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'zadd',
    arity: -4,
    keySpecs: [keys(['RW', 'update'])],
    summary: 'Adds members to a sorted set, or changes their scores; creates the set if needed',
    complexity: 'O(log(N)) for each member of a set of N',
    handler: (context, argv) => zadd(context, argv, false),
  },
  {
    ...common,
    name: 'zincrby',
    arity: 4,
    keySpecs: [keys(['RW', 'access', 'update'])],
    summary: 'Adds to the score of a member, which is added to the set if needed',
    complexity: 'O(log(N)) for a set of N',
    handler: (context, argv) => zadd(context, argv, true),
  },
];
