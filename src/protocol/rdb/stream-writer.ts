/** Owns the writing of streams in RDB, as Redis 7.0 does (type 19). Source: Redis rdb.c rdbSaveObject, rdbSaveStreamPEL. */
import { ByteWriter } from '../../core/bytes.ts';
import type { Int64 } from '../../core/int64.ts';
import type { StreamId, Uint64 } from '../text/stream-id.ts';
import { writeLength, writeLength64 } from './lengths.ts';
import type { RdbPendingEntry, RdbStream, RdbStreamGroup } from './objects.ts';
import { writeStreamNode } from './stream-nodes.ts';
import { writeString } from './strings.ts';

/** Stands for a number of entries read that is not known. */
const UNKNOWN = -1;
const ID_BYTES = 16;

/** All 64 bits of it. */
function writeCount(writer: ByteWriter, count: Int64 | Uint64): void {
  writeLength64(writer, BigInt.asUintN(64, BigInt(count)));
}

function writeIdLengths(writer: ByteWriter, { ms, seq }: StreamId): void {
  writeCount(writer, ms);
  writeCount(writer, seq);
}

function writeIdBytes(writer: ByteWriter, { ms, seq }: StreamId): void {
  writer.u64be(BigInt(ms)).u64be(BigInt(seq));
}

/** In the order of Redis's radix trees. */
function byName<T extends { readonly name: string }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The count of nodes comes first, so they are made before anything is written. */
export function writeStream(writer: ByteWriter, stream: RdbStream, compress: boolean): void {
  const nodes = new ByteWriter();
  const key = new ByteWriter(ID_BYTES);
  let count = 0;
  for (const node of stream.nodes) {
    key.clear();
    writeIdBytes(key, node.id);
    writeString(nodes, key.bytes(), compress);
    writeString(nodes, writeStreamNode(node), compress);
    count++;
  }
  writeLength(writer, count);
  writer.raw(nodes.bytes());
  writeLength(writer, stream.size);
  writeIdLengths(writer, stream.lastId);
  writeIdLengths(writer, stream.firstId);
  writeIdLengths(writer, stream.maxDeletedId);
  writeCount(writer, stream.entriesAdded);
  writeLength(writer, stream.groups.length);
  for (const group of byName(stream.groups)) writeGroup(writer, group, compress);
}

function writeGroup(writer: ByteWriter, group: RdbStreamGroup, compress: boolean): void {
  writeString(writer, group.name, compress);
  writeIdLengths(writer, group.lastId);
  writeCount(writer, group.entriesRead ?? UNKNOWN);
  const pendingOf = new Map<string, RdbPendingEntry[]>(group.consumers.map(({ name }) => [name, []]));
  writeLength(writer, group.pending.length);
  for (const entry of group.pending) {
    writeIdBytes(writer, entry.id);
    writer.i64le(BigInt(entry.deliveredAtMs));
    writeLength(writer, entry.deliveryCount);
    pendingOf.get(entry.consumer)?.push(entry);
  }
  writeLength(writer, group.consumers.length);
  for (const { name, seenAtMs } of byName(group.consumers)) {
    writeString(writer, name, compress);
    writer.i64le(BigInt(seenAtMs));
    const own = pendingOf.get(name) ?? [];
    writeLength(writer, own.length);
    for (const { id } of own) writeIdBytes(writer, id);
  }
}
