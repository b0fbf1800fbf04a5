/**
 * Owns the reading of streams in RDB, as Redis 5 (type 15), 7.0 (19) and 7.2 (21) write them.
 * Source: Redis rdb.c rdbLoadObject; t_stream.c streamEstimateDistanceFromFirstEverEntry.
 */
import { type ByteReader, BytesError } from '../../core/bytes.ts';
import { readLength, readLength64 } from './lengths.ts';
import type {
  RdbConsumer,
  RdbPendingEntry,
  RdbStream,
  RdbStreamEntry,
  RdbStreamGroup,
  RdbStreamId,
} from './objects.ts';
import { readStreamNode } from './stream-nodes.ts';
import { readBytes, readString } from './strings.ts';

/** What came with each: 2 counts entries ever added, 3 tells when a consumer was active last. */
export type StreamGeneration = 1 | 2 | 3;

const ID_BYTES = 16;
const UINT64_MAX = 0xffff_ffff_ffff_ffffn;
const ZERO_ID: RdbStreamId = { ms: 0n, seq: 0n };
/** The first id of a stream without entries, where it is not told. */
const MAX_ID: RdbStreamId = { ms: UINT64_MAX, seq: UINT64_MAX };

/** Negative when `a` comes first. */
function compareIds(a: RdbStreamId, b: RdbStreamId): number {
  if (a.ms !== b.ms) return a.ms < b.ms ? -1 : 1;
  return a.seq === b.seq ? 0 : a.seq < b.seq ? -1 : 1;
}

/** As two lengths. */
function readIdLengths(reader: ByteReader): RdbStreamId {
  return { ms: readLength64(reader), seq: readLength64(reader) };
}

/** As 16 bytes, big-endian. */
function readIdBytes(reader: ByteReader): RdbStreamId {
  return { ms: reader.u64be(), seq: reader.u64be() };
}

/** Unix ms, of eight bytes. */
function readTimeMs(reader: ByteReader): number {
  const timeMs = Number(reader.i64le());
  if (!Number.isSafeInteger(timeMs)) throw new BytesError('a time beyond all times');
  return timeMs;
}

/** Throws BytesError for what Redis refuses with sanitize-dump-payload, and for ids that are out of order. */
export function readStream(reader: ByteReader, generation: StreamGeneration): RdbStream {
  const entries = readEntries(reader);
  const size = readLength(reader);
  if (size !== entries.length) throw new BytesError(`a stream of ${size} entries with ${entries.length}`);
  const lastId = readIdLengths(reader);
  const lastEntry = entries.at(-1);
  if (lastEntry !== undefined && compareIds(lastEntry.id, lastId) > 0)
    throw new BytesError('a stream with an entry behind its last id');
  const isCounted = generation >= 2;
  const stream = {
    type: 'stream' as const,
    size,
    entries,
    lastId,
    firstId: isCounted ? readIdLengths(reader) : (entries[0]?.id ?? MAX_ID),
    maxDeletedId: isCounted ? readIdLengths(reader) : ZERO_ID,
    entriesAdded: isCounted ? readLength64(reader) : BigInt(size),
  };
  const groups: RdbStreamGroup[] = [];
  const names = new Set<string>();
  for (let left = readLength(reader); left > 0; left--) {
    const group = readGroup(reader, stream, generation);
    if (names.has(group.name)) throw new BytesError('a stream with the same group twice');
    names.add(group.name);
    groups.push(group);
  }
  return { ...stream, groups };
}

function readEntries(reader: ByteReader): RdbStreamEntry[] {
  const entries: RdbStreamEntry[] = [];
  for (let left = readLength(reader); left > 0; left--) {
    const key = readBytes(reader);
    if (key.length !== ID_BYTES) throw new BytesError(`a stream node with an id of ${key.length} bytes`);
    const nodeId = { ms: key.readBigUInt64BE(0), seq: key.readBigUInt64BE(8) };
    const before = entries.length;
    readStreamNode(readBytes(reader), nodeId, entries);
    for (let at = Math.max(1, before); at < entries.length; at++)
      if (compareIds((entries[at - 1] as RdbStreamEntry).id, (entries[at] as RdbStreamEntry).id) >= 0)
        throw new BytesError('a stream with entries out of order');
  }
  return entries;
}

interface PendingOwner {
  consumer: string | undefined;
  readonly id: RdbStreamId;
  readonly deliveredAtMs: number;
  readonly deliveryCount: number;
}

function readGroup(
  reader: ByteReader,
  stream: Omit<RdbStream, 'groups'>,
  generation: StreamGeneration,
): RdbStreamGroup {
  const name = readString(reader);
  const lastId = readIdLengths(reader);
  const counted = generation >= 2 ? readLength64(reader) : entriesBefore(stream, lastId);
  const owners = readPending(reader);
  const consumers: RdbConsumer[] = [];
  const names = new Set<string>();
  for (let left = readLength(reader); left > 0; left--) {
    const consumer = readConsumer(reader, owners, generation);
    if (names.has(consumer.name)) throw new BytesError('a group with the same consumer twice');
    names.add(consumer.name);
    consumers.push(consumer);
  }
  const pending: RdbPendingEntry[] = [];
  for (const { consumer, id, deliveredAtMs, deliveryCount } of owners.values()) {
    if (consumer === undefined) throw new BytesError('a pending entry without a consumer');
    pending.push({ id, consumer, deliveredAtMs, deliveryCount });
  }
  const entriesRead = counted === UINT64_MAX ? undefined : counted;
  return { name, lastId, entriesRead, consumers, pending };
}

/** By the 16 bytes of the id, in the order of ids. */
function readPending(reader: ByteReader): Map<string, PendingOwner> {
  const owners = new Map<string, PendingOwner>();
  let before: RdbStreamId | undefined;
  for (let left = readLength(reader); left > 0; left--) {
    const start = reader.offset;
    const id = readIdBytes(reader);
    const key = reader.bytes.latin1Slice(start, reader.offset);
    const deliveredAtMs = readTimeMs(reader);
    const deliveryCount = Math.min(readLength(reader), Number.MAX_SAFE_INTEGER);
    if (before !== undefined && compareIds(before, id) >= 0)
      throw new BytesError('a group with pending entries out of order');
    before = id;
    owners.set(key, { consumer: undefined, id, deliveredAtMs, deliveryCount });
  }
  return owners;
}

function readConsumer(
  reader: ByteReader,
  owners: ReadonlyMap<string, PendingOwner>,
  generation: StreamGeneration,
): RdbConsumer {
  const name = readString(reader);
  const seenAtMs = readTimeMs(reader);
  if (generation >= 3) readTimeMs(reader);
  for (let left = readLength(reader); left > 0; left--) {
    const owner = owners.get(reader.latin1(ID_BYTES));
    if (owner === undefined) throw new BytesError('a consumer with an entry that is not pending');
    if (owner.consumer !== undefined) throw new BytesError('a pending entry of two consumers');
    owner.consumer = name;
  }
  return { name, seenAtMs };
}

/** How many entries a group has read that is at `id`, told from the stream alone; UINT64_MAX when it cannot be known. */
function entriesBefore(
  { size, entriesAdded, firstId, lastId }: Omit<RdbStream, 'groups'>,
  id: RdbStreamId,
): bigint {
  if (entriesAdded === 0n) return 0n;
  const toLast = compareIds(id, lastId);
  if (toLast === 0) return entriesAdded;
  if (toLast > 0) return UINT64_MAX;
  const toFirst = compareIds(id, firstId);
  if (toFirst > 0) return UINT64_MAX;
  return entriesAdded - BigInt(size) + (toFirst === 0 ? 1n : 0n);
}
