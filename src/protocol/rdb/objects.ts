/**
 * Owns what a key's value can be in RDB: one row a type number. A type that is read gets a decoder here; the others are
 * known by name only, so that they can be refused with a clear sentence. Source: Redis rdb.h, Valkey rdb.h.
 */
import { type ByteReader, BytesError, type ByteWriter } from '../../core/bytes.ts';
import { readString, writeString } from './strings.ts';

/** A decoded value: a string is a latin1 string, one character a byte. Other types join the union with their decoders. */
export type RdbValue = string;
/** A value to encode: the same, or the bytes of a string. */
export type RdbSource = RdbValue | Uint8Array;

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
export function typeOf(_value: RdbSource): number {
  return STRING;
}

/** Writes a value without its type number; `compress` as rdbcompression. */
export function writeObject(writer: ByteWriter, value: RdbSource, compress: boolean): void {
  writeString(writer, value, compress);
}
