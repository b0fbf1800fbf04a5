/** Owns the commands that add and remove members of a set. Source: Redis t_set.c. */
import { integer, ONE, ZERO } from '../../../protocol/resp/encode.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { ValueHost } from '../../types/row.ts';
import { setType } from '../../types/set/row.ts';
import { MemberSet } from '../../types/set/set.ts';
import { collectionToChange, collectionToFill, settleCollection } from '../collection.ts';

const createSet = (host: ValueHost): MemberSet => new MemberSet(host);

function sadd(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  const set = collectionToFill(context, key, setType, createSet);
  if (typeof set === 'string') return set;
  let added = 0;
  for (let at = 2; at < argv.length; at++) if (set.add(argv[at] as string)) added++;
  if (added > 0) context.db.notify('s', 'sadd', key);
  settleCollection(context, key, set, added);
  return integer(added);
}

function srem(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  const set = collectionToChange(context, key, setType);
  if (set === undefined) return ZERO;
  if (typeof set === 'string') return set;
  let removed = 0;
  for (let at = 2; at < argv.length; at++) if (set.delete(argv[at] as string)) removed++;
  if (removed > 0) context.db.notify('s', 'srem', key);
  settleCollection(context, key, set, removed);
  return integer(removed);
}

function smove(context: Context, argv: readonly string[]): Reply {
  const [, sourceKey = '', targetKey = '', member = ''] = argv;
  const source = collectionToChange(context, sourceKey, setType);
  const target = collectionToChange(context, targetKey, setType);
  if (source === undefined) return ZERO;
  if (typeof source === 'string') return source;
  if (typeof target === 'string') return target;
  if (source === target) return source.has(member) ? ONE : ZERO;
  if (!source.delete(member)) return ZERO;
  context.db.notify('s', 'srem', sourceKey);
  settleCollection(context, sourceKey, source, 1);
  const filled = target ?? new MemberSet(context.node);
  if (target === undefined) context.db.add(targetKey, filled);
  if (filled.add(member)) {
    settleCollection(context, targetKey, filled, 1);
    context.db.notify('s', 'sadd', targetKey);
  }
  return ONE;
}

const common = { categories: ['set'], group: 'set', since: '1.0.0' } as const satisfies Partial<CommandRow>;

export const writeRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'sadd',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keySpecs: [keys(['RW', 'insert'])],
    summary: 'Adds members to a set',
    complexity: 'O(N) for N members',
    handler: sadd,
  },
  {
    ...common,
    name: 'srem',
    arity: -3,
    flags: ['write', 'fast'],
    keySpecs: [keys(['RW', 'delete'])],
    summary: 'Removes members from a set',
    complexity: 'O(N) for N members',
    handler: srem,
  },
  {
    ...common,
    name: 'smove',
    arity: 4,
    flags: ['write', 'fast'],
    keySpecs: [keys(['RW', 'access', 'delete']), keys(['RW', 'insert'], 2)],
    summary: 'Moves a member from one set to another',
    complexity: 'O(1)',
    handler: smove,
  },
];
