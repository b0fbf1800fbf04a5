/**
 * Owns the nodes of a stream in RDB: listpacks. A node begins with the fields of its first entry, which entries with the same
 * fields do not repeat; ids are told as differences to the id of the node. Entries that were deleted stay, with a mark.
 * Source: Redis t_stream.c streamAppendItem, streamIteratorGetID, streamValidateListpackIntegrity.
 */
import { BytesError } from '../../core/bytes.ts';
import { type Int64, narrow } from '../../core/int64.ts';
import { type StreamId, toUint64, type Uint64 } from '../text/stream-id.ts';
import { EMPTY_LISTPACK_BYTES, integerBytes, ListpackReader, ListpackWriter, textBytes } from './listpack.ts';
import type { RdbStreamEntry, RdbStreamNode } from './objects.ts';

/** Flags of an entry. */
const DELETED = 1;
const SAME_FIELDS = 2;

/** Flags and both differences of the id, which each entry has; with fields of its own their count, too. */
const FIXED_ITEMS = 3;

const UINT64 = 64;

function countOf(value: Int64): number {
  if (typeof value === 'bigint' || value < 0) throw new BytesError(`a stream node with a count of ${value}`);
  return value;
}

function sum(base: Uint64, difference: Int64): Uint64 {
  if (typeof base === 'number' && typeof difference === 'number') {
    const value = base + difference;
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) return value;
  }
  return toUint64(BigInt(base) + BigInt(difference));
}

/** As 64 bits with a sign, which is how a listpack keeps it. */
function difference(value: Uint64, base: Uint64): Int64 {
  if (typeof value === 'number' && typeof base === 'number') return value - base;
  return narrow(BigInt.asIntN(UINT64, BigInt(value) - BigInt(base))) ?? 0;
}

/** Throws BytesError. */
export function readStreamNode(bytes: Buffer, id: StreamId): RdbStreamNode {
  const listpack = new ListpackReader(bytes);
  const present = countOf(listpack.integer());
  const deleted = countOf(listpack.integer());
  const names: string[] = [];
  for (let left = countOf(listpack.integer()); left > 0; left--) names.push(listpack.text());
  if (listpack.integer() !== 0) throw new BytesError('a stream node without the end of its fields');
  const entries: RdbStreamEntry[] = [];
  for (let left = present + deleted; left > 0; left--) entries.push(readEntry(listpack, id, names));
  if (!listpack.done) throw new BytesError('a stream node with more entries than it says');
  return { id, names, entries };
}

function readEntry(listpack: ListpackReader, nodeId: StreamId, nodeNames: readonly string[]): RdbStreamEntry {
  const flags = countOf(listpack.integer());
  const id = { ms: sum(nodeId.ms, listpack.integer()), seq: sum(nodeId.seq, listpack.integer()) };
  const isSame = (flags & SAME_FIELDS) !== 0;
  const count = isSame ? nodeNames.length : countOf(listpack.integer());
  const names: string[] = [];
  const values: string[] = [];
  for (let field = 0; field < count; field++) {
    if (!isSame) names.push(listpack.text());
    values.push(listpack.text());
  }
  if (listpack.integer() !== itemsOf(isSame, count))
    throw new BytesError('a stream entry with a wrong count of items');
  return { id, names: isSame ? nodeNames : names, values, deleted: (flags & DELETED) !== 0 };
}

function itemsOf(isSame: boolean, fields: number): number {
  return FIXED_ITEMS + (isSame ? fields : 1 + 2 * fields);
}

function hasNamesOf(node: Pick<RdbStreamNode, 'names'>, names: readonly string[]): boolean {
  return (
    names === node.names ||
    (names.length === node.names.length && names.every((name, at) => node.names[at] === name))
  );
}

export function writeStreamNode(node: RdbStreamNode): Buffer {
  const listpack = new ListpackWriter();
  let deleted = 0;
  for (const entry of node.entries) if (entry.deleted) deleted++;
  listpack.integer(node.entries.length - deleted);
  listpack.integer(deleted);
  listpack.integer(node.names.length);
  for (const name of node.names) listpack.text(name);
  listpack.integer(0);
  for (const entry of node.entries) writeEntry(listpack, node, entry);
  return listpack.finish();
}

function writeEntry(listpack: ListpackWriter, node: RdbStreamNode, entry: RdbStreamEntry): void {
  const { id, names, values } = entry;
  const isSame = hasNamesOf(node, names);
  listpack.integer((isSame ? SAME_FIELDS : 0) | (entry.deleted ? DELETED : 0));
  listpack.integer(difference(id.ms, node.id.ms));
  listpack.integer(difference(id.seq, node.id.seq));
  if (!isSame) listpack.integer(names.length);
  for (let field = 0; field < names.length; field++) {
    if (!isSame) listpack.text(names[field] as string);
    listpack.text(values[field] as string);
  }
  listpack.integer(itemsOf(isSame, names.length));
}

/** The bytes of the node without its entries, its two counts excepted. */
export function nodeHeaderBytes(names: readonly string[]): number {
  let bytes = EMPTY_LISTPACK_BYTES + integerBytes(names.length) + integerBytes(0);
  for (const name of names) bytes += textBytes(name);
  return bytes;
}

/** The bytes that an entry takes in the listpack of its node. */
export function entryBytes(
  node: Pick<RdbStreamNode, 'id' | 'names'>,
  { id, names, values }: RdbStreamEntry,
): number {
  const isSame = hasNamesOf(node, names);
  let bytes = integerBytes(0) + integerBytes(itemsOf(isSame, names.length));
  bytes += integerBytes(difference(id.ms, node.id.ms)) + integerBytes(difference(id.seq, node.id.seq));
  for (const value of values) bytes += textBytes(value);
  if (isSame) return bytes;
  bytes += integerBytes(names.length);
  for (const name of names) bytes += textBytes(name);
  return bytes;
}
