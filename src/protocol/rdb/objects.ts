/**
 * Owns what a key's value can be in RDB: one row a type number. A type that is read has a decoder here; the others are
 * known by name only, so that they can be refused with a clear sentence. Source: Redis rdb.h, Valkey rdb.h.
 */
import { type ByteReader, BytesError, type ByteWriter } from '../../core/bytes.ts';
import type { Int64 } from '../../core/int64.ts';
import type { StreamId } from '../text/stream-id.ts';
import {
  readListpackHash,
  readPlainHash,
  readZiplistHash,
  readZipmapHash,
  writeListpackHash,
  writePlainHash,
} from './hashes.ts';
import { readPlainList, readQuicklist, readZiplistList, readZiplistNodes, writeQuicklist } from './lists.ts';
import { readIntset, readListpackSet, readPlainSet, writeIntset, writePlainSet } from './sets.ts';
import {
  readBinarySortedSet,
  readDecimalSortedSet,
  readListpackSortedSet,
  readZiplistSortedSet,
  writeBinarySortedSet,
  writeListpackSortedSet,
} from './sorted-sets.ts';
import { readStream } from './stream-reader.ts';
import { writeStream } from './stream-writer.ts';
import { readString, writeString } from './strings.ts';

export interface RdbStreamEntry {
  readonly id: StreamId;
  /** The names of its fields: the very array of its node where they are the same. */
  readonly names: readonly string[];
  /** As many as names. */
  readonly values: readonly string[];
  /** It lies there still, but is shown to nobody. */
  readonly deleted: boolean;
}

/** Some entries in a row, as they lie in one piece of memory. */
export interface RdbStreamNode {
  readonly id: StreamId;
  /** Entries with just these do not repeat them. */
  readonly names: readonly string[];
  readonly entries: readonly RdbStreamEntry[];
}

export interface RdbConsumer {
  readonly name: string;
  /** Unix ms. */
  readonly seenAtMs: number;
}

export interface RdbPendingEntry {
  readonly id: StreamId;
  readonly consumer: string;
  /** Unix ms. */
  readonly deliveredAtMs: number;
  readonly deliveryCount: number;
}

export interface RdbStreamGroup {
  readonly name: string;
  readonly lastId: StreamId;
  /** Undefined when it is not known. */
  readonly entriesRead: Int64 | undefined;
  readonly consumers: readonly RdbConsumer[];
  readonly pending: readonly RdbPendingEntry[];
}

export interface RdbStream {
  readonly type: 'stream';
  /** Of entries that are not deleted. */
  readonly size: number;
  readonly nodes: Iterable<RdbStreamNode>;
  readonly lastId: StreamId;
  readonly firstId: StreamId;
  readonly maxDeletedId: StreamId;
  readonly entriesAdded: Int64;
  readonly groups: readonly RdbStreamGroup[];
}

export interface RdbList {
  readonly type: 'list';
  readonly size: number;
  readonly elements: Iterable<string>;
}

export interface RdbSet {
  readonly type: 'set';
  readonly size: number;
  readonly members: Iterable<string>;
}

/** `packed` is true when it was read from a listpack or ziplist: Redis then keeps it so, however long its texts are. */
export interface RdbHash {
  readonly type: 'hash';
  readonly size: number;
  readonly packed?: boolean;
  readonly entries: Iterable<readonly [field: string, value: string]>;
}

/** `packed` as for a hash. */
export interface RdbSortedSet {
  readonly type: 'zset';
  readonly size: number;
  readonly packed?: boolean;
  /** By ascending score when written; as the file has them when read. */
  readonly entries: Iterable<readonly [member: string, score: number]>;
}

export type RdbCollection = RdbList | RdbSet | RdbHash | RdbSortedSet | RdbStream;

/**
 * A decoded value. Texts are latin1 strings, one character a byte. What is iterable was made for this value, so that whoever
 * reads it may keep it: the elements of a list are an array, the members of a set a Set, the entries of a hash and a sorted
 * set a Map; arrays, too, where a Map could not take so many, and where all are known to differ. No collection is empty, save a stream.
 */
export type RdbValue = string | RdbCollection;

/** In which of Redis 7.0's encodings a collection is to be written: as the server that keeps it so would write it. */
export type RdbEncoding = 'quicklist' | 'intset' | 'listpack' | 'hashtable' | 'skiplist' | 'stream';

/** A value to encode: text, or the bytes of a string, or a collection with its encoding. A view: read at once. */
export type RdbSource = string | Uint8Array | (RdbCollection & { readonly encoding: RdbEncoding });

export interface RdbTypeRow {
  /** As an operator knows it: "hash (listpack)". */
  readonly name: string;
  /** Reads the value behind the type byte. Throws BytesError. Absent: this type is not read. */
  readonly decode?: (reader: ByteReader) => RdbValue;
}

const STRING = 0;
// The numbers of what is written, besides.
const PLAIN_SET = 2;
const PLAIN_HASH = 4;
const BINARY_SORTED_SET = 5;
const INTSET = 11;
const LISTPACK_HASH = 16;
const LISTPACK_SORTED_SET = 17;
const QUICKLIST = 18;
const STREAM = 19;

/** By type number. */
export const rdbTypes: ReadonlyMap<number, RdbTypeRow> = new Map<number, RdbTypeRow>([
  [STRING, { name: 'string', decode: readString }],
  [1, { name: 'list', decode: readPlainList }],
  [PLAIN_SET, { name: 'set', decode: readPlainSet }],
  [3, { name: 'sorted set', decode: readDecimalSortedSet }],
  [PLAIN_HASH, { name: 'hash', decode: readPlainHash }],
  [BINARY_SORTED_SET, { name: 'sorted set', decode: readBinarySortedSet }],
  [6, { name: 'module value' }],
  [7, { name: 'module value' }],
  [9, { name: 'hash (zipmap)', decode: readZipmapHash }],
  [10, { name: 'list (ziplist)', decode: readZiplistList }],
  [INTSET, { name: 'set (intset)', decode: readIntset }],
  [12, { name: 'sorted set (ziplist)', decode: readZiplistSortedSet }],
  [13, { name: 'hash (ziplist)', decode: readZiplistHash }],
  [14, { name: 'list (quicklist)', decode: readZiplistNodes }],
  [15, { name: 'stream', decode: (reader) => readStream(reader, 1) }],
  [LISTPACK_HASH, { name: 'hash (listpack)', decode: readListpackHash }],
  [LISTPACK_SORTED_SET, { name: 'sorted set (listpack)', decode: readListpackSortedSet }],
  [QUICKLIST, { name: 'list (quicklist)', decode: readQuicklist }],
  [STREAM, { name: 'stream', decode: (reader) => readStream(reader, 2) }],
  [20, { name: 'set (listpack)', decode: readListpackSet }],
  [21, { name: 'stream', decode: (reader) => readStream(reader, 3) }],
  [22, { name: 'hash with field expiry' }],
  [23, { name: 'hash with field expiry (listpack)' }],
  [24, { name: 'hash with field expiry' }],
  [25, { name: 'hash with field expiry (listpack)' }],
]);

/** The value behind an already read type number. Throws BytesError, for a type without a decoder too. */
export function readObject(reader: ByteReader, type: number): RdbValue {
  const row = rdbTypes.get(type);
  if (row === undefined) throw new BytesError(`unknown type ${type}`);
  if (row.decode === undefined) throw new BytesError(`values of the type ${row.name} are not supported`);
  return row.decode(reader);
}

/** The type number that `writeObject` uses for a value. */
export function typeOf(value: RdbSource): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return STRING;
  switch (value.type) {
    case 'list':
      return QUICKLIST;
    case 'set':
      return value.encoding === 'intset' ? INTSET : PLAIN_SET;
    case 'hash':
      return value.encoding === 'listpack' ? LISTPACK_HASH : PLAIN_HASH;
    case 'zset':
      return value.encoding === 'listpack' ? LISTPACK_SORTED_SET : BINARY_SORTED_SET;
    case 'stream':
      return STREAM;
  }
}

/** Writes a value without its type number; `compress` as rdbcompression. */
export function writeObject(writer: ByteWriter, value: RdbSource, compress: boolean): void {
  if (typeof value === 'string' || value instanceof Uint8Array) {
    writeString(writer, value, compress);
    return;
  }
  switch (value.type) {
    case 'list':
      writeQuicklist(writer, value, compress);
      break;
    case 'set':
      if (value.encoding === 'intset') writeIntset(writer, value, compress);
      else writePlainSet(writer, value, compress);
      break;
    case 'hash':
      if (value.encoding === 'listpack') writeListpackHash(writer, value, compress);
      else writePlainHash(writer, value, compress);
      break;
    case 'zset':
      if (value.encoding === 'listpack') writeListpackSortedSet(writer, value, compress);
      else writeBinarySortedSet(writer, value, compress);
      break;
    case 'stream':
      writeStream(writer, value, compress);
      break;
  }
}
