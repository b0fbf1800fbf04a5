/** Owns LPOP, RPOP and LMPOP. Source: Redis t_list.c popGenericCommand, mpopGenericCommand. */
import { bulk, bulkArray, EMPTY_ARRAY, nullArray, nullBulk } from '../../../protocol/resp/encode.ts';
import { parseAtLeast } from '../../command/arguments.ts';
import { NEGATIVE_COUNT, wrongArity } from '../../command/errors.ts';
import { type CommandRow, countedKeys, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { listType } from '../../types/list/row.ts';
import { collectionToChange } from '../collection.ts';
import { parseMultiPop } from '../multi-pop.ts';
import { type End, parseEnd, popMany, popWithKey, settlePop } from './ends.ts';

function pop(context: Context, argv: readonly string[], end: End): Reply {
  if (argv.length > 2) return popCount(context, argv, end);
  const key = argv[1] as string;
  const list = collectionToChange(context, key, listType);
  if (list === undefined) return nullBulk(context.resp);
  if (typeof list === 'string') return list;
  const element = end === 'LEFT' ? list.popHead() : list.popTail();
  settlePop(context, key, list, end, 1);
  return bulk(element);
}

function popCount(context: Context, argv: readonly string[], end: End): Reply {
  if (argv.length > 3) return wrongArity(context.row.name);
  const count = parseAtLeast(argv[2] as string, 0, NEGATIVE_COUNT);
  if (typeof count === 'string') return count;
  const key = argv[1] as string;
  const list = collectionToChange(context, key, listType);
  if (list === undefined) return nullArray(context.resp);
  if (typeof list === 'string') return list;
  return count === 0 ? EMPTY_ARRAY : bulkArray(popMany(context, key, list, end, count));
}

function popFromFirst(context: Context, argv: readonly string[]): Reply {
  const request = parseMultiPop(argv, 1, parseEnd);
  if (typeof request === 'string') return request;
  for (const key of request.keys) {
    const reply = popWithKey(context, key, request.end, request.count);
    if (reply !== undefined) return reply;
  }
  return nullArray(context.resp);
}

const common = { categories: ['list'], group: 'list' } as const;
const popping = {
  ...common,
  arity: -2,
  flags: ['write', 'fast'],
  keySpecs: [keys(['RW', 'access', 'delete'])],
  since: '1.0.0',
  complexity: 'O(N) for N elements that are returned',
} as const;

export const popRows: readonly CommandRow[] = [
  {
    ...popping,
    name: 'lpop',
    summary: 'Takes the first elements of a list',
    handler: (context, argv) => pop(context, argv, 'LEFT'),
  },
  {
    ...popping,
    name: 'rpop',
    summary: 'Takes the last elements of a list',
    handler: (context, argv) => pop(context, argv, 'RIGHT'),
  },
  {
    ...common,
    name: 'lmpop',
    arity: -4,
    flags: ['write'],
    keySpecs: [countedKeys(['RW', 'access', 'delete'], 1)],
    summary: 'Takes elements from the first of several lists that has any',
    since: '7.0.0',
    complexity: 'O(N+M) for N keys and M elements that are returned',
    handler: popFromFirst,
  },
];
