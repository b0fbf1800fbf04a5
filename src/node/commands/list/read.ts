/** Owns the commands that read lists: LLEN, LRANGE, LINDEX, LPOS. Source: Redis t_list.c. */
import {
  array,
  bulkArray,
  bulkOrNull,
  EMPTY_ARRAY,
  error,
  integer,
  nullBulk,
  ZERO,
} from '../../../protocol/resp/encode.ts';
import { parseAtLeast, parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { List } from '../../types/list/list.ts';
import { listType } from '../../types/list/row.ts';
import { collectionToRead } from '../collection.ts';
import { clampRange } from '../range.ts';

function llen(context: Context, argv: readonly string[]): Reply {
  const list = collectionToRead(context, argv[1] as string, listType);
  if (list === undefined) return ZERO;
  return typeof list === 'string' ? list : integer(list.size);
}

function lrange(context: Context, argv: readonly string[]): Reply {
  const start = parseInteger(argv[2] as string);
  const stop = parseInteger(argv[3] as string);
  if (start === undefined || stop === undefined) return NOT_AN_INTEGER;
  const list = collectionToRead(context, argv[1] as string, listType);
  if (list === undefined) return EMPTY_ARRAY;
  if (typeof list === 'string') return list;
  const range = clampRange(start, stop, list.size);
  return bulkArray(list.slice(range.start, range.count));
}

function lindex(context: Context, argv: readonly string[]): Reply {
  const { resp } = context;
  const list = collectionToRead(context, argv[1] as string, listType);
  if (list === undefined) return nullBulk(resp);
  if (typeof list === 'string') return list;
  const index = parseInteger(argv[2] as string);
  if (index === undefined) return NOT_AN_INTEGER;
  return bulkOrNull(list.at(index < 0 ? list.size + index : index), resp);
}

interface PositionOptions {
  /** Which match is the first that counts, from the head; negative from the tail. */
  rank: number;
  /** Undefined: one, and not as an array. 0: all. */
  count: number | undefined;
  /** How many elements are compared; 0: all. */
  maxLength: number;
}

const ZERO_RANK = error(
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
);
const BAD_COUNT = error("ERR COUNT can't be negative");
const BAD_MAX_LENGTH = error("ERR MAXLEN can't be negative");

function parsePositionOptions(argv: readonly string[]): PositionOptions | string {
  const options: PositionOptions = { rank: 1, count: undefined, maxLength: 0 };
  for (let i = 3; i < argv.length; i += 2) {
    const word = (argv[i] as string).toUpperCase();
    const text = argv[i + 1];
    if (text === undefined) return SYNTAX_ERROR;
    if (word === 'RANK') {
      const rank = parseInteger(text);
      if (rank === undefined) return NOT_AN_INTEGER;
      if (rank === 0) return ZERO_RANK;
      options.rank = rank;
    } else if (word === 'COUNT') {
      const count = parseAtLeast(text, 0, BAD_COUNT);
      if (typeof count === 'string') return count;
      options.count = count;
    } else if (word === 'MAXLEN') {
      const maxLength = parseAtLeast(text, 0, BAD_MAX_LENGTH);
      if (typeof maxLength === 'string') return maxLength;
      options.maxLength = maxLength;
    } else return SYNTAX_ERROR;
  }
  return options;
}

/** The places that LPOS tells. */
function positions(list: List, element: string, options: PositionOptions): number[] {
  const compared = options.maxLength === 0 ? list.size : Math.min(options.maxLength, list.size);
  const wanted = options.count === 0 ? list.size : (options.count ?? 1);
  const places = options.rank > 0 ? list.placesOf(element, compared) : list.lastPlacesOf(element, compared);
  const found: number[] = [];
  let skip = Math.abs(options.rank) - 1;
  for (const place of places) {
    if (skip-- > 0) continue;
    found.push(place);
    if (found.length === wanted) break;
  }
  return found;
}

function lpos(context: Context, argv: readonly string[]): Reply {
  const options = parsePositionOptions(argv);
  if (typeof options === 'string') return options;
  const list = collectionToRead(context, argv[1] as string, listType);
  if (typeof list === 'string') return list;
  const found = list === undefined ? [] : positions(list, argv[2] as string, options);
  if (options.count !== undefined) return array(found.map((place) => integer(place)));
  return found[0] === undefined ? nullBulk(context.resp) : integer(found[0]);
}

const common = { flags: ['readonly'], categories: ['list'], group: 'list' } as const;
const accessing = [keys(['RO', 'access'])];

export const readRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'llen',
    arity: 2,
    flags: ['readonly', 'fast'],
    keySpecs: [keys(['RO'])],
    summary: 'Counts the elements of a list',
    since: '1.0.0',
    complexity: 'O(1)',
    handler: llen,
  },
  {
    ...common,
    name: 'lrange',
    arity: 4,
    keySpecs: accessing,
    summary: 'Returns the elements of a list from one place to another',
    since: '1.0.0',
    complexity: 'O(S+N) for N elements at a distance of S from the nearer end',
    handler: lrange,
  },
  {
    ...common,
    name: 'lindex',
    arity: 3,
    keySpecs: accessing,
    summary: 'Returns the element of a list at a place',
    since: '1.0.0',
    complexity: 'O(N) for a distance of N from the nearer end, in steps of many elements',
    handler: lindex,
  },
  {
    ...common,
    name: 'lpos',
    arity: -3,
    keySpecs: accessing,
    summary: 'Finds the places of an element in a list',
    since: '6.0.6',
    complexity: 'O(N) for N elements that are compared',
    handler: lpos,
  },
];
