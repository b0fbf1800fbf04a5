/**
 * Owns the commands that give a value to another key: RENAME, RENAMENX, COPY, MOVE. Source: Redis db.c
 * renameGenericCommand, copyCommand, moveCommand.
 */
import { error, OK, ONE, ZERO } from '../../../protocol/resp/encode.ts';
import { parseInt32 } from '../../command/arguments.ts';
import { DB_INDEX_OUT_OF_RANGE, NO_SUCH_KEY, SAME_OBJECT, SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Database } from '../../parts/keyspace.ts';
import { typeOf } from '../../types/types.ts';

const NO_MOVE_IN_CLUSTER = error('ERR MOVE is not allowed in cluster mode');
const NO_COPY_IN_CLUSTER = error('ERR Copying to another database is not allowed in cluster mode');

function rename(context: Context, argv: readonly string[], onlyIfFree: boolean): Reply {
  const source = argv[1] as string;
  const target = argv[2] as string;
  const db = context.db;
  if (db.lookupWrite(source) === undefined) return NO_SUCH_KEY;
  if (source === target) return onlyIfFree ? ZERO : OK;
  if (onlyIfFree && db.lookupWrite(target) !== undefined) return ZERO;
  db.moveTo(source, db, target);
  db.notify('g', 'rename_from', source);
  db.notify('g', 'rename_to', target);
  return onlyIfFree ? ONE : OK;
}

/** The index of a database that an argument names, or the error reply. */
function databaseIndex(context: Context, text: string): number | string {
  const index = parseInt32(text);
  if (typeof index === 'string') return index;
  // In cluster mode only the first one can be used, yet the others count as being there.
  return index >= 0 && index < context.node.config.number('databases') ? index : DB_INDEX_OUT_OF_RANGE;
}

function move(context: Context, argv: readonly string[]): Reply {
  if (context.node.cluster !== undefined) return NO_MOVE_IN_CLUSTER;
  const key = argv[1] as string;
  const source = context.db;
  const index = databaseIndex(context, argv[2] as string);
  if (typeof index === 'string') return index;
  const target = context.node.databases[index] as Database;
  if (source === target) return SAME_OBJECT;
  if (source.lookupWrite(key) === undefined || target.lookupWrite(key) !== undefined) return ZERO;
  source.moveTo(key, target, key);
  source.notify('g', 'move_from', key);
  target.notify('g', 'move_to', key);
  return ONE;
}

function copy(context: Context, argv: readonly string[]): Reply {
  let targetIndex = context.db.index;
  let replace = false;
  for (let i = 3; i < argv.length; i++) {
    const word = (argv[i] as string).toUpperCase();
    if (word === 'REPLACE') {
      replace = true;
    } else if (word === 'DB' && i + 1 < argv.length) {
      const index = databaseIndex(context, argv[++i] as string);
      if (typeof index === 'string') return index;
      targetIndex = index;
    } else return SYNTAX_ERROR;
  }
  if (context.node.cluster !== undefined && targetIndex !== 0) return NO_COPY_IN_CLUSTER;
  const target = context.node.databases[targetIndex] as Database;
  const sourceKey = argv[1] as string;
  const targetKey = argv[2] as string;
  if (target === context.db && sourceKey === targetKey) return SAME_OBJECT;
  const entry = context.db.lookupRead(sourceKey);
  if (entry === undefined) return ZERO;
  if (target.lookupWrite(targetKey) !== undefined && !replace) return ZERO;
  const value = typeOf(entry.value).copy(entry.value);
  target.recreate(targetKey, value, entry.expireAtMs, entry.encodingHint);
  target.notify('g', 'copy_to', targetKey);
  return ONE;
}

export const renameRows: readonly CommandRow[] = [
  {
    name: 'rename',
    arity: 3,
    flags: ['write'],
    categories: ['keyspace'],
    keySpecs: [keys(['RW', 'access', 'delete']), keys(['OW', 'update'], 2)],
    summary: 'Gives a key another name; what had that name is deleted',
    since: '1.0.0',
    group: 'generic',
    complexity: 'O(1)',
    handler: (context, argv) => rename(context, argv, false),
  },
  {
    name: 'renamenx',
    arity: 3,
    flags: ['write', 'fast'],
    categories: ['keyspace'],
    keySpecs: [keys(['RW', 'access', 'delete']), keys(['OW', 'insert'], 2)],
    summary: 'Gives a key another name if no key has that name',
    since: '1.0.0',
    group: 'generic',
    complexity: 'O(1)',
    handler: (context, argv) => rename(context, argv, true),
  },
  {
    name: 'copy',
    arity: -3,
    flags: ['write', 'denyoom'],
    categories: ['keyspace'],
    keySpecs: [keys(['RO', 'access']), keys(['OW', 'update'], 2)],
    summary: 'Copies the value of a key, and its time to live, to another key',
    since: '6.2.0',
    group: 'generic',
    complexity: 'O(1) for strings, else O(N) for N elements',
    handler: copy,
  },
  {
    name: 'move',
    arity: 3,
    flags: ['write', 'fast'],
    categories: ['keyspace'],
    keySpecs: [keys(['RW', 'access', 'update'])],
    summary: 'Moves a key to another database',
    since: '1.0.0',
    group: 'generic',
    complexity: 'O(1)',
    handler: move,
  },
];
