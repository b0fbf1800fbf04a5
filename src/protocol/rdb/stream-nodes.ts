/**
 * Owns the nodes of a stream: listpacks of up to a hundred entries. A node begins with the fields of its first entry, which entries
 * with the same fields do not repeat; ids are told as differences to the id of the node.
 * Source: Redis t_stream.c streamAppendItem, streamIteratorGetID, streamValidateListpackIntegrity.
 */
import { BytesError } from '../../core/bytes.ts';
import { type Int64, narrow } from '../../core/int64.ts';
import { ListpackReader, ListpackWriter } from './listpack.ts';
import type { RdbStreamEntry, RdbStreamId } from './objects.ts';

/** Flags of an entry. */
const DELETED = 1;
const SAME_FIELDS = 2;

/** Flags and both differences of the id, which each entry has; with fields of its own their count, too. */
const FIXED_ITEMS = 3;

// As stream-node-max-bytes and stream-node-max-entries have it.
const NODE_BYTES = 4096;
const NODE_ENTRIES = 100;

const UINT64 = 64;

function countOf(value: Int64): number {
  if (typeof value === 'bigint' || value < 0) throw new BytesError(`a stream node with a count of ${value}`);
  return value;
}

function idFrom(base: RdbStreamId, ms: Int64, seq: Int64): RdbStreamId {
  return {
    ms: BigInt.asUintN(UINT64, base.ms + BigInt(ms)),
    seq: BigInt.asUintN(UINT64, base.seq + BigInt(seq)),
  };
}

/** Adds the entries of a node to `entries`, those that were deleted excepted. Throws BytesError. */
export function readStreamNode(bytes: Buffer, nodeId: RdbStreamId, entries: RdbStreamEntry[]): void {
  const listpack = new ListpackReader(bytes);
  const present = countOf(listpack.integer());
  const deleted = countOf(listpack.integer());
  const nodeFields: string[] = [];
  for (let left = countOf(listpack.integer()); left > 0; left--) nodeFields.push(listpack.text());
  if (listpack.integer() !== 0) throw new BytesError('a stream node without the end of its fields');
  for (let left = present + deleted; left > 0; left--) {
    const flags = countOf(listpack.integer());
    const id = idFrom(nodeId, listpack.integer(), listpack.integer());
    const fields: string[] = [];
    let items = FIXED_ITEMS;
    if ((flags & SAME_FIELDS) !== 0) {
      for (const field of nodeFields) fields.push(field, listpack.text());
      items += nodeFields.length;
    } else {
      const count = countOf(listpack.integer());
      for (let field = 0; field < count; field++) fields.push(listpack.text(), listpack.text());
      items += 1 + 2 * count;
    }
    if (listpack.integer() !== items) throw new BytesError('a stream entry with a wrong count of items');
    if ((flags & DELETED) === 0) entries.push({ id, fields });
  }
  if (!listpack.done) throw new BytesError('a stream node with more entries than it says');
}

export interface StreamNode {
  readonly id: RdbStreamId;
  readonly bytes: Buffer;
}

/** The entries as they lie in nodes when they are added one after the other. */
export function* streamNodes(entries: Iterable<RdbStreamEntry>): Generator<StreamNode, void> {
  let node: NodeBuilder | undefined;
  for (const entry of entries) {
    if (node === undefined || !node.takes(entry)) {
      if (node !== undefined) yield node.finish();
      node = new NodeBuilder(entry);
    }
    node.add(entry);
  }
  if (node !== undefined) yield node.finish();
}

class NodeBuilder {
  readonly #id: RdbStreamId;
  /** Names only. */
  readonly #fields: readonly string[];
  readonly #listpack = new ListpackWriter();
  #count = 0;

  /** `first` gives the node its id and its fields; it is not added yet. */
  constructor(first: RdbStreamEntry) {
    this.#id = first.id;
    this.#fields = first.fields.filter((_, at) => at % 2 === 0);
    const listpack = this.#listpack;
    // How many are there, known at the end, and how many of them are deleted.
    listpack.integer(0);
    listpack.integer(0);
    listpack.integer(this.#fields.length);
    for (const field of this.#fields) listpack.text(field);
    listpack.integer(0);
  }

  takes({ fields }: RdbStreamEntry): boolean {
    let bytes = this.#listpack.byteLength;
    for (const text of fields) bytes += text.length;
    return bytes < NODE_BYTES && this.#count < NODE_ENTRIES;
  }

  add({ id, fields }: RdbStreamEntry): void {
    const listpack = this.#listpack;
    const names = this.#fields;
    const isSame = fields.length === 2 * names.length && names.every((name, at) => fields[2 * at] === name);
    listpack.integer(isSame ? SAME_FIELDS : 0);
    listpack.integer(difference(id.ms, this.#id.ms));
    listpack.integer(difference(id.seq, this.#id.seq));
    if (!isSame) listpack.integer(fields.length / 2);
    for (let at = isSame ? 1 : 0; at < fields.length; at += isSame ? 2 : 1)
      listpack.text(fields[at] as string);
    listpack.integer(FIXED_ITEMS + (isSame ? names.length : 1 + fields.length));
    this.#count++;
  }

  finish(): StreamNode {
    this.#listpack.patchFirst(this.#count);
    return { id: this.#id, bytes: this.#listpack.finish() };
  }
}

/** As 64 bits with a sign, which is how a listpack keeps it. */
function difference(value: bigint, base: bigint): Int64 {
  return narrow(BigInt.asIntN(UINT64, value - base)) ?? 0;
}
