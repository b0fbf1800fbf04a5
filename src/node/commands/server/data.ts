/** Owns DBSIZE, FLUSHDB, FLUSHALL and SWAPDB. Source: Redis db.c dbsizeCommand, flushallCommand, swapdbCommand. */
import { error, integer, OK } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { DB_INDEX_OUT_OF_RANGE, SYNTAX_ERROR } from '../../command/errors.ts';
import type { CommandRow, Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Database } from '../../parts/keyspace.ts';

/** ASYNC and SYNC mean the same here: the garbage collector gives memory back later in any case. */
function flush(context: Context, argv: readonly string[], databases: readonly Database[]): Reply {
  const refusal = flushRefusal(argv);
  if (refusal !== undefined) return refusal;
  for (const db of databases) if (db.size > 0) db.clear();
  // Caches may know of keys that were never there.
  context.node.dispatch.databasesFlushed();
  // Sent on even when nothing was there: a replica may hold what this node does not.
  context.propagateAs(argv);
  return OK;
}

function flushRefusal(argv: readonly string[]): string | undefined {
  const mode = argv[1]?.toLowerCase();
  if (argv.length > 2 || (mode !== undefined && mode !== 'async' && mode !== 'sync')) return SYNTAX_ERROR;
  return undefined;
}

/** What is on disk becomes empty, too; a BGSAVE of what is gone is given up. */
function flushall(context: Context, argv: readonly string[]): Reply {
  const { databases, persistence, replication } = context.node;
  if (flushRefusal(argv) === undefined) {
    persistence.saves.giveUp();
    replication.service.giveUpSyncs();
  }
  const reply = flush(context, argv, databases);
  if (reply === OK) persistence.flushed();
  return reply;
}

/** An index of a database, or the error reply. */
function indexOf(text: string, which: 'first' | 'second'): number | string {
  const value = parseInteger(text);
  return value === undefined || Math.abs(value) > 2147483647 ? error(`ERR invalid ${which} DB index`) : value;
}

function swapdb(context: Context, argv: readonly string[]): Reply {
  const { node } = context;
  if (node.cluster !== undefined) return error('ERR SWAPDB is not allowed in cluster mode');
  const first = indexOf(argv[1] as string, 'first');
  if (typeof first === 'string') return first;
  const second = indexOf(argv[2] as string, 'second');
  if (typeof second === 'string') return second;
  const a = node.databases[first];
  const b = node.databases[second];
  if (a === undefined || b === undefined) return DB_INDEX_OUT_OF_RANGE;
  if (a !== b) {
    node.dispatch.databasesSwapped(a, b);
    a.swap(b);
  }
  context.propagateAs(argv);
  return OK;
}

const flushing = {
  arity: -1,
  flags: ['write'],
  categories: ['keyspace', 'dangerous'],
  keySpecs: [],
  since: '1.0.0',
  group: 'server',
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
} as const;

export const dataRows: readonly CommandRow[] = [
  {
    name: 'dbsize',
    arity: 1,
    flags: ['readonly', 'fast'],
    categories: ['keyspace'],
    keySpecs: [],
    summary: 'Counts the keys of the database',
    since: '1.0.0',
    group: 'server',
    complexity: 'O(1)',
    tips: ['request_policy:all_shards', 'response_policy:agg_sum'],
    handler: ({ db }) => integer(db.size),
  },
  {
    ...flushing,
    name: 'flushall',
    summary: 'Deletes all keys of all databases',
    complexity: 'O(N) where N is the total number of keys in all databases',
    handler: flushall,
  },
  {
    ...flushing,
    name: 'flushdb',
    summary: 'Deletes all keys of the database',
    complexity: 'O(N) where N is the number of keys in the selected database',
    handler: (context, argv) => flush(context, argv, [context.db]),
  },
  {
    name: 'swapdb',
    arity: 3,
    flags: ['write', 'fast'],
    categories: ['keyspace', 'dangerous'],
    keySpecs: [],
    summary: 'Lets two databases change places',
    since: '4.0.0',
    group: 'server',
    complexity: 'O(N) where N is the count of clients watching or blocking on keys from both databases.',
    handler: swapdb,
  },
];
