/**
 * Owns sorted sets in RDB: plain with scores in decimal (type 3) or binary (5), a ziplist (12) or a listpack (17); written as
 * binary or as the last. Source: Redis rdb.c rdbLoadObject, rdbSaveObject, rdbLoadDoubleValue; t_zset.c zzlInsertAt, zzlGetScore.
 */
import { type ByteReader, BytesError, type ByteWriter } from '../../core/bytes.ts';
import { formatScore, parseDouble } from '../text/double.ts';
import { MAX_MAP_SIZE, readDistinctPairs } from './distinct.ts';
import { EmptyCollectionError } from './empty.ts';
import { readLength, writeLength } from './lengths.ts';
import { ListpackReader, ListpackWriter } from './listpack.ts';
import type { RdbSortedSet } from './objects.ts';
import { readBytes, readString, writeString } from './strings.ts';
import { readZiplist } from './ziplist.ts';

/** Lengths of a score in decimal that stand for a score themselves. */
const NOT_A_NUMBER = 253;
const PLUS_INFINITY = 254;
const MINUS_INFINITY = 255;

/** Takes over `entries`, of which so many were read. */
function sortedSetOf(entries: ReadonlyMap<string, number>, count: number, packed: boolean): RdbSortedSet {
  if (entries.size !== count) throw new BytesError('a sorted set with the same member twice');
  if (count === 0) throw new EmptyCollectionError('an empty sorted set');
  return { type: 'zset', size: count, entries, packed };
}

function scoreOf(text: string): number {
  const score = parseDouble(text);
  if (score === undefined) throw new BytesError('a score that is no number');
  return score;
}

function readPlain(
  reader: ByteReader,
  readScore: (reader: ByteReader) => number,
  mapSize: number,
): RdbSortedSet {
  const count = readLength(reader);
  if (count > mapSize) {
    const entries = readDistinctPairs(reader, count, mapSize, readScore);
    return { type: 'zset', size: count, entries, packed: false };
  }
  const entries = new Map<string, number>();
  for (let left = count; left > 0; left--) entries.set(readString(reader), readScore(reader));
  return sortedSetOf(entries, count, false);
}

/** With more entries than `mapSize`, they are an array; so below. */
export function readBinarySortedSet(reader: ByteReader, mapSize = MAX_MAP_SIZE): RdbSortedSet {
  return readPlain(reader, readBinaryScore, mapSize);
}

export function readDecimalSortedSet(reader: ByteReader, mapSize = MAX_MAP_SIZE): RdbSortedSet {
  return readPlain(reader, readDecimalScore, mapSize);
}

function readBinaryScore(reader: ByteReader): number {
  const score = reader.f64le();
  if (Number.isNaN(score)) throw new BytesError('a score that is no number');
  return score;
}

function readDecimalScore(reader: ByteReader): number {
  const length = reader.u8();
  if (length === PLUS_INFINITY) return Infinity;
  if (length === MINUS_INFINITY) return -Infinity;
  if (length === NOT_A_NUMBER) throw new BytesError('a score that is no number');
  return scoreOf(reader.latin1(length));
}

export function readZiplistSortedSet(reader: ByteReader): RdbSortedSet {
  const texts = readZiplist(readBytes(reader));
  if (texts.length % 2 !== 0) throw new BytesError('a sorted set with a member that has no score');
  const entries = new Map<string, number>();
  for (let at = 0; at < texts.length; at += 2)
    entries.set(texts[at] as string, scoreOf(texts[at + 1] as string));
  return sortedSetOf(entries, texts.length / 2, true);
}

export function readListpackSortedSet(reader: ByteReader): RdbSortedSet {
  const listpack = new ListpackReader(readBytes(reader));
  const entries = new Map<string, number>();
  let count = 0;
  for (; !listpack.done; count++) entries.set(listpack.text(), scoreOf(listpack.text()));
  return sortedSetOf(entries, count, true);
}

/** As type 5: the greatest first, so that a skiplist is filled from its head. */
export function writeBinarySortedSet(writer: ByteWriter, set: RdbSortedSet, compress: boolean): void {
  const members: string[] = [];
  const scores: number[] = [];
  for (const [member, score] of set.entries) {
    members.push(member);
    scores.push(score);
  }
  writeLength(writer, set.size);
  for (let at = members.length - 1; at >= 0; at--) {
    writeString(writer, members[at] as string, compress);
    writer.f64le(scores[at] as number);
  }
}

/** As type 17. */
export function writeListpackSortedSet(writer: ByteWriter, set: RdbSortedSet, compress: boolean): void {
  const listpack = new ListpackWriter();
  for (const [member, score] of set.entries) {
    listpack.text(member);
    // A negative zero is kept as the whole number that it equals.
    listpack.text(score === 0 ? '0' : formatScore(score));
  }
  writeString(writer, listpack.finish(), compress);
}
