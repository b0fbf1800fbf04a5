/**
 * Owns the reading of streams in RDB, as Redis 5 (type 15), 7.0 (19) and 7.2 (21) write them.
 * Source: Redis rdb.c rdbLoadObject.
 */
import { type ByteReader, BytesError } from '../../core/bytes.ts';
import { type Int64, narrow } from '../../core/int64.ts';
import { compareIds, MAX_ID, MIN_ID, type StreamId, toUint64 } from '../text/stream-id.ts';
import { readLength, readLength64 } from './lengths.ts';
import type { RdbConsumer, RdbPendingEntry, RdbStream, RdbStreamGroup, RdbStreamNode } from './objects.ts';
import { entriesUpTo } from './stream-counter.ts';
import { readStreamNode } from './stream-nodes.ts';
import { readBytes, readString } from './strings.ts';

/** What came with each: 2 counts entries ever added, 3 tells when a consumer was active last. */
export type StreamGeneration = 1 | 2 | 3;

const ID_BYTES = 16;
/** Stands for a number of entries read that is not known. */
const UNKNOWN = -1;

/** A count, as the signed number that servers take it for. */
function readCount(reader: ByteReader): Int64 {
  return narrow(BigInt.asIntN(64, readLength64(reader))) ?? 0;
}

/** As two lengths. */
function readIdLengths(reader: ByteReader): StreamId {
  return { ms: toUint64(readLength64(reader)), seq: toUint64(readLength64(reader)) };
}

/** As 16 bytes, big-endian. */
function readIdBytes(reader: ByteReader): StreamId {
  return { ms: toUint64(reader.u64be()), seq: toUint64(reader.u64be()) };
}

/** Unix ms, of eight bytes. */
function readTimeMs(reader: ByteReader): number {
  const timeMs = Number(reader.i64le());
  if (!Number.isSafeInteger(timeMs)) throw new BytesError('a time beyond all times');
  return timeMs;
}

/** Throws BytesError for what Redis refuses with sanitize-dump-payload, and for ids that are out of order. */
export function readStream(reader: ByteReader, generation: StreamGeneration): RdbStream {
  const { nodes, found, firstFound, lastFound } = readNodes(reader);
  const size = readLength(reader);
  if (size !== found) throw new BytesError(`a stream of ${size} entries with ${found}`);
  const lastId = readIdLengths(reader);
  if (lastFound !== undefined && compareIds(lastFound, lastId) > 0)
    throw new BytesError('a stream with an entry behind its last id');
  const isCounted = generation >= 2;
  const stream = {
    type: 'stream' as const,
    size,
    nodes,
    lastId,
    // That of a stream without entries, where it is not told.
    firstId: isCounted ? readIdLengths(reader) : (firstFound ?? MAX_ID),
    maxDeletedId: isCounted ? readIdLengths(reader) : MIN_ID,
    entriesAdded: isCounted ? readCount(reader) : size,
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

interface FoundNodes {
  readonly nodes: RdbStreamNode[];
  /** How many entries are not deleted, and which are the first and the last of them. */
  found: number;
  firstFound: StreamId | undefined;
  lastFound: StreamId | undefined;
}

function readNodes(reader: ByteReader): FoundNodes {
  const all: FoundNodes = { nodes: [], found: 0, firstFound: undefined, lastFound: undefined };
  let last: StreamId | undefined;
  for (let left = readLength(reader); left > 0; left--) {
    const key = readBytes(reader);
    if (key.length !== ID_BYTES) throw new BytesError(`a stream node with an id of ${key.length} bytes`);
    const id = { ms: toUint64(key.readBigUInt64BE(0)), seq: toUint64(key.readBigUInt64BE(8)) };
    if (last !== undefined && compareIds(last, id) >= 0) throw outOfOrder();
    const node = readStreamNode(readBytes(reader), id);
    if (node.entries.length === 0) throw new BytesError('a stream node without entries');
    last = undefined;
    for (const entry of node.entries) {
      // The first entry of a node may have its id.
      if (last === undefined ? compareIds(id, entry.id) > 0 : compareIds(last, entry.id) >= 0)
        throw outOfOrder();
      last = entry.id;
      if (entry.deleted) continue;
      all.found++;
      all.firstFound ??= entry.id;
      all.lastFound = entry.id;
    }
    all.nodes.push(node);
  }
  return all;
}

function outOfOrder(): BytesError {
  return new BytesError('a stream with entries out of order');
}

interface PendingOwner {
  consumer: string | undefined;
  readonly id: StreamId;
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
  const counted = generation >= 2 ? readCount(reader) : entriesUpTo(stream, lastId);
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
  const entriesRead = counted === UNKNOWN ? undefined : counted;
  return { name, lastId, entriesRead, consumers, pending };
}

/** By the 16 bytes of the id, in the order of ids. */
function readPending(reader: ByteReader): Map<string, PendingOwner> {
  const owners = new Map<string, PendingOwner>();
  let before: StreamId | undefined;
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
