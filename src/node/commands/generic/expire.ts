/**
 * Owns the commands that set or remove a time to live. Source: Redis expire.c expireGenericCommand, persistCommand.
 */
import { error, ONE, ZERO } from '../../../protocol/resp/encode.ts';
import { absoluteTimeMs, parseInt64 } from '../../command/arguments.ts';
import { invalidExpireTime, NOT_AN_INTEGER } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { expiryDeletion, isPast } from '../expiry.ts';

const NX_WITH_OTHERS = error('ERR NX and XX, GT or LT options at the same time are not compatible');
const GT_WITH_LT = error('ERR GT and LT options at the same time are not compatible');

interface ExpireConditions {
  nx: boolean;
  xx: boolean;
  gt: boolean;
  lt: boolean;
}

/** The conditions, or the error reply. */
function parseConditions(argv: readonly string[]): ExpireConditions | string {
  const conditions: ExpireConditions = { nx: false, xx: false, gt: false, lt: false };
  for (let i = 3; i < argv.length; i++) {
    const word = (argv[i] as string).toLowerCase();
    if (word !== 'nx' && word !== 'xx' && word !== 'gt' && word !== 'lt')
      return error(`ERR Unsupported option ${argv[i]}`);
    conditions[word] = true;
  }
  const { nx, xx, gt, lt } = conditions;
  if (nx && (xx || gt || lt)) return NX_WITH_OTHERS;
  return gt && lt ? GT_WITH_LT : conditions;
}

/** No time to live (-1) counts as an endless one. */
function conditionsHold({ nx, xx, gt, lt }: ExpireConditions, current: number, next: number): boolean {
  if (nx && current >= 0) return false;
  if (xx && current < 0) return false;
  if (gt && (current < 0 || next <= current)) return false;
  return !(lt && current >= 0 && next >= current);
}

function expire(context: Context, argv: readonly string[], seconds: boolean, absolute: boolean): Reply {
  const conditions = parseConditions(argv);
  if (typeof conditions === 'string') return conditions;
  const value = parseInt64(argv[2] as string);
  if (value === undefined) return NOT_AN_INTEGER;
  const timeMs = absoluteTimeMs(value, seconds, absolute ? 0 : context.nowMs);
  if (timeMs === undefined) return invalidExpireTime(context.row.name);
  const key = argv[1] as string;
  const db = context.db;
  const entry = db.lookupWrite(key);
  if (entry === undefined || !conditionsHold(conditions, entry.expireAtMs, timeMs)) return ZERO;
  if (isPast(context, timeMs)) {
    db.delete(key);
    context.propagateAs([expiryDeletion(context), key]);
    db.notify('g', 'del', key);
    return ONE;
  }
  // A replica keeps a key whose time is past until its master deletes it; a time before 1970 would mean none.
  db.setExpire(key, Math.max(0, timeMs));
  if (seconds || !absolute) context.propagateAs(['PEXPIREAT', key, String(timeMs), ...argv.slice(3)]);
  db.notify('g', 'expire', key);
  return ONE;
}

function persist(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  const entry = context.db.lookupWrite(key);
  if (entry === undefined || entry.expireAtMs < 0) return ZERO;
  context.db.setExpire(key, -1);
  context.db.notify('g', 'persist', key);
  return ONE;
}

const keySpecs = [keys(['RW', 'update'])];

export const expireRows: readonly CommandRow[] = [
  {
    name: 'expire',
    arity: -3,
    flags: ['write', 'fast'],
    categories: ['keyspace'],
    keySpecs,
    summary: 'Gives a key a time to live in seconds',
    since: '1.0.0',
    group: 'generic',
    complexity: 'O(1)',
    handler: (context, argv) => expire(context, argv, true, false),
  },
  {
    name: 'pexpire',
    arity: -3,
    flags: ['write', 'fast'],
    categories: ['keyspace'],
    keySpecs,
    summary: 'Gives a key a time to live in milliseconds',
    since: '2.6.0',
    group: 'generic',
    complexity: 'O(1)',
    handler: (context, argv) => expire(context, argv, false, false),
  },
  {
    name: 'expireat',
    arity: -3,
    flags: ['write', 'fast'],
    categories: ['keyspace'],
    keySpecs,
    summary: 'Lets a key live until a Unix time in seconds',
    since: '1.2.0',
    group: 'generic',
    complexity: 'O(1)',
    handler: (context, argv) => expire(context, argv, true, true),
  },
  {
    name: 'pexpireat',
    arity: -3,
    flags: ['write', 'fast'],
    categories: ['keyspace'],
    keySpecs,
    summary: 'Lets a key live until a Unix time in milliseconds',
    since: '2.6.0',
    group: 'generic',
    complexity: 'O(1)',
    handler: (context, argv) => expire(context, argv, false, true),
  },
  {
    name: 'persist',
    arity: 2,
    flags: ['write', 'fast'],
    categories: ['keyspace'],
    keySpecs,
    summary: 'Takes the time to live from a key, so that it stays',
    since: '2.2.0',
    group: 'generic',
    complexity: 'O(1)',
    handler: persist,
  },
];
