/**
 * Owns sets in RDB: plain (type 2), an intset (11) or a listpack (20); written as one of the first two.
 * Source: Redis rdb.c rdbLoadObject, rdbSaveObject; intset.c intsetValidateIntegrity.
 */
import { type ByteReader, BytesError, ByteWriter } from '../../core/bytes.ts';
import { type Int64, parseInt64 } from '../../core/int64.ts';
import { MAX_MAP_SIZE, readDistinctTexts } from './distinct.ts';
import { EmptyCollectionError } from './empty.ts';
import { readLength, writeLength } from './lengths.ts';
import { ListpackReader } from './listpack.ts';
import type { RdbSet } from './objects.ts';
import { readBytes, readString, writeString } from './strings.ts';

/** Of an intset: bytes a number, and how many there are; four bytes each. */
const INTSET_HEADER_BYTES = 8;
const INT16_BYTES = 2;
const INT32_BYTES = 4;
const INT64_BYTES = 8;

/** Takes over `members`, of which so many were read. */
function setOf(members: ReadonlySet<string>, count: number): RdbSet {
  if (members.size !== count) throw new BytesError('a set with the same member twice');
  if (count === 0) throw new EmptyCollectionError('an empty set');
  return { type: 'set', size: count, members };
}

/** With more members than `mapSize`, they are an array. */
export function readPlainSet(reader: ByteReader, mapSize = MAX_MAP_SIZE): RdbSet {
  const count = readLength(reader);
  if (count > mapSize)
    return { type: 'set', size: count, members: readDistinctTexts(reader, count, mapSize) };
  const members = new Set<string>();
  for (let left = count; left > 0; left--) members.add(readString(reader));
  return setOf(members, count);
}

export function readListpackSet(reader: ByteReader): RdbSet {
  const listpack = new ListpackReader(readBytes(reader));
  const members = new Set<string>();
  let count = 0;
  for (; !listpack.done; count++) members.add(listpack.text());
  return setOf(members, count);
}

export function readIntset(reader: ByteReader): RdbSet {
  const bytes = readBytes(reader);
  if (bytes.length < INTSET_HEADER_BYTES) throw new BytesError('intset: no header');
  const width = bytes.readUInt32LE(0);
  const count = bytes.readUInt32LE(4);
  if (width !== INT16_BYTES && width !== INT32_BYTES && width !== INT64_BYTES)
    throw new BytesError(`intset: numbers of ${width} bytes`);
  if (INTSET_HEADER_BYTES + count * width !== bytes.length)
    throw new BytesError(`intset: ${count} numbers of ${width} bytes in ${bytes.length}`);
  if (count === 0) throw new EmptyCollectionError('an empty set');
  const members: string[] = [];
  let before: Int64 | undefined;
  for (let at = INTSET_HEADER_BYTES; at < bytes.length; at += width) {
    const value = width === INT64_BYTES ? bytes.readBigInt64LE(at) : bytes.readIntLE(at, width);
    if (before !== undefined && value <= before) throw new BytesError('intset: numbers out of order');
    before = value;
    members.push(String(value));
  }
  return { type: 'set', size: count, members };
}

/** As type 2. */
export function writePlainSet(writer: ByteWriter, set: RdbSet, compress: boolean): void {
  writeLength(writer, set.size);
  for (const member of set.members) writeString(writer, member, compress);
}

/** As type 11. The members are canonical 64-bit numbers in ascending order. */
export function writeIntset(writer: ByteWriter, set: RdbSet, compress: boolean): void {
  const numbers: Int64[] = [];
  for (const member of set.members) numbers.push(parseInt64(member) ?? 0);
  const width = Math.max(widthOf(numbers[0] ?? 0), widthOf(numbers.at(-1) ?? 0));
  const intset = new ByteWriter(INTSET_HEADER_BYTES + numbers.length * width);
  intset.u32le(width).u32le(numbers.length);
  for (const number of numbers) {
    if (width === INT64_BYTES) intset.i64le(BigInt(number));
    else if (width === INT32_BYTES) intset.u32le(Number(number) >>> 0);
    else intset.u16le(Number(number) & 0xffff);
  }
  writeString(writer, intset.bytes(), compress);
}

function widthOf(number: Int64): number {
  if (number >= -0x8000 && number <= 0x7fff) return INT16_BYTES;
  return number >= -0x8000_0000 && number <= 0x7fff_ffff ? INT32_BYTES : INT64_BYTES;
}
