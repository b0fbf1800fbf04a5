/** Owns the commands that set and delete fields of a hash. Source: Redis t_hash.c. */
import { integer, OK, ONE, ZERO } from '../../../protocol/resp/encode.ts';
import { wrongArity } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { hashType } from '../../types/hash/row.ts';
import { collectionToChange, settleCollection } from '../collection.ts';
import { hashToFill } from './fill.ts';

/** How many of the fields were new, or the error reply. */
function setFields(context: Context, argv: readonly string[]): number | string {
  if (argv.length % 2 === 1) return wrongArity(context.row.name);
  const key = argv[1] as string;
  const hash = hashToFill(context, key);
  if (typeof hash === 'string') return hash;
  let created = 0;
  for (let at = 2; at < argv.length; at += 2)
    if (hash.set(argv[at] as string, argv[at + 1] as string)) created++;
  context.db.notify('h', 'hset', key);
  settleCollection(context, key, hash, (argv.length - 2) / 2);
  return created;
}

function hset(context: Context, argv: readonly string[]): Reply {
  const created = setFields(context, argv);
  return typeof created === 'string' ? created : integer(created);
}

function hmset(context: Context, argv: readonly string[]): Reply {
  const created = setFields(context, argv);
  return typeof created === 'string' ? created : OK;
}

function hsetnx(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  const field = argv[2] as string;
  const hash = hashToFill(context, key);
  if (typeof hash === 'string') return hash;
  if (hash.has(field)) return ZERO;
  hash.set(field, argv[3] as string);
  context.db.notify('h', 'hset', key);
  settleCollection(context, key, hash, 1);
  return ONE;
}

function hdel(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  const hash = collectionToChange(context, key, hashType);
  if (hash === undefined) return ZERO;
  if (typeof hash === 'string') return hash;
  let deleted = 0;
  for (let at = 2; at < argv.length; at++) if (hash.delete(argv[at] as string)) deleted++;
  if (deleted > 0) context.db.notify('h', 'hdel', key);
  settleCollection(context, key, hash, deleted);
  return integer(deleted);
}

const common = { categories: ['hash'], group: 'hash', since: '2.0.0' } as const satisfies Partial<CommandRow>;

export const writeRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'hset',
    arity: -4,
    flags: ['write', 'denyoom', 'fast'],
    keySpecs: [keys(['RW', 'update'])],
    summary: 'Sets fields of a hash',
    complexity: 'O(N) for N fields',
    handler: hset,
  },
  {
    ...common,
    name: 'hsetnx',
    arity: 4,
    flags: ['write', 'denyoom', 'fast'],
    keySpecs: [keys(['RW', 'insert'])],
    summary: 'Sets a field of a hash if it is not there',
    complexity: 'O(1)',
    handler: hsetnx,
  },
  {
    ...common,
    name: 'hmset',
    arity: -4,
    flags: ['write', 'denyoom', 'fast'],
    keySpecs: [keys(['RW', 'update'])],
    summary: 'Sets fields of a hash, as HSET does',
    complexity: 'O(N) for N fields',
    handler: hmset,
  },
  {
    ...common,
    name: 'hdel',
    arity: -3,
    flags: ['write', 'fast'],
    keySpecs: [keys(['RW', 'delete'])],
    summary: 'Deletes fields of a hash',
    complexity: 'O(N) for N fields',
    handler: hdel,
  },
];
