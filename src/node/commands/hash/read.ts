/** Owns the commands that read a hash. Source: Redis t_hash.c. */
import {
  array,
  bulk,
  bulkArray,
  bulkOrNull,
  EMPTY_ARRAY,
  integer,
  map,
  ONE,
  ZERO,
} from '../../../protocol/resp/encode.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Hash } from '../../types/hash/hash.ts';
import { hashType } from '../../types/hash/row.ts';
import { collectionToRead } from '../collection.ts';
import { scanElements } from '../scan-elements.ts';

/** The hash of argv[1], undefined without one, or the error reply. */
const hashToRead = (context: Context, argv: readonly string[]): Hash | string | undefined =>
  collectionToRead(context, argv[1] as string, hashType);

function hget(context: Context, argv: readonly string[]): Reply {
  const hash = hashToRead(context, argv);
  if (typeof hash === 'string') return hash;
  return bulkOrNull(hash?.get(argv[2] as string), context.resp);
}

function hmget(context: Context, argv: readonly string[]): Reply {
  const hash = hashToRead(context, argv);
  if (typeof hash === 'string') return hash;
  return array(argv.slice(2).map((field) => bulkOrNull(hash?.get(field), context.resp)));
}

function hgetall(context: Context, argv: readonly string[]): Reply {
  const hash = hashToRead(context, argv);
  if (typeof hash === 'string') return hash;
  const items: string[] = [];
  for (const [field, value] of hash?.entries() ?? []) items.push(bulk(field), bulk(value));
  return map(items, context.resp);
}

/** One text of each entry. */
function column(context: Context, argv: readonly string[], index: 0 | 1): Reply {
  const hash = hashToRead(context, argv);
  if (hash === undefined) return EMPTY_ARRAY;
  if (typeof hash === 'string') return hash;
  return bulkArray(Array.from(hash.entries(), (entry) => entry[index]));
}

function hlen(context: Context, argv: readonly string[]): Reply {
  const hash = hashToRead(context, argv);
  return typeof hash === 'string' ? hash : integer(hash?.size ?? 0);
}

function hstrlen(context: Context, argv: readonly string[]): Reply {
  const hash = hashToRead(context, argv);
  if (typeof hash === 'string') return hash;
  return integer(hash?.get(argv[2] as string)?.length ?? 0);
}

function hexists(context: Context, argv: readonly string[]): Reply {
  const hash = hashToRead(context, argv);
  if (typeof hash === 'string') return hash;
  return hash?.has(argv[2] as string) ? ONE : ZERO;
}

const common = { categories: ['hash'], group: 'hash', since: '2.0.0' } as const satisfies Partial<CommandRow>;

export const readRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'hget',
    arity: 3,
    flags: ['readonly', 'fast'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Returns the value of a field of a hash',
    complexity: 'O(1)',
    handler: hget,
  },
  {
    ...common,
    name: 'hmget',
    arity: -3,
    flags: ['readonly', 'fast'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Returns the values of several fields of a hash',
    complexity: 'O(N) for N fields',
    handler: hmget,
  },
  {
    ...common,
    name: 'hgetall',
    arity: 2,
    flags: ['readonly'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Returns all fields of a hash with their values',
    complexity: 'O(N) for a hash of N fields',
    tips: ['nondeterministic_output_order'],
    handler: hgetall,
  },
  {
    ...common,
    name: 'hkeys',
    arity: 2,
    flags: ['readonly'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Returns all fields of a hash',
    complexity: 'O(N) for a hash of N fields',
    tips: ['nondeterministic_output_order'],
    handler: (context, argv) => column(context, argv, 0),
  },
  {
    ...common,
    name: 'hvals',
    arity: 2,
    flags: ['readonly'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Returns all values of a hash',
    complexity: 'O(N) for a hash of N fields',
    tips: ['nondeterministic_output_order'],
    handler: (context, argv) => column(context, argv, 1),
  },
  {
    ...common,
    name: 'hlen',
    arity: 2,
    flags: ['readonly', 'fast'],
    keySpecs: [keys(['RO'])],
    summary: 'Counts the fields of a hash',
    complexity: 'O(1)',
    handler: hlen,
  },
  {
    ...common,
    name: 'hstrlen',
    arity: 3,
    flags: ['readonly', 'fast'],
    keySpecs: [keys(['RO'])],
    summary: 'Returns the length of the value of a field',
    since: '3.2.0',
    complexity: 'O(1)',
    handler: hstrlen,
  },
  {
    ...common,
    name: 'hexists',
    arity: 3,
    flags: ['readonly', 'fast'],
    keySpecs: [keys(['RO'])],
    summary: 'Tells whether a hash has a field',
    complexity: 'O(1)',
    handler: hexists,
  },
  {
    ...common,
    name: 'hscan',
    arity: -3,
    flags: ['readonly'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Lists a hash a few fields at a time, with a cursor to go on from',
    since: '2.8.0',
    complexity: 'O(1) for each call, O(N) for all N fields',
    tips: ['nondeterministic_output'],
    handler: (context, argv) => scanElements(context, argv, hashType),
  },
];
