/**
 * Owns XREAD and XREADGROUP, which wait for entries with BLOCK. Source: Redis t_stream.c xreadCommand; blocked.c
 * serveClientsBlockedOnStreamKey.
 */
import { bulk, error, nullArray, type RespVersion } from '../../../protocol/resp/encode.ts';
import { compareIds, MAX_ID, MIN_ID, nextId, type StreamId } from '../../../protocol/text/stream-id.ts';
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

/** For a group, in place of an id behind which entries are wanted: those that it has not read. */
const NEW = MAX_ID;

/** Each stream with what was read from it, already encoded. */
function streamsReply(read: readonly (readonly [key: string, entries: string])[], resp: RespVersion): string {
  const head = resp === 2 ? '*2\r\n' : '';
  const items = read.map(([key, entries]) => `${head}${bulk(key)}${entries}`).join('');
  return `${resp === 2 ? '*' : '%'}${read.length}\r\n${items}`;
}

interface GroupArguments {
  readonly count: number;
  readonly reader: Reader;
}

function parsePosition(
  text: string,
  stream: Stream | undefined,
  reader: Reader | undefined,
): StreamId | string {
  if (text === '$') return reader === undefined ? (stream?.lastId ?? MIN_ID) : LAST_MEANS_NOTHING;
  if (text === '>') return reader === undefined ? NEW_NEEDS_GROUP : NEW;
  return parseStrictId(text);
}

/** Looks every key up before anything is read. */
function parsePositions(context: Context, { keys, positions, reader }: ReadArguments): StreamId[] | string {
  const found: StreamId[] = [];
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

/** Where the entries behind an id begin; undefined when the stream has none there. */
function startBehind(stream: Stream, id: StreamId): StreamId | undefined {
  const { lastEntry } = stream;
  return lastEntry === undefined || compareIds(lastEntry.id, id) <= 0 ? undefined : nextId(id);
}

/** For a group: what is new, if anything is; else what is pending at the consumer. */
function readGroup(
  context: Context,
  key: string,
  stream: Stream,
  group: Group,
  { count, reader }: GroupArguments,
  position: StreamId,
): string | undefined {
  const isNew = compareIds(position, NEW) === 0;
  const start = isNew ? startBehind(stream, group.lastId) : nextId(position);
  if (start === undefined) return undefined;
  const consumer = readingConsumer(context, key, group, reader);
  countWrites(context, 1);
  return isNew
    ? deliverNew(context, key, stream, group, consumer, start, count, reader.acknowledges)
    : deliverPending(context, stream, consumer, start, count);
}

/** As XREAD or XREADGROUP from one key; undefined when it has nothing for the client. */
function readKey(
  context: Context,
  key: string,
  { count, reader }: ReadArguments,
  position: StreamId,
): string | undefined {
  if (reader === undefined) {
    const stream = collectionToRead(context, key, streamType);
    if (stream === undefined || typeof stream === 'string') return undefined;
    const start = startBehind(stream, position);
    return start && entriesReply(stream.entries(start), count);
  }
  const stream = streamToServe(context, key);
  if (stream === undefined || typeof stream === 'string') return undefined;
  const group = stream.groups.get(reader.group);
  return group && readGroup(context, key, stream, group, { count, reader }, position);
}

/** For a client that waits: the reply when the stream has something by now. */
function serve(
  context: Context,
  key: string,
  { count, reader }: ReadArguments,
  position: StreamId,
): string | undefined {
  const stream = streamOf(context, context.db.peek(key));
  if (stream === undefined) return undefined;
  const group = reader && stream.groups.get(reader.group);
  if (reader !== undefined && group === undefined) return GROUP_GONE;
  const seen = group?.lastId ?? position;
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
    const entries = readKey(context, key, request, positions[index] as StreamId);
    if (entries !== undefined) found.push([key, entries]);
  }
  const { resp, client } = context;
  if (found.length > 0) return streamsReply(found, resp);
  const { blockMs, keys } = request;
  if (blockMs === undefined || !context.mayBlock) return nullArray(resp);
  const positionOf = new Map<string, StreamId>();
  for (const [index, key] of keys.entries())
    if (!positionOf.has(key)) positionOf.set(key, positions[index] as StreamId);
  context.node.keyWaiters.wait(client, {
    keys,
    type: 'stream',
    timeoutMs: blockMs,
    timeoutReply: nullArray(resp),
    ...(hasGroup ? { goneReply: STREAM_GONE } : {}),
    argv,
    serve: (key) => serve(context, key, request, positionOf.get(key) as StreamId),
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
