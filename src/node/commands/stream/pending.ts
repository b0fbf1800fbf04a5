/** Owns XACK and XPENDING. Source: Redis t_stream.c xackCommand, xpendingCommand. */
import {
  array,
  bulk,
  EMPTY_ARRAY,
  integer,
  nullArray,
  nullBulk,
  ZERO,
} from '../../../protocol/resp/encode.ts';
import { compareIds, type StreamId } from '../../../protocol/text/stream-id.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { byName, type Group } from '../../types/stream/group.ts';
import { streamType } from '../../types/stream/row.ts';
import { collectionToRead } from '../collection.ts';
import { parseEnd, parseIds, parseStart } from './arguments.ts';
import { countWrites, noSuchKeyOrGroup, streamToServe } from './lookup.ts';
import { idReply } from './replies.ts';

function xack(context: Context, argv: readonly string[]): Reply {
  const [, key = '', name = ''] = argv;
  const stream = streamToServe(context, key);
  if (typeof stream === 'string') return stream;
  const group = stream?.groups.get(name);
  if (group === undefined) return ZERO;
  const ids = parseIds(argv.slice(3));
  if (typeof ids === 'string') return ids;
  let acknowledged = 0;
  for (const id of ids) {
    const entry = group.pending.find(id);
    if (entry === undefined) continue;
    group.remove(entry);
    acknowledged++;
  }
  countWrites(context, acknowledged);
  return integer(acknowledged);
}

interface PendingRange {
  readonly minIdleMs: number;
  readonly start: StreamId;
  readonly end: StreamId;
  readonly count: number;
  readonly consumer: string | undefined;
}

/** The words of XPENDING with a range, from `[IDLE ms] start end count` to a consumer behind that. */
const RANGE_WORDS = { fewest: 6, fewestWithIdle: 8, most: 9 };

function parseRange(argv: readonly string[]): PendingRange | string {
  if (argv.length < RANGE_WORDS.fewest || argv.length > RANGE_WORDS.most) return SYNTAX_ERROR;
  const hasIdle = argv[3]?.toLowerCase() === 'idle';
  const minIdleMs = hasIdle ? parseInteger(argv[4] as string) : 0;
  if (minIdleMs === undefined) return NOT_AN_INTEGER;
  if (hasIdle && argv.length < RANGE_WORDS.fewestWithIdle) return SYNTAX_ERROR;
  const [startText = '', endText = '', countText = '', consumer] = argv.slice(hasIdle ? 5 : 3);
  const count = parseInteger(countText);
  if (count === undefined) return NOT_AN_INTEGER;
  const start = parseStart(startText);
  if (typeof start === 'string') return start;
  const end = parseEnd(endText);
  if (typeof end === 'string') return end;
  return { minIdleMs, start, end, count, consumer };
}

function summary(group: Group, context: Context): Reply {
  const { resp } = context;
  const { first, last, size } = group.pending;
  if (first === undefined || last === undefined)
    return `*4\r\n${ZERO}${nullBulk(resp)}${nullBulk(resp)}${nullArray(resp)}`;
  const consumers = byName(group.consumers.values())
    .filter(({ pending }) => pending.size > 0)
    .map(({ name, pending }) => `*2\r\n${bulk(name)}${bulk(String(pending.size))}`);
  return `*4\r\n${integer(size)}${idReply(first.id)}${idReply(last.id)}${array(consumers)}`;
}

function pendingIn({ nowMs }: Context, group: Group, range: PendingRange): Reply {
  const { minIdleMs, start, end, count, consumer: name } = range;
  const consumer = name === undefined ? undefined : group.consumers.get(name);
  if (name !== undefined && consumer === undefined) return EMPTY_ARRAY;
  const replies: string[] = [];
  for (const { id, consumer: owner, deliveredAtMs, deliveryCount } of (consumer ?? group).pending.from(
    start,
  )) {
    if (replies.length >= count || compareIds(id, end) > 0) break;
    const idleMs = nowMs - deliveredAtMs;
    if (minIdleMs !== 0 && idleMs < minIdleMs) continue;
    replies.push(
      `*4\r\n${idReply(id)}${bulk(owner.name)}${integer(Math.max(0, idleMs))}${integer(deliveryCount)}`,
    );
  }
  return array(replies);
}

function xpending(context: Context, argv: readonly string[]): Reply {
  const [, key = '', name = ''] = argv;
  const range = argv.length === 3 ? undefined : parseRange(argv);
  if (typeof range === 'string') return range;
  const stream = collectionToRead(context, key, streamType);
  if (typeof stream === 'string') return stream;
  const group = stream?.groups.get(name);
  if (group === undefined) return noSuchKeyOrGroup(key, name);
  return range === undefined ? summary(group, context) : pendingIn(context, group, range);
}

const common = { categories: ['stream'], group: 'stream', since: '5.0.0' } as const;

export const pendingRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'xack',
    arity: -4,
    flags: ['write', 'fast'],
    keySpecs: [keys(['RW', 'update'])],
    summary: 'Acknowledges entries: they are pending no more',
    complexity: 'O(1) for each entry',
    handler: xack,
  },
  {
    ...common,
    name: 'xpending',
    arity: -3,
    flags: ['readonly'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Tells which entries were delivered to a group but not acknowledged',
    complexity: 'O(N) for N entries that are looked at; without a range for N consumers',
    tips: ['nondeterministic_output'],
    handler: xpending,
  },
];
