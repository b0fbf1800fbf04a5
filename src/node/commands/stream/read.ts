/**
 * Owns XREAD and XREADGROUP, which wait for entries with BLOCK. Source: Redis t_stream.c xreadCommand; blocked.c
 * serveClientsBlockedOnStreamKey.
 */
import { bulk, error, nullArray, type RespVersion } from '../../../protocol/resp/encode.ts';
import { compareIds, MIN_ID, nextId, type StreamId } from '../../../protocol/text/stream-id.ts';
import { BLOCKED, type CommandRow, type KeySpec, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Group } from '../../types/stream/group.ts';
import { streamType } from '../../types/stream/row.ts';
import type { Stream } from '../../types/stream/stream.ts';
import { collectionToRead } from '../collection.ts';
import { parseStrictId } from './arguments.ts';
import { deliverNew, deliverPending, type Reader, readingConsumer } from './deliver.ts';
import { countWrites, noSuchKeyOrGroup, streamOf, streamToServe } from './lookup.ts';
import { parseReadArguments, type ReadArguments } from './read-arguments.ts';
import { entriesReply } from './replies.ts';

const LAST_MEANS_NOTHING = error(
  'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.',
);
const NEW_NEEDS_GROUP = error(
  'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.',
);
const GROUP_GONE = error('NOGROUP the consumer group this client was blocked on no longer exists');
const STREAM_GONE = error('UNBLOCKED the stream key no longer exists');

/** Who waits gets no more entries at once, unless COUNT says so. */
const WAITING_COUNT = 1000;

/** Entries behind this id are wanted; undefined: those that the group has not read. */
type Position = StreamId | undefined;

/** Each stream with what was read from it, already encoded. */
function streamsReply(read: readonly (readonly [key: string, entries: string])[], resp: RespVersion): string {
  const head = resp === 2 ? '*2\r\n' : '';
  const items = read.map(([key, entries]) => `${head}${bulk(key)}${entries}`).join('');
  return `${resp === 2 ? '*' : '%'}${read.length}\r\n${items}`;
}

function parsePosition(
  text: string,
  stream: Stream | undefined,
  reader: Reader | undefined,
): Position | string {
  if (text === '$') return reader === undefined ? (stream?.lastId ?? MIN_ID) : LAST_MEANS_NOTHING;
  if (text === '>') return reader === undefined ? NEW_NEEDS_GROUP : undefined;
  return parseStrictId(text);
}

/** Looks every key up before anything is read. */
function parsePositions(context: Context, { keys, positions, reader }: ReadArguments): Position[] | string {
  const found: Position[] = [];
  for (const [index, key] of keys.entries()) {
    const stream = collectionToRead(context, key, streamType);
    if (typeof stream === 'string') return stream;
    if (reader !== undefined && stream?.groups.has(reader.group) !== true)
      return noSuchKeyOrGroup(key, reader.group, ' in XREADGROUP with GROUP option');
    const position = parsePosition(positions[index] as string, stream, reader);
    if (typeof position === 'string') return position;
    found.push(position);
  }
  return found;
}

/** What a stream has behind `position`, or undefined without any such entry. */
function readStream(stream: Stream, position: StreamId, count: number): string | undefined {
  const { lastEntry } = stream;
  const start = nextId(position);
  if (lastEntry === undefined || start === undefined || compareIds(lastEntry.id, position) <= 0)
    return undefined;
  return entriesReply(stream.entries(start), count);
}

/** The same for a group: what is pending at its consumer when there is a position; then it is never undefined. */
function readGroup(
  context: Context,
  key: string,
  stream: Stream,
  group: Group,
  reader: Reader,
  position: Position,
  count: number,
): string | undefined {
  const last = stream.lastEntry;
  const start = nextId(position ?? group.lastId) ?? MIN_ID;
  if (position === undefined && (last === undefined || compareIds(last.id, group.lastId) <= 0))
    return undefined;
  const consumer = readingConsumer(context, key, group, reader);
  const reply =
    position === undefined
      ? deliverNew(context, key, stream, group, consumer, start, count, reader.acknowledges)
      : deliverPending(context, stream, consumer, start, count);
  countWrites(context, 1);
  return reply;
}

/** As XREAD or XREADGROUP from one key. */
function readKey(
  context: Context,
  key: string,
  { count, reader }: ReadArguments,
  position: Position,
): string | undefined {
  if (reader === undefined) {
    const stream = collectionToRead(context, key, streamType);
    if (stream === undefined || typeof stream === 'string') return undefined;
    return readStream(stream, position ?? MIN_ID, count);
  }
  const stream = streamToServe(context, key);
  if (stream === undefined || typeof stream === 'string') return undefined;
  const group = stream.groups.get(reader.group);
  return group && readGroup(context, key, stream, group, reader, position, count);
}

/** For a client that waits: the reply when the stream has something by now. */
function serve(
  context: Context,
  key: string,
  { count, reader }: ReadArguments,
  position: Position,
): string | undefined {
  const stream = streamOf(context, context.db.peek(key));
  if (stream === undefined) return undefined;
  const group = reader && stream.groups.get(reader.group);
  if (reader !== undefined && group === undefined) return GROUP_GONE;
  const seen = group?.lastId ?? position ?? MIN_ID;
  const start = nextId(seen);
  if (start === undefined || compareIds(stream.lastId, seen) <= 0) return undefined;
  const most = count === 0 ? WAITING_COUNT : count;
  if (reader === undefined || group === undefined)
    return streamsReply([[key, entriesReply(stream.entries(start), most)]], context.resp);
  const consumer = readingConsumer(context, key, group, reader);
  const entries = deliverNew(context, key, stream, group, consumer, start, most, reader.acknowledges);
  return streamsReply([[key, entries]], context.resp);
}

function read(context: Context, argv: readonly string[], hasGroup: boolean): Reply {
  const request = parseReadArguments(context, argv, hasGroup);
  if (typeof request === 'string') return request;
  const positions = parsePositions(context, request);
  if (typeof positions === 'string') return positions;
  // What changes is propagated as it comes, never as this command.
  context.preventPropagation();
  const found: [string, string][] = [];
  for (const [index, key] of request.keys.entries()) {
    const entries = readKey(context, key, request, positions[index]);
    if (entries !== undefined) found.push([key, entries]);
  }
  const { resp, client } = context;
  if (found.length > 0) return streamsReply(found, resp);
  const { blockMs, keys } = request;
  if (blockMs === undefined || !context.mayBlock) return nullArray(resp);
  const positionOf = new Map<string, Position>();
  for (const [index, key] of keys.entries()) if (!positionOf.has(key)) positionOf.set(key, positions[index]);
  context.node.keyWaiters.wait(client, {
    keys,
    type: 'stream',
    timeoutMs: blockMs,
    timeoutReply: nullArray(resp),
    ...(hasGroup ? { goneReply: STREAM_GONE } : {}),
    argv,
    serve: (key) => serve(context, key, request, positionOf.get(key)),
  });
  return BLOCKED;
}

function keysBehindStreams(startFrom: number): KeySpec {
  return {
    flags: ['RO', 'access'],
    begin: { type: 'keyword', keyword: 'STREAMS', startFrom },
    find: { type: 'range', lastKey: -1, step: 1, limit: 2 },
  };
}

const common = { categories: ['stream'], group: 'stream', since: '5.0.0' } as const;

export const readRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'xread',
    arity: -4,
    flags: ['readonly', 'blocking', 'movablekeys'],
    keySpecs: [keysBehindStreams(1)],
    summary: 'Returns entries of several streams behind given ids, or waits for some',
    complexity: 'O(N) for N entries that are returned',
    handler: (context, argv) => read(context, argv, false),
  },
  {
    ...common,
    name: 'xreadgroup',
    arity: -7,
    flags: ['write', 'blocking', 'movablekeys'],
    keySpecs: [keysBehindStreams(4)],
    summary: 'Returns entries of several streams to a consumer of a group, or waits for some',
    complexity: 'O(N) for N entries that are returned',
    handler: (context, argv) => read(context, argv, true),
  },
];
