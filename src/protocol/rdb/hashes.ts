/**
 * Owns hashes in RDB: plain (type 4), a zipmap (9), a ziplist (13) or a listpack (16); written as plain or as the last.
 * Source: Redis rdb.c rdbLoadObject, rdbSaveObject, lpPairsValidateIntegrityAndDups.
 */
import { type ByteReader, BytesError, type ByteWriter } from '../../core/bytes.ts';
import { MAX_MAP_SIZE, readDistinctPairs } from './distinct.ts';
import { EmptyCollectionError } from './empty.ts';
import { readLength, writeLength } from './lengths.ts';
import { ListpackReader, ListpackWriter } from './listpack.ts';
import type { RdbHash } from './objects.ts';
import { readBytes, readString, writeString } from './strings.ts';
import { readZiplist } from './ziplist.ts';
import { readZipmap } from './zipmap.ts';

/** Takes over `entries`, of which so many were read. */
function hashOf(entries: ReadonlyMap<string, string>, count: number, packed: boolean): RdbHash {
  if (entries.size !== count) throw new BytesError('a hash with the same field twice');
  if (count === 0) throw new EmptyCollectionError('an empty hash');
  return { type: 'hash', size: count, entries, packed };
}

/** Of fields and values by turns. */
function hashOfPairs(texts: readonly string[], packed: boolean): RdbHash {
  if (texts.length % 2 !== 0) throw new BytesError('a hash with a field that has no value');
  const entries = new Map<string, string>();
  for (let at = 0; at < texts.length; at += 2) entries.set(texts[at] as string, texts[at + 1] as string);
  return hashOf(entries, texts.length / 2, packed);
}

/** With more entries than `mapSize`, they are an array. */
export function readPlainHash(reader: ByteReader, mapSize = MAX_MAP_SIZE): RdbHash {
  const count = readLength(reader);
  if (count > mapSize) {
    const entries = readDistinctPairs(reader, count, mapSize, readString);
    return { type: 'hash', size: count, entries, packed: false };
  }
  const entries = new Map<string, string>();
  for (let left = count; left > 0; left--) entries.set(readString(reader), readString(reader));
  return hashOf(entries, count, false);
}

export function readZipmapHash(reader: ByteReader): RdbHash {
  return hashOfPairs(readZipmap(readBytes(reader)), false);
}

export function readZiplistHash(reader: ByteReader): RdbHash {
  return hashOfPairs(readZiplist(readBytes(reader)), true);
}

export function readListpackHash(reader: ByteReader): RdbHash {
  const listpack = new ListpackReader(readBytes(reader));
  const entries = new Map<string, string>();
  let count = 0;
  for (; !listpack.done; count++) entries.set(listpack.text(), listpack.text());
  return hashOf(entries, count, true);
}

/** As type 4. */
export function writePlainHash(writer: ByteWriter, hash: RdbHash, compress: boolean): void {
  writeLength(writer, hash.size);
  for (const [field, value] of hash.entries) {
    writeString(writer, field, compress);
    writeString(writer, value, compress);
  }
}

/** As type 16. */
export function writeListpackHash(writer: ByteWriter, hash: RdbHash, compress: boolean): void {
  const listpack = new ListpackWriter();
  for (const [field, value] of hash.entries) {
    listpack.text(field);
    listpack.text(value);
  }
  writeString(writer, listpack.finish(), compress);
}
