/**
 * Owns the commands that read one string. Source: Redis t_string.c getGenericCommand, getexCommand, getdelCommand,
 * getrangeCommand, strlenCommand.
 */
import { bulk, EMPTY_BULK, integer, nullBulk, ZERO } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR, WRONG_TYPE } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { textOf } from '../../types/string/byte-string.ts';
import { isString } from '../../types/string/string.ts';
import { expiryDeletion, isPast } from '../expiry.ts';
import { parseExpireTime, parseSetOptions } from './options.ts';

/** What GET replies. */
export function getReply(context: Context, key: string): string {
  const entry = context.db.lookupRead(key);
  if (entry === undefined) return nullBulk(context.resp);
  const value = entry.value;
  if (typeof value === 'string') return bulk(value);
  return isString(value) ? bulk(textOf(value)) : WRONG_TYPE;
}

function getex(context: Context, argv: readonly string[]): Reply {
  const options = parseSetOptions(argv, 2, 'get');
  if (options === undefined) return SYNTAX_ERROR;
  const key = argv[1] as string;
  const db = context.db;
  const entry = db.lookupRead(key);
  if (entry === undefined) return nullBulk(context.resp);
  if (!isString(entry.value)) return WRONG_TYPE;
  const reply = bulk(textOf(entry.value));
  if (options.persist) {
    if (entry.expireAtMs < 0) return reply;
    db.setExpire(key, -1);
    context.propagateAs(['PERSIST', key]);
    db.notify('g', 'persist', key);
    return reply;
  }
  if (options.unit === undefined) return reply;
  const expireAtMs = parseExpireTime(context, options.time, options.unit);
  if (typeof expireAtMs === 'string') return expireAtMs;
  const absolute = options.unit === 'EXAT' || options.unit === 'PXAT';
  if (absolute && isPast(context, expireAtMs)) {
    db.delete(key);
    context.propagateAs([expiryDeletion(context), key]);
    db.notify('g', 'del', key);
  } else {
    db.setExpire(key, expireAtMs);
    context.propagateAs(['PEXPIREAT', key, String(expireAtMs)]);
    db.notify('g', 'expire', key);
  }
  return reply;
}

function getdel(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  const reply = getReply(context, key);
  if (reply !== WRONG_TYPE && context.db.delete(key)) {
    context.propagateAs([context.node.config.flag('lazyfree-lazy-user-del') ? 'UNLINK' : 'DEL', key]);
    context.db.notify('g', 'del', key);
  }
  return reply;
}

function mget(context: Context, argv: readonly string[]): Reply {
  let reply = `*${argv.length - 1}\r\n`;
  for (let i = 1; i < argv.length; i++) {
    const value = context.db.lookupRead(argv[i] as string)?.value;
    reply += value !== undefined && isString(value) ? bulk(textOf(value)) : nullBulk(context.resp);
  }
  return reply;
}

function strlen(context: Context, argv: readonly string[]): Reply {
  const value = context.db.lookupRead(argv[1] as string)?.value;
  if (value === undefined) return ZERO;
  return isString(value) ? integer(value.length) : WRONG_TYPE;
}

function getrange(context: Context, argv: readonly string[]): Reply {
  const from = parseInteger(argv[2] as string);
  const to = from === undefined ? undefined : parseInteger(argv[3] as string);
  if (from === undefined || to === undefined) return NOT_AN_INTEGER;
  const value = context.db.lookupRead(argv[1] as string)?.value;
  if (value === undefined) return EMPTY_BULK;
  if (!isString(value)) return WRONG_TYPE;
  if (from < 0 && to < 0 && from > to) return EMPTY_BULK;
  const start = Math.max(0, from < 0 ? value.length + from : from);
  const end = Math.min(value.length - 1, Math.max(0, to < 0 ? value.length + to : to));
  return start > end ? EMPTY_BULK : bulk(value.slice(start, end + 1));
}

const get = (context: Context, argv: readonly string[]): Reply => getReply(context, argv[1] as string);

export const getRows: readonly CommandRow[] = [
  {
    name: 'get',
    arity: 2,
    flags: ['readonly', 'fast'],
    categories: ['string'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Returns the string of a key',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(1)',
    handler: get,
  },
  {
    name: 'getex',
    arity: -2,
    flags: ['write', 'fast'],
    categories: ['string'],
    keySpecs: [
      { ...keys(['RW', 'access', 'update']), notes: 'The time to live is changed, so it counts as a write' },
    ],
    summary: 'Returns the string of a key and may change its time to live',
    since: '6.2.0',
    group: 'string',
    complexity: 'O(1)',
    handler: getex,
  },
  {
    name: 'getdel',
    arity: 2,
    flags: ['write', 'fast'],
    categories: ['string'],
    keySpecs: [keys(['RW', 'access', 'delete'])],
    summary: 'Returns the string of a key and deletes the key',
    since: '6.2.0',
    group: 'string',
    complexity: 'O(1)',
    handler: getdel,
  },
  {
    name: 'mget',
    arity: -2,
    flags: ['readonly', 'fast'],
    categories: ['string'],
    keySpecs: [keys(['RO', 'access'], 1, -1)],
    summary: 'Returns the strings of several keys',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(N) for N keys',
    tips: ['request_policy:multi_shard'],
    handler: mget,
  },
  {
    name: 'strlen',
    arity: 2,
    flags: ['readonly', 'fast'],
    categories: ['string'],
    keySpecs: [keys(['RO'])],
    summary: 'Returns how many bytes the string of a key has',
    since: '2.2.0',
    group: 'string',
    complexity: 'O(1)',
    handler: strlen,
  },
  {
    name: 'getrange',
    arity: 4,
    flags: ['readonly'],
    categories: ['string'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Returns a part of the string of a key',
    since: '2.4.0',
    group: 'string',
    complexity: 'O(N) for N bytes returned',
    handler: getrange,
  },
  {
    name: 'substr',
    arity: 4,
    flags: ['readonly'],
    categories: ['string'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Returns a part of the string of a key; the old name of GETRANGE',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(N) for N bytes returned',
    handler: getrange,
  },
];
