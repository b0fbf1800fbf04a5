/** Owns DBSIZE, FLUSHDB and FLUSHALL. Source: Redis db.c dbsizeCommand, flushdbCommand, flushallCommand. */
import { integer, OK } from '../../../protocol/resp/encode.ts';
import { SYNTAX_ERROR } from '../../command/errors.ts';
import type { CommandRow, Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Database } from '../../parts.ts';

/** ASYNC and SYNC mean the same here: the garbage collector gives memory back later in any case. */
function flush(context: Context, argv: readonly string[], databases: readonly Database[]): Reply {
  const mode = argv[1]?.toLowerCase();
  if (argv.length > 2 || (mode !== undefined && mode !== 'async' && mode !== 'sync')) return SYNTAX_ERROR;
  for (const db of databases) if (db.size > 0) db.clear();
  // Sent on even when nothing was there: a replica may hold what this node does not.
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
    handler: (context, argv) => flush(context, argv, context.node.databases),
  },
  {
    ...flushing,
    name: 'flushdb',
    summary: 'Deletes all keys of the database',
    complexity: 'O(N) where N is the number of keys in the selected database',
    handler: (context, argv) => flush(context, argv, [context.db]),
  },
];
