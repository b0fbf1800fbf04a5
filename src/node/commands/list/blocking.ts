/**
 * Owns the commands that wait for elements: BLPOP, BRPOP, BLMPOP, BLMOVE, BRPOPLPUSH. Source: Redis t_list.c
 * blockingPopGenericCommand, blmoveGenericCommand, serveClientBlockedOnList.
 */
import { bulk, nullArray, nullBulk } from '../../../protocol/resp/encode.ts';
import { SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, countedKeys, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { listType } from '../../types/list/row.ts';
import { collectionToChange } from '../collection.ts';
import { parseMultiPop } from '../multi-pop.ts';
import { parseTimeoutSeconds } from '../timeout.ts';
import { popFromAny, serveOrWait } from '../waiting-pop.ts';
import { type End, moveElement, parseEnd, popWithKey, settlePop } from './ends.ts';

/** BLPOP for one key: the reply, or undefined without such a key. */
function popOne(context: Context, key: string, end: End): string | undefined {
  const list = collectionToChange(context, key, listType);
  if (list === undefined || typeof list === 'string') return list;
  const element = end === 'LEFT' ? list.popHead() : list.popTail();
  settlePop(context, key, list, end, 1);
  context.propagateAs([end === 'LEFT' ? 'LPOP' : 'RPOP', key]);
  return `*2\r\n${bulk(key)}${bulk(element)}`;
}

function blockingPop(context: Context, argv: readonly string[], end: End): Reply {
  return popFromAny(context, argv, 'list', argv.slice(1, -1), argv.at(-1) as string, (key) =>
    popOne(context, key, end),
  );
}

function blmpop(context: Context, argv: readonly string[]): Reply {
  const request = parseMultiPop(argv, 2, parseEnd);
  if (typeof request === 'string') return request;
  return popFromAny(context, argv, 'list', request.keys, argv[1] as string, (key) =>
    popWithKey(context, key, request.end, request.count),
  );
}

/** `done` is what the move is without its waiting. */
function blockingMove(
  context: Context,
  argv: readonly string[],
  from: End,
  to: End,
  done: readonly string[],
): Reply {
  const timeoutMs = parseTimeoutSeconds(argv.at(-1) as string);
  if (typeof timeoutMs === 'string') return timeoutMs;
  const [, source = '', target = ''] = argv;
  const serve = (key: string): string | undefined => {
    const reply = moveElement(context, key, target, from, to);
    if (reply?.startsWith('$')) context.propagateAs(done);
    return reply;
  };
  const timeoutReply = nullArray(context.resp);
  const wait = { keys: [source], type: 'list', timeoutMs, timeoutReply, argv, serve } as const;
  return serveOrWait(context, wait, nullBulk(context.resp));
}

function blmove(context: Context, argv: readonly string[]): Reply {
  const from = parseEnd(argv[3] as string);
  const to = parseEnd(argv[4] as string);
  if (from === undefined || to === undefined) return SYNTAX_ERROR;
  return blockingMove(context, argv, from, to, ['LMOVE', ...argv.slice(1, 5)]);
}

function brpoplpush(context: Context, argv: readonly string[]): Reply {
  return blockingMove(context, argv, 'RIGHT', 'LEFT', ['RPOPLPUSH', ...argv.slice(1, 3)]);
}

const common = { categories: ['list'], group: 'list' } as const;
const popping = {
  ...common,
  arity: -3,
  flags: ['write', 'noscript', 'blocking'],
  keySpecs: [keys(['RW', 'access', 'delete'], 1, -2)],
  since: '2.0.0',
  complexity: 'O(N) for N keys',
} as const;
const moving = {
  ...common,
  flags: ['write', 'denyoom', 'noscript', 'blocking'],
  keySpecs: [keys(['RW', 'access', 'delete']), keys(['RW', 'insert'], 2)],
  complexity: 'O(1)',
} as const;

export const blockingRows: readonly CommandRow[] = [
  {
    ...popping,
    name: 'blpop',
    summary: 'Takes the first element of the first of several lists that has any, or waits for one',
    handler: (context, argv) => blockingPop(context, argv, 'LEFT'),
  },
  {
    ...popping,
    name: 'brpop',
    summary: 'Takes the last element of the first of several lists that has any, or waits for one',
    handler: (context, argv) => blockingPop(context, argv, 'RIGHT'),
  },
  {
    ...moving,
    name: 'blmove',
    arity: 6,
    summary: 'Moves an element from an end of a list to an end of another, or waits for one',
    since: '6.2.0',
    handler: blmove,
  },
  {
    ...moving,
    name: 'brpoplpush',
    arity: 4,
    summary: 'Moves the last element of a list to the head of another, or waits for one',
    since: '2.2.0',
    handler: brpoplpush,
  },
  {
    ...common,
    name: 'blmpop',
    arity: -5,
    flags: ['write', 'blocking'],
    keySpecs: [countedKeys(['RW', 'access', 'delete'], 2)],
    summary: 'Takes elements from the first of several lists that has any, or waits for one',
    since: '7.0.0',
    complexity: 'O(N+M) for N keys and M elements that are returned',
    handler: blmpop,
  },
];
