/**
 * Owns a node of a stream: some entries in a row, with the bytes that they take as Redis's listpack. By these and by the number
 * of its entries a node is full; approximate trimming takes only whole nodes. Deleted entries stay, marked, until none is left.
 * Source: Redis t_stream.c streamAppendItem, streamTrim, streamIteratorRemoveEntry.
 */
import { integerBytes } from '../../../protocol/rdb/listpack.ts';
import type { RdbStreamEntry, RdbStreamNode } from '../../../protocol/rdb/objects.ts';
import { entryBytes, nodeHeaderBytes } from '../../../protocol/rdb/stream-nodes.ts';
import { compareIds, type StreamId } from '../../../protocol/text/stream-id.ts';
import { Counted, textBytes } from '../memory.ts';
import { placeOf } from './id-list.ts';

/** As seen in V8: a node with its id, its names and its array; an entry with its id and its array. */
const NODE_BYTES = 400;
const ENTRY_BYTES = 160;

/** An entry that is not deleted; to others it is read-only. */
export type StreamEntry = Pick<RdbStreamEntry, 'id' | 'names' | 'values'>;

interface KeptEntry extends RdbStreamEntry {
  deleted: boolean;
}

export class StreamNode extends Counted implements RdbStreamNode {
  readonly id: StreamId;
  readonly names: readonly string[];
  readonly entries: KeptEntry[] = [];
  /** Entries that are not deleted. */
  live = 0;
  /** All before this one are deleted. */
  #firstLive = 0;
  /** What the listpack takes but for its two counts; undefined while nobody has asked. */
  #bytes: number | undefined;

  /** Takes its id and its names from its first entry, which is not added yet. */
  constructor(id: StreamId, names: readonly string[]) {
    super(NODE_BYTES + textsBytes(names));
    this.id = id;
    this.names = names;
  }

  static from({ id, names, entries }: RdbStreamNode): StreamNode {
    const node = new StreamNode(id, names);
    for (const entry of entries) {
      // A copy is as large as it must be; what was read piece by piece has room for more.
      node.#push({ ...entry, values: entry.values.slice() });
      if (!entry.deleted) node.live++;
    }
    return node;
  }

  /** Of the last entry, deleted or not; undefined without any. */
  get lastId(): StreamId | undefined {
    return this.entries.at(-1)?.id;
  }

  get bytes(): number {
    return this.#bytesOfAll() + integerBytes(this.live) + integerBytes(this.entries.length - this.live);
  }

  #bytesOfAll(): number {
    if (this.#bytes === undefined) {
      this.#bytes = nodeHeaderBytes(this.names);
      for (const entry of this.entries) this.#bytes += entryBytes(this, entry);
    }
    return this.#bytes;
  }

  /** Whether an entry with texts of so many bytes still belongs here; a limit of 0 is none. */
  takes(textBytes: number, maxBytes: number, maxEntries: number): boolean {
    if (maxEntries > 0 && this.entries.length >= maxEntries) return false;
    return this.bytes + textBytes < maxBytes;
  }

  /** Behind all others. */
  add(id: StreamId, names: readonly string[], values: readonly string[]): void {
    const entry: KeptEntry = { id, names, values, deleted: false };
    // Before the entry is there: else it would be counted twice.
    this.#bytes = this.#bytesOfAll() + entryBytes(this, entry);
    this.#push(entry);
    this.live++;
  }

  /** What it takes counts until the node goes. */
  #push(entry: KeptEntry): void {
    this.entries.push(entry);
    const ownNames = entry.names === this.names ? 0 : textsBytes(entry.names);
    this.count(ENTRY_BYTES + ownNames + textsBytes(entry.values));
  }

  find(id: StreamId): StreamEntry | undefined {
    const entry = this.entries[placeOf(this.entries, id)];
    return entry === undefined || entry.deleted || compareIds(entry.id, id) !== 0 ? undefined : entry;
  }

  /** Whether it was there. */
  delete(id: StreamId): boolean {
    const entry = this.find(id);
    if (entry === undefined) return false;
    (entry as KeptEntry).deleted = true;
    this.live--;
    return true;
  }

  /** Deletes the first `count` entries, at most up to `end`. How many there were. */
  deleteFirst(count: number, end: StreamId | undefined): number {
    let deleted = 0;
    for (; this.#firstLive < this.entries.length; this.#firstLive++) {
      const entry = this.entries[this.#firstLive] as KeptEntry;
      if (deleted === count || (end !== undefined && compareIds(entry.id, end) >= 0)) break;
      if (entry.deleted) continue;
      entry.deleted = true;
      deleted++;
    }
    this.live -= deleted;
    return deleted;
  }

  /** The entries from `id` on, in order. */
  *from(id: StreamId): IterableIterator<StreamEntry> {
    const { entries } = this;
    for (let at = Math.max(this.#firstLive, placeOf(entries, id)); at < entries.length; at++) {
      const entry = entries[at] as KeptEntry;
      if (!entry.deleted) yield entry;
    }
  }

  /** The entries up to `id`, the last one first. */
  *backFrom(id: StreamId): IterableIterator<StreamEntry> {
    const { entries } = this;
    for (let at = Math.min(entries.length - 1, placeOf(entries, id)); at >= this.#firstLive; at--) {
      const entry = entries[at] as KeptEntry;
      if (!entry.deleted && compareIds(entry.id, id) <= 0) yield entry;
    }
  }
}

function textsBytes(texts: readonly string[]): number {
  let bytes = 0;
  for (const text of texts) bytes += textBytes(text);
  return bytes;
}
