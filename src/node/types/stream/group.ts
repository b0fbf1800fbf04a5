/**
 * Owns consumer groups: how far a group has read, its consumers, and which entries were delivered to whom but not acknowledged.
 * Source: Redis stream.h streamCG, streamConsumer, streamNACK; t_stream.c streamDelConsumer.
 */
import type { Int64 } from '../../../core/int64.ts';
import type { RdbStreamGroup } from '../../../protocol/rdb/objects.ts';
import type { StreamId } from '../../../protocol/text/stream-id.ts';
import { Counted, textBytes } from '../memory.ts';
import { IdList } from './id-list.ts';

/** As seen in V8: a group, a consumer, a pending entry in both lists. */
const GROUP_BYTES = 500;
const CONSUMER_BYTES = 250;
const PENDING_BYTES = 90;

/** An entry that was delivered and is not acknowledged. */
export interface PendingEntry {
  readonly id: StreamId;
  consumer: Consumer;
  /** Unix ms. */
  deliveredAtMs: number;
  deliveryCount: number;
}

export class Consumer {
  readonly name: string;
  /** Unix ms. */
  seenAtMs: number;
  readonly pending = new IdList<PendingEntry>();

  constructor(name: string, seenAtMs: number) {
    this.name = name;
    this.seenAtMs = seenAtMs;
  }
}

/** In the order of the bytes of their names, as Redis's radix trees have them. */
export function byName<T extends { readonly name: string }>(named: Iterable<T>): T[] {
  return [...named].sort((a, b) => (a.name < b.name ? -1 : 1));
}

export class Group extends Counted {
  readonly name: string;
  /** Of the last entry that was delivered. */
  lastId: StreamId;
  /** How many entries, of all that ever were, the group has read up to there; undefined when it is not known. */
  entriesRead: Int64 | undefined;
  readonly consumers = new Map<string, Consumer>();
  readonly pending = new IdList<PendingEntry>();

  constructor(name: string, lastId: StreamId, entriesRead: Int64 | undefined) {
    super(GROUP_BYTES + textBytes(name));
    this.name = name;
    this.lastId = lastId;
    this.entriesRead = entriesRead;
  }

  static from({ name, lastId, entriesRead, consumers, pending }: RdbStreamGroup): Group {
    const group = new Group(name, lastId, entriesRead);
    for (const consumer of consumers) group.addConsumer(consumer.name, consumer.seenAtMs);
    for (const { id, consumer: owner, deliveredAtMs, deliveryCount } of pending) {
      const consumer = group.consumers.get(owner);
      if (consumer === undefined) throw new Error('a pending entry of no consumer');
      group.#insert({ id, consumer, deliveredAtMs, deliveryCount });
    }
    return group;
  }

  /** One that is not there yet. */
  addConsumer(name: string, nowMs: number): Consumer {
    const consumer = new Consumer(name, nowMs);
    this.consumers.set(name, consumer);
    this.count(CONSUMER_BYTES + textBytes(name));
    return consumer;
  }

  /** What was delivered to it is pending no more. */
  removeConsumer(consumer: Consumer): void {
    for (const { id } of consumer.pending) this.pending.delete(id);
    this.consumers.delete(consumer.name);
    this.count(-CONSUMER_BYTES - textBytes(consumer.name) - consumer.pending.size * PENDING_BYTES);
  }

  /** Delivers an entry to a consumer, for the first time, be it pending already at another. */
  deliver(id: StreamId, consumer: Consumer, nowMs: number): PendingEntry {
    const known = this.pending.find(id);
    if (known === undefined) {
      const entry = { id, consumer, deliveredAtMs: nowMs, deliveryCount: 1 };
      this.#insert(entry);
      return entry;
    }
    this.give(known, consumer);
    known.deliveredAtMs = nowMs;
    known.deliveryCount = 1;
    return known;
  }

  /** Gives what is pending to a consumer, which may be the one that has it. */
  give(entry: PendingEntry, consumer: Consumer): void {
    if (entry.consumer === consumer) return;
    entry.consumer.pending.delete(entry.id);
    entry.consumer = consumer;
    consumer.pending.add(entry);
  }

  /** It is pending no more. */
  remove(entry: PendingEntry): void {
    if (!this.pending.delete(entry.id)) return;
    entry.consumer.pending.delete(entry.id);
    this.count(-PENDING_BYTES);
  }

  copy(): Group {
    return Group.from(this.toRdb());
  }

  toRdb(): RdbStreamGroup {
    const { name, lastId, entriesRead, consumers } = this;
    const pending = Array.from(this.pending, (entry) => ({ ...entry, consumer: entry.consumer.name }));
    return { name, lastId, entriesRead, consumers: [...consumers.values()], pending };
  }

  #insert(entry: PendingEntry): void {
    this.pending.add(entry);
    entry.consumer.pending.add(entry);
    this.count(PENDING_BYTES);
  }
}
