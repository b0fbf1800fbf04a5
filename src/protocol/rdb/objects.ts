/**
 * Owns what a key's value can be in RDB: one row a type number. A type that is read gets a decoder here; the others are
 * known by name only, so that they can be refused with a clear sentence. Source: Redis rdb.h, Valkey rdb.h.
 */
import { type ByteReader, BytesError, type ByteWriter } from '../../core/bytes.ts';
import { readString, writeString } from './strings.ts';

export interface RdbStreamId {
  /** Unsigned 64-bit. */
  readonly ms: bigint;
  readonly seq: bigint;
}

export interface RdbStreamEntry {
  readonly id: RdbStreamId;
  /** Field, value, field, value. */
  readonly fields: readonly string[];
}

export interface RdbConsumer {
  readonly name: string;
  /** Unix ms. */
  readonly seenAtMs: number;
}

export interface RdbPendingEntry {
  readonly id: RdbStreamId;
  readonly consumer: string;
  /** Unix ms. */
  readonly deliveredAtMs: number;
  readonly deliveryCount: number;
}

export interface RdbStreamGroup {
  readonly name: string;
  readonly lastId: RdbStreamId;
  /** Undefined when it is not known. */
  readonly entriesRead: bigint | undefined;
  readonly consumers: readonly RdbConsumer[];
  readonly pending: readonly RdbPendingEntry[];
}

export interface RdbStream {
  readonly type: 'stream';
  readonly size: number;
  readonly entries: Iterable<RdbStreamEntry>;
  readonly lastId: RdbStreamId;
  readonly firstId: RdbStreamId;
  readonly maxDeletedId: RdbStreamId;
  readonly entriesAdded: bigint;
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

export interface RdbHash {
  readonly type: 'hash';
  readonly size: number;
  readonly entries: Iterable<readonly [field: string, value: string]>;
}

export interface RdbSortedSet {
  readonly type: 'zset';
  readonly size: number;
  /** By ascending score when written; as the file has them when read. */
  readonly entries: Iterable<readonly [member: string, score: number]>;
}

export type RdbCollection = RdbList | RdbSet | RdbHash | RdbSortedSet | RdbStream;

/** A decoded value. Texts are latin1 strings, one character a byte. What is iterable is an array, or read once. */
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

/** By type number. */
export const rdbTypes: ReadonlyMap<number, RdbTypeRow> = new Map<number, RdbTypeRow>([
  [STRING, { name: 'string', decode: readString }],
  [1, { name: 'list' }],
  [2, { name: 'set' }],
  [3, { name: 'sorted set' }],
  [4, { name: 'hash' }],
  [5, { name: 'sorted set' }],
  [6, { name: 'module value' }],
  [7, { name: 'module value' }],
  [9, { name: 'hash (zipmap)' }],
  [10, { name: 'list (ziplist)' }],
  [11, { name: 'set (intset)' }],
  [12, { name: 'sorted set (ziplist)' }],
  [13, { name: 'hash (ziplist)' }],
  [14, { name: 'list (quicklist)' }],
  [15, { name: 'stream' }],
  [16, { name: 'hash (listpack)' }],
  [17, { name: 'sorted set (listpack)' }],
  [18, { name: 'list (quicklist)' }],
  [19, { name: 'stream' }],
  [20, { name: 'set (listpack)' }],
  [21, { name: 'stream' }],
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
  throw new Error(`values of the type ${value.type} are not written`);
}

/** Writes a value without its type number; `compress` as rdbcompression. */
export function writeObject(writer: ByteWriter, value: RdbSource, compress: boolean): void {
  if (typeof value !== 'string' && !(value instanceof Uint8Array))
    throw new Error(`values of the type ${value.type} are not written`);
  writeString(writer, value, compress);
}
