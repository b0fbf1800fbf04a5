/**
 * Owns SAVE, BGSAVE, LASTSAVE and BGREWRITEAOF. Source: Redis rdb.c saveCommand, bgsaveCommand; db.c lastsaveCommand; aof.c
 * bgrewriteaofCommand.
 */
import { error, integer, OK, simple } from '../../../protocol/resp/encode.ts';
import { SYNTAX_ERROR } from '../../command/errors.ts';
import type { CommandRow, Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';

const IN_PROGRESS = error('ERR Background save already in progress');
/** Redis says no more; the log does. */
const FAILED = error('ERR');

/** An RDB is written: to disk, or to replicas. */
function writesRdb({ node }: Context): boolean {
  const { saves, background } = node.persistence;
  return saves.inProgress || background.kind === 'sync';
}

function save(context: Context): Reply {
  if (writesRdb(context)) return IN_PROGRESS;
  const { saves } = context.node.persistence;
  return saves.save() ? OK : FAILED;
}

function bgsave(context: Context, argv: readonly string[]): Reply {
  if (argv.length > 2 || (argv.length === 2 && argv[1]?.toLowerCase() !== 'schedule')) return SYNTAX_ERROR;
  if (writesRdb(context)) return IN_PROGRESS;
  const { node, mayBlock } = context;
  const { saves, background } = node.persistence;
  // Within a transaction it waits for the end.
  if (background.kind !== undefined || !mayBlock) {
    if (argv.length === 1 && mayBlock)
      return error(
        "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a " +
          'BGSAVE whenever possible.',
      );
    saves.scheduled = true;
    return simple('Background saving scheduled');
  }
  return saves.saveInBackground() ? simple('Background saving started') : FAILED;
}

function bgrewriteaof({ node }: Context): Reply {
  switch (node.persistence.aof.rewrite()) {
    case 'under way':
      return error('ERR Background append only file rewriting already in progress');
    case 'scheduled':
      return simple('Background append only file rewriting scheduled');
    case 'started':
      return simple('Background append only file rewriting started');
    case 'failed':
      return error(
        "ERR Can't execute an AOF background rewriting. Please check the server logs for more information.",
      );
  }
}

const common = {
  categories: [],
  keySpecs: [],
  since: '1.0.0',
  group: 'server',
} as const;

export const saveRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'save',
    arity: 1,
    flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
    summary: 'Writes the data set to disk, and answers when it is there',
    complexity: 'O(N) where N is the total number of keys in all databases',
    handler: save,
  },
  {
    ...common,
    name: 'bgsave',
    arity: -1,
    flags: ['admin', 'noscript', 'no_async_loading'],
    summary: 'Writes the data set of this moment to disk while the node goes on',
    complexity: 'O(1)',
    handler: bgsave,
  },
  {
    ...common,
    name: 'bgrewriteaof',
    arity: 1,
    flags: ['admin', 'noscript', 'no_async_loading'],
    summary: 'Makes the append only file anew of the data of this moment, while the node goes on',
    complexity: 'O(1)',
    handler: bgrewriteaof,
  },
  {
    ...common,
    name: 'lastsave',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    categories: ['admin', 'dangerous'],
    summary: 'When the data were last saved: Unix seconds; the start of the node before that',
    complexity: 'O(1)',
    tips: ['nondeterministic_output'],
    handler: ({ node }) => integer(Math.floor(node.persistence.saves.lastSaveMs / 1000)),
  },
];
