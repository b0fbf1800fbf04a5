/**
 * Owns the commands that tell how long a key lives. Source: Redis expire.c ttlGenericCommand.
 */
import { integer } from '../../../protocol/resp/encode.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';

/** -2 without the key, -1 without a time to live. */
function timeToLive(context: Context, key: string, seconds: boolean, absolute: boolean): Reply {
  const entry = context.db.lookupNoTouch(key);
  if (entry === undefined) return integer(-2);
  if (entry.expireAtMs < 0) return integer(-1);
  const timeMs = Math.max(0, absolute ? entry.expireAtMs : entry.expireAtMs - context.nowMs);
  return integer(seconds ? Math.floor((timeMs + 500) / 1000) : timeMs);
}

const keySpecs = [keys(['RO', 'access'])];

export const ttlRows: readonly CommandRow[] = [
  {
    name: 'ttl',
    arity: 2,
    flags: ['readonly', 'fast'],
    categories: ['keyspace'],
    keySpecs,
    summary: 'Tells how many seconds a key still lives',
    since: '1.0.0',
    group: 'generic',
    complexity: 'O(1)',
    tips: ['nondeterministic_output'],
    handler: (context, argv) => timeToLive(context, argv[1] as string, true, false),
  },
  {
    name: 'pttl',
    arity: 2,
    flags: ['readonly', 'fast'],
    categories: ['keyspace'],
    keySpecs,
    summary: 'Tells how many milliseconds a key still lives',
    since: '2.6.0',
    group: 'generic',
    complexity: 'O(1)',
    tips: ['nondeterministic_output'],
    handler: (context, argv) => timeToLive(context, argv[1] as string, false, false),
  },
  {
    name: 'expiretime',
    arity: 2,
    flags: ['readonly', 'fast'],
    categories: ['keyspace'],
    keySpecs,
    summary: 'Tells until which Unix time, in seconds, a key lives',
    since: '7.0.0',
    group: 'generic',
    complexity: 'O(1)',
    handler: (context, argv) => timeToLive(context, argv[1] as string, true, true),
  },
  {
    name: 'pexpiretime',
    arity: 2,
    flags: ['readonly', 'fast'],
    categories: ['keyspace'],
    keySpecs,
    summary: 'Tells until which Unix time, in milliseconds, a key lives',
    since: '7.0.0',
    group: 'generic',
    complexity: 'O(1)',
    handler: (context, argv) => timeToLive(context, argv[1] as string, false, true),
  },
];
