/**
 * Owns streams: entries in the order of their ids, in nodes as Redis fills them, and the groups that read them. Never looks at
 * the time: ids are given. Source: the behaviour of Redis t_stream.c (streamAppendItem, streamTrim, streamDeleteItem).
 */
import type { Int64 } from '../../../core/int64.ts';
import type { RdbStream } from '../../../protocol/rdb/objects.ts';
import { addCounts, entriesUpTo, type StreamCounts } from '../../../protocol/rdb/stream-counter.ts';
import { compareIds, isZero, MAX_ID, MIN_ID, type StreamId } from '../../../protocol/text/stream-id.ts';
import type { Collection } from '../../keyspace/value.ts';
import { Counted } from '../memory.ts';
import type { ValueHost } from '../row.ts';
import { Group } from './group.ts';
import { IdList } from './id-list.ts';
import { type StreamEntry, StreamNode } from './node.ts';
import { radixNodes } from './radix-nodes.ts';

/** As seen in V8: the stream without nodes and groups. */
const EMPTY_BYTES = 540;

/** No node becomes larger, and no entry may be. */
export const MAX_NODE_BYTES = 2 ** 30;

/** What is to go from the head of a stream. */
export interface Trim {
  /** Entries that stay at least, or the id of the first one that does. */
  readonly keep: { readonly length: number } | { readonly from: StreamId };
  /** Only whole nodes go. */
  readonly approximate: boolean;
  /** Entries that go at most; 0 for no limit. */
  readonly limit: number;
}

export class Stream extends Counted implements Collection, StreamCounts {
  readonly typeName = 'stream';
  readonly #host: ValueHost;
  readonly #nodes = new IdList<StreamNode>();
  readonly #groups = new Map<string, Group>();
  #size = 0;
  /** Of the last entry ever added, or as XSETID says. */
  lastId = MIN_ID;
  /** Of the first entry; 0-0 without any. */
  firstId = MIN_ID;
  /** The greatest that was ever deleted on its own. */
  maxDeletedId = MIN_ID;
  /** How many there ever were. */
  entriesAdded: Int64 = 0;

  /** An empty one. Takes the limits of its nodes from `host`, each time that they count. */
  constructor(host: ValueHost) {
    super(EMPTY_BYTES);
    this.#host = host;
  }

  static from(host: ValueHost, read: RdbStream): Stream {
    const stream = new Stream(host);
    for (const node of read.nodes) stream.#addNode(StreamNode.from(node));
    stream.#size = read.size;
    stream.lastId = read.lastId;
    stream.firstId = read.firstId;
    stream.maxDeletedId = read.maxDeletedId;
    stream.entriesAdded = read.entriesAdded;
    for (const group of read.groups) stream.#addGroup(Group.from(group));
    return stream;
  }

  get size(): number {
    return this.#size;
  }

  /** By their names. */
  get groups(): ReadonlyMap<string, Group> {
    return this.#groups;
  }

  get nodeCount(): number {
    return this.#nodes.size;
  }

  /** In order. The stream must not change meanwhile. */
  nodes(): Iterable<StreamNode> {
    return this.#nodes;
  }

  /** As many nodes as Redis's radix tree would have. */
  get radixNodeCount(): number {
    return radixNodes(Array.from(this.#nodes, ({ id }) => id));
  }

  get firstEntry(): StreamEntry | undefined {
    for (const entry of this.entries()) return entry;
    return undefined;
  }

  get lastEntry(): StreamEntry | undefined {
    for (const entry of this.entriesBack()) return entry;
    return undefined;
  }

  /** Of the first entry that lies in a node, deleted or not; the greatest id without any. */
  get firstKeptId(): StreamId {
    return this.#nodes.first?.entries[0]?.id ?? MAX_ID;
  }

  /** Adds an entry with an id behind `lastId`. `fields` are names and values by turns. */
  add(id: StreamId, fields: readonly string[]): void {
    const { config } = this.#host;
    let textBytes = 0;
    for (const text of fields) textBytes += text.length;
    const configured = config.number('stream-node-max-bytes');
    const maxBytes = configured === 0 ? MAX_NODE_BYTES : Math.min(configured, MAX_NODE_BYTES);
    let node = this.#nodes.last;
    if (node === undefined || !node.takes(textBytes, maxBytes, config.number('stream-node-max-entries'))) {
      node = new StreamNode(id, part(fields, 0));
      this.#addNode(node);
    }
    node.add(id, namesFor(node, fields), part(fields, 1));
    this.#size++;
    this.entriesAdded = addCounts(this.entriesAdded, 1);
    this.lastId = id;
    if (this.#size === 1) this.firstId = id;
  }

  find(id: StreamId): StreamEntry | undefined {
    return this.#nodes.atOrBefore(id)?.find(id);
  }

  /** Whether it was there. */
  delete(id: StreamId): boolean {
    const node = this.#nodes.atOrBefore(id);
    if (node === undefined || !node.delete(id)) return false;
    if (node.live === 0) this.#removeNode(node);
    this.#size--;
    if (compareIds(id, this.maxDeletedId) > 0) this.maxDeletedId = id;
    if (this.#size === 0 || compareIds(id, this.firstId) === 0) this.#findFirst();
    return true;
  }

  /** How many entries have gone. */
  trim({ keep, approximate, limit }: Trim): number {
    let trimmed = 0;
    for (let node = this.#nodes.first; node !== undefined; node = this.#nodes.first) {
      const excess = 'length' in keep ? this.#size - keep.length : Infinity;
      if (excess <= 0 || (limit > 0 && trimmed + node.live > limit)) break;
      const end = 'from' in keep ? keep.from : undefined;
      const goes = end === undefined ? node.live <= excess : compareIds(node.lastId ?? node.id, end) < 0;
      const gone = goes ? node.live : approximate ? 0 : node.deleteFirst(excess, end);
      trimmed += gone;
      this.#size -= gone;
      if (!goes) break;
      this.#removeNode(node);
    }
    if (trimmed > 0 || this.#size === 0) this.#findFirst();
    return trimmed;
  }

  /** The entries from `start` to `end`, in order. The stream must not change meanwhile. */
  *entries(start = MIN_ID, end = MAX_ID): IterableIterator<StreamEntry> {
    for (const node of this.#nodes.from(this.#nodes.atOrBefore(start)?.id ?? start))
      for (const entry of node.from(start)) {
        if (compareIds(entry.id, end) > 0) return;
        yield entry;
      }
  }

  /** The entries from `end` back to `start`. The stream must not change meanwhile. */
  *entriesBack(start = MIN_ID, end = MAX_ID): IterableIterator<StreamEntry> {
    for (const node of this.#nodes.backFrom(end))
      for (const entry of node.backFrom(end)) {
        if (compareIds(entry.id, start) < 0) return;
        yield entry;
      }
  }

  /** One of a name that is not there yet. */
  addGroup(name: string, lastId: StreamId, entriesRead: Int64 | undefined): Group {
    const group = new Group(name, lastId, entriesRead);
    this.#addGroup(group);
    return group;
  }

  removeGroup(group: Group): void {
    if (!this.#groups.delete(group.name)) return;
    group.account = undefined;
    this.count(-group.memoryBytes);
  }

  /** Whether an entry from `start` on is known to be deleted on its own. Source: streamRangeHasTombstones. */
  #hasGapsFrom(start: StreamId): boolean {
    const { maxDeletedId } = this;
    if (this.#size === 0 || isZero(maxDeletedId)) return false;
    return compareIds(this.firstId, maxDeletedId) <= 0 && compareIds(start, maxDeletedId) <= 0;
  }

  /** A group is about to have read this entry, behind all that it has read. Source: streamReplyWithRange. */
  countRead(group: Group, id: StreamId): void {
    if (group.entriesRead !== undefined && !this.#hasGapsFrom(id))
      group.entriesRead = addCounts(group.entriesRead, 1);
    else if (this.entriesAdded !== 0) group.entriesRead = entriesUpTo(this, id);
    group.lastId = id;
  }

  /** How many entries a group still has to read; undefined when it is not known. Source: streamReplyWithCGLag. */
  lagOf(group: Group): Int64 | undefined {
    const { entriesAdded } = this;
    if (entriesAdded === 0) return 0;
    const isCounted = group.entriesRead !== undefined && !this.#hasGapsFrom(group.lastId);
    const read = isCounted ? group.entriesRead : entriesUpTo(this, group.lastId);
    return read === undefined ? undefined : addCounts(entriesAdded, -read);
  }

  copy(): Stream {
    return Stream.from(this.#host, this.toRdb());
  }

  /** A view. */
  toRdb(): RdbStream {
    const { size, lastId, firstId, maxDeletedId, entriesAdded } = this;
    const groups = Array.from(this.#groups.values(), (group) => group.toRdb());
    return { type: 'stream', size, nodes: this.#nodes, lastId, firstId, maxDeletedId, entriesAdded, groups };
  }

  #addNode(node: StreamNode): void {
    this.#nodes.add(node);
    node.account = this;
    this.count(node.memoryBytes);
  }

  #removeNode(node: StreamNode): void {
    this.#nodes.delete(node.id);
    node.account = undefined;
    this.count(-node.memoryBytes);
  }

  #addGroup(group: Group): void {
    this.#groups.set(group.name, group);
    group.account = this;
    this.count(group.memoryBytes);
  }

  #findFirst(): void {
    this.firstId = this.firstEntry?.id ?? MIN_ID;
  }
}

/** Each second text, from `first` on; an array that is as large as it must be, since it is kept. Pushing makes room for many more. */
function part(fields: readonly string[], first: 0 | 1): string[] {
  const texts = new Array<string>(fields.length / 2);
  for (let at = 0; at < texts.length; at++) texts[at] = fields[2 * at + first] as string;
  return texts;
}

/** The names in `fields`: the very array of the node where they are the same. */
function namesFor(node: StreamNode, fields: readonly string[]): readonly string[] {
  const { names } = node;
  if (2 * names.length !== fields.length) return part(fields, 0);
  for (let at = 0; at < names.length; at++) if (names[at] !== fields[2 * at]) return part(fields, 0);
  return names;
}
