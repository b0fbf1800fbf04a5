/**
 * Owns the commands that delete keys or ask whether they are there. Source: Redis db.c delGenericCommand,
 * existsCommand, expire.c touchCommand.
 */
import { integer } from '../../../protocol/resp/encode.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';

/** DEL and UNLINK alike: memory is given back by the garbage collector, not here. */
function del(context: Context, argv: readonly string[]): Reply {
  const db = context.db;
  let deleted = 0;
  for (let i = 1; i < argv.length; i++) {
    const key = argv[i] as string;
    if (!db.delete(key)) continue;
    db.notify('g', 'del', key);
    deleted++;
  }
  return integer(deleted);
}

function exists(context: Context, argv: readonly string[]): Reply {
  let count = 0;
  for (let i = 1; i < argv.length; i++)
    if (context.db.lookupNoTouch(argv[i] as string) !== undefined) count++;
  return integer(count);
}

function touch(context: Context, argv: readonly string[]): Reply {
  let count = 0;
  for (let i = 1; i < argv.length; i++) if (context.db.lookupRead(argv[i] as string) !== undefined) count++;
  return integer(count);
}

export const deleteRows: readonly CommandRow[] = [
  {
    name: 'del',
    arity: -2,
    flags: ['write'],
    categories: ['keyspace'],
    keySpecs: [keys(['RM', 'delete'], 1, -1)],
    summary: 'Deletes keys',
    since: '1.0.0',
    group: 'generic',
    complexity: 'O(N) for N keys',
    tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
    handler: del,
  },
  {
    name: 'unlink',
    arity: -2,
    flags: ['write', 'fast'],
    categories: ['keyspace'],
    keySpecs: [keys(['RM', 'delete'], 1, -1)],
    summary: 'Deletes keys; the same as DEL here, because memory is always given back later',
    since: '4.0.0',
    group: 'generic',
    complexity: 'O(N) for N keys',
    tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
    handler: del,
  },
  {
    name: 'exists',
    arity: -2,
    flags: ['readonly', 'fast'],
    categories: ['keyspace'],
    keySpecs: [keys(['RO'], 1, -1)],
    summary: 'Counts how many of the keys exist; a key given twice counts twice',
    since: '1.0.0',
    group: 'generic',
    complexity: 'O(N) for N keys',
    tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
    handler: exists,
  },
  {
    name: 'touch',
    arity: -2,
    flags: ['readonly', 'fast'],
    categories: ['keyspace'],
    keySpecs: [keys(['RO'], 1, -1)],
    summary: 'Marks keys as used just now and counts how many of them exist',
    since: '3.2.1',
    group: 'generic',
    complexity: 'O(N) for N keys',
    tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
    handler: touch,
  },
];
