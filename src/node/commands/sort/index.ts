/**
 * Owns SORT and SORT_RO. Source: Redis sort.c sortCommandGeneric.
 */
import { array, bulkOrNull, error, integer } from '../../../protocol/resp/encode.ts';
import { WRONG_TYPE } from '../../command/errors.ts';
import { type CommandRow, type KeySpec, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Value } from '../../keyspace/value.ts';
import { List } from '../../types/list/list.ts';
import { listType } from '../../types/list/row.ts';
import { setType } from '../../types/set/row.ts';
import { sortedSetType } from '../../types/zset/row.ts';
import { type PatternsDenied, parseSortOptions, type SortOptions, sortKeys } from './options.ts';
import { sortByNumbers, sortByTexts } from './order.ts';
import { lookupOf } from './pattern.ts';

/** The address of the client under which a script's commands run. */
const SCRIPT = 'lua';

const NOT_NUMBERS = error("ERR One or more scores can't be converted into double");

/** The elements in their own order, or the error reply. */
function elementsOf(value: Value | undefined): string[] | string {
  if (value === undefined) return [];
  if (listType.holds(value)) return [...value.elements()];
  if (setType.holds(value)) return [...value];
  if (sortedSetType.holds(value)) return Array.from(value.members(), ({ key }) => key);
  return WRONG_TYPE;
}

/** Which of `size` elements LIMIT leaves: [start, end). */
function limits({ offset, limit }: SortOptions, size: number): [start: number, end: number] {
  const start = Math.min(Math.max(offset, 0), size);
  return [start, limit < 0 ? size : Math.min(start + limit, size)];
}

/** The elements in the order that is asked for; undefined when they are no numbers but are to be. */
function inOrder(
  { db, client }: Context,
  options: SortOptions,
  value: Value | undefined,
  elements: string[],
): string[] | undefined {
  const { descending } = options;
  let { alpha, by } = options;
  if (options.unsorted) {
    const isSet = value !== undefined && setType.holds(value);
    // A set has no order of its own, and what is kept or a script goes on with must not be left to chance.
    if (!isSet) return descending ? elements.reverse() : elements;
    if (options.store === undefined && client.address !== SCRIPT) return elements;
    alpha = true;
    by = undefined;
  }
  const weightOf = lookupOf(db, by ?? '#');
  if (alpha) return sortByTexts(elements, weightOf, { whole: options.store !== undefined, descending });
  const sorted = sortByNumbers(elements, weightOf);
  return descending ? sorted?.reverse() : sorted;
}

/** What is given for the elements: themselves, or what the GET patterns name. */
function results(
  { db }: Context,
  { gets }: SortOptions,
  elements: readonly string[],
): (string | undefined)[] {
  if (gets.length === 0) return [...elements];
  const lookups = gets.map((pattern) => lookupOf(db, pattern));
  return elements.flatMap((element) => lookups.map((lookup) => lookup(element)));
}

/** Keeps the result as a list; without one, the key goes. */
function store({ db }: Context, key: string, found: readonly (string | undefined)[]): Reply {
  if (found.length > 0) {
    const list = new List();
    for (const text of found) list.pushTail(text ?? '');
    db.set(key, list);
    if (found.length > 1) db.changed(key, found.length - 1);
    db.notify('l', 'sortstore', key);
  } else if (db.delete(key)) {
    db.notify('g', 'del', key);
  }
  return integer(found.length);
}

function patternsDenied({ node, client, row }: Context, argv: readonly string[]): PatternsDenied | undefined {
  if (node.cluster !== undefined) return 'in Cluster mode';
  return client.user.readsAllKeys(row, argv) ? undefined : 'due to insufficient ACL permissions';
}

function sort(context: Context, argv: readonly string[], readonly: boolean): Reply {
  const options = parseSortOptions(argv, patternsDenied(context, argv), readonly);
  if (typeof options === 'string') return options;
  const value = context.db.lookupRead(argv[1] as string)?.value;
  const elements = elementsOf(value);
  if (typeof elements === 'string') return elements;
  const sorted = inOrder(context, options, value, elements);
  if (sorted === undefined) return NOT_NUMBERS;
  const found = results(context, options, sorted.slice(...limits(options, sorted.length)));
  if (options.store !== undefined) return store(context, options.store, found);
  return array(found.map((text) => bulkOrNull(text, context.resp)));
}

/** Keys that no spec can tell. */
function unknownKeys(flags: KeySpec['flags'], notes: string): KeySpec {
  return { flags, notes, begin: { type: 'unknown' }, find: { type: 'unknown' } };
}

const common = {
  arity: -2,
  categories: ['set', 'sortedset', 'list', 'dangerous'],
  group: 'generic',
  complexity: 'O(N + M log M) for N elements, of which M are given',
} as const;

const sorted = keys(['RO', 'access']);
const named = unknownKeys(
  ['RO', 'access'],
  'BY and GET name keys after the elements of the key that is sorted',
);
const stored = unknownKeys(['OW', 'update'], 'STORE may stand anywhere among the arguments');

export const sortRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'sort',
    flags: ['write', 'denyoom'],
    keySpecs: [sorted, named, stored],
    getKeys: sortKeys,
    summary: 'Sorts the elements of a list, set or sorted set, and gives or keeps them or what they name',
    since: '1.0.0',
    handler: (context, argv) => sort(context, argv, false),
  },
  {
    ...common,
    name: 'sort_ro',
    flags: ['readonly'],
    keySpecs: [sorted, named],
    getKeys: () => [1],
    summary: 'Sorts the elements of a list, set or sorted set, and gives them or what they name',
    since: '7.0.0',
    handler: (context, argv) => sort(context, argv, true),
  },
];
