/**
 * Owns SET and its relatives that replace a whole value. Source: Redis t_string.c setGenericCommand,
 * setnxCommand, setexCommand, getsetCommand.
 */
import { nullBulk, OK, ONE, ZERO } from '../../../protocol/resp/encode.ts';
import { SYNTAX_ERROR, WRONG_TYPE } from '../../command/errors.ts';
import type { CommandRow, KeyReference, Reply } from '../../command/row.ts';
import { keys } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { getReply } from './get.ts';
import { parseExpireTime, parseSetOptions, type TimeUnit } from './options.ts';

function set(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  const value = argv[2] as string;
  const db = context.db;
  if (argv.length === 3) {
    db.set(key, value);
    db.notify('$', 'set', key);
    return OK;
  }
  const options = parseSetOptions(argv, 3, 'set');
  if (options === undefined) return SYNTAX_ERROR;
  let expireAtMs = -1;
  if (options.unit !== undefined) {
    const time = parseExpireTime(context, options.time, options.unit);
    if (typeof time === 'string') return time;
    expireAtMs = time;
  }
  let reply: string = OK;
  if (options.get) {
    reply = getReply(context, key);
    if (reply === WRONG_TYPE) return reply;
  }
  const found = db.lookupWrite(key) !== undefined;
  if ((options.nx && found) || (options.xx && !found)) return options.get ? reply : nullBulk(context.resp);
  if (options.keepTimeToLive && found) db.replaceValue(key, value);
  else db.set(key, value, expireAtMs);
  db.notify('$', 'set', key);
  if (expireAtMs >= 0) {
    context.propagateAs(['SET', key, value, 'PXAT', String(expireAtMs)]);
    db.notify('g', 'expire', key);
  } else if (options.get) {
    context.propagateAs(argv.filter((word, i) => i < 3 || word.toUpperCase() !== 'GET'));
  }
  return reply;
}

function setnx(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  if (context.db.lookupWrite(key) !== undefined) return ZERO;
  context.db.set(key, argv[2] as string);
  context.db.notify('$', 'set', key);
  return ONE;
}

function setWithTime(context: Context, argv: readonly string[], unit: TimeUnit): Reply {
  const key = argv[1] as string;
  const value = argv[3] as string;
  const expireAtMs = parseExpireTime(context, argv[2] as string, unit);
  if (typeof expireAtMs === 'string') return expireAtMs;
  context.db.set(key, value, expireAtMs);
  context.db.notify('$', 'set', key);
  context.propagateAs(['SET', key, value, 'PXAT', String(expireAtMs)]);
  context.db.notify('g', 'expire', key);
  return OK;
}

function getset(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  const value = argv[2] as string;
  const reply = getReply(context, key);
  if (reply === WRONG_TYPE) return reply;
  context.db.set(key, value);
  context.db.notify('$', 'set', key);
  context.propagateAs(['SET', key, value]);
  return reply;
}

/** With GET the old value is read; without it the key is only overwritten. Source: db.c setGetKeys. */
function setKeys(argv: readonly string[]): KeyReference[] {
  const reads = argv.some((word, i) => i >= 3 && word.toUpperCase() === 'GET');
  return [{ index: 1, flags: reads ? ['RW', 'access', 'update'] : ['OW', 'update'] }];
}

export const setRows: readonly CommandRow[] = [
  {
    name: 'set',
    arity: -3,
    flags: ['write', 'denyoom'],
    categories: ['string'],
    keySpecs: [
      { ...keys(['RW', 'access', 'update', 'variable_flags']), notes: 'The key is read only with GET' },
    ],
    getKeys: setKeys,
    summary: 'Sets a key to a string, whatever it held before',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(1)',
    handler: set,
  },
  {
    name: 'setnx',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    categories: ['string'],
    keySpecs: [keys(['OW', 'insert'])],
    summary: 'Sets a key to a string if the key does not exist',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(1)',
    handler: setnx,
  },
  {
    name: 'setex',
    arity: 4,
    flags: ['write', 'denyoom'],
    categories: ['string'],
    keySpecs: [keys(['OW', 'update'])],
    summary: 'Sets a key to a string with a time to live in seconds',
    since: '2.0.0',
    group: 'string',
    complexity: 'O(1)',
    handler: (context, argv) => setWithTime(context, argv, 'EX'),
  },
  {
    name: 'psetex',
    arity: 4,
    flags: ['write', 'denyoom'],
    categories: ['string'],
    keySpecs: [keys(['OW', 'update'])],
    summary: 'Sets a key to a string with a time to live in milliseconds',
    since: '2.6.0',
    group: 'string',
    complexity: 'O(1)',
    handler: (context, argv) => setWithTime(context, argv, 'PX'),
  },
  {
    name: 'getset',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    categories: ['string'],
    keySpecs: [keys(['RW', 'access', 'update'])],
    summary: 'Sets a key to a string and returns what it held before',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(1)',
    handler: getset,
  },
];
