/**
 * Owns the hash table that everything keyed lives in: chained buckets, a power of two of them, grown and shrunk by
 * moving a little with each operation. Entries are objects of the caller that carry their own link, so that a look-up
 * touches no wrapper. A Map would be as fast, but can be neither sampled nor scanned with a cursor.
 * Never knows what an entry means. Source: the behaviour of Redis dict.c (dictScan, dictGetRandomKey, dictGetSomeKeys).
 */
import type { Random } from '../../core/random.ts';
import type { Hasher } from './hasher.ts';
import { nextCursor } from './scan-cursor.ts';

/** What an entry must carry. `hash` and `next` belong to the Dict once it is inserted. */
export interface DictEntry<E> {
  readonly key: string;
  hash: number;
  next: E | undefined;
}

const INITIAL_BUCKETS = 4;
/** V8 keeps longer arrays as hash tables of its own; from here on chains grow instead. */
const MAX_BUCKETS = 1 << 24;
/** No more is taken on the word of others: eight megabytes. */
const MAX_RESERVED = 1 << 20;
/** Shrinks when less than one bucket in this many is used. */
const SHRINK_FILL = 10;
/** Empty buckets that one rehash step passes at most. */
const EMPTY_VISITS = 10;
/** For a random choice, while there are no more entries than buckets. */
const PLACES_PER_BUCKET = 8;
/** After so many empty places the table is so sparse that any entry will do. */
const RANDOM_TRIES = 1000;

type Table<E> = (E | undefined)[];

export class Dict<E extends DictEntry<E>> {
  readonly #hasher: Hasher;
  #size = 0;
  #table: Table<E> = [];
  #mask = -1;
  /** While rehashing: where entries move to, and the first bucket of #table not yet moved. */
  #target: Table<E> | undefined;
  #targetMask = 0;
  #nextBucket = 0;
  /** Above zero nothing moves: somebody iterates. */
  #pauses = 0;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  get size(): number {
    return this.#size;
  }

  /** Buckets of both tables, as DEBUG and tests see them. */
  get bucketCount(): number {
    return this.#table.length + (this.#target?.length ?? 0);
  }

  get rehashing(): boolean {
    return this.#target !== undefined;
  }

  find(key: string): E | undefined {
    if (this.#size === 0) return undefined;
    const hash = this.#hasher.hash(key);
    if (this.#target !== undefined) this.#rehashStep();
    let entry = this.#table[hash & this.#mask];
    for (; entry !== undefined; entry = entry.next)
      if (entry.hash === hash && entry.key === key) return entry;
    if (this.#target === undefined) return undefined;
    entry = this.#target[hash & this.#targetMask];
    for (; entry !== undefined; entry = entry.next)
      if (entry.hash === hash && entry.key === key) return entry;
    return undefined;
  }

  /** Makes an empty dict as large as so many entries need, within bounds: nothing moves while they come. */
  reserve(entries: number): void {
    if (this.#size === 0 && this.#pauses === 0) this.#resize(Math.min(entries, MAX_RESERVED));
  }

  /** The key must not be there yet. */
  insert(entry: E): void {
    if (this.#target !== undefined) this.#rehashStep();
    else if (this.#size > this.#mask) this.#resize(this.#size + 1);
    const hash = this.#hasher.hash(entry.key);
    entry.hash = hash;
    const table = this.#target ?? this.#table;
    const bucket = hash & (this.#target === undefined ? this.#mask : this.#targetMask);
    entry.next = table[bucket];
    table[bucket] = entry;
    this.#size++;
  }

  /** The entry that was removed. */
  remove(key: string): E | undefined {
    if (this.#size === 0) return undefined;
    const hash = this.#hasher.hash(key);
    if (this.#target !== undefined) this.#rehashStep();
    const removed =
      this.#unlink(this.#table, hash & this.#mask, hash, key) ??
      (this.#target && this.#unlink(this.#target, hash & this.#targetMask, hash, key));
    if (removed === undefined) return undefined;
    this.#size--;
    if (this.#table.length > INITIAL_BUCKETS && this.#size * SHRINK_FILL < this.#table.length) this.#shrink();
    return removed;
  }

  clear(): void {
    this.#table = [];
    this.#mask = -1;
    this.#target = undefined;
    this.#size = 0;
  }

  /**
   * Every entry. Between two steps entries may be added, changed and removed; added ones may or may not be seen, and
   * so may removed ones.
   */
  *entries(): IterableIterator<E> {
    this.#pauses++;
    try {
      yield* chains(this.#table);
      // Taken only now: it may have come into being meanwhile, but then nothing has moved to it yet.
      if (this.#target !== undefined) yield* chains(this.#target);
    } finally {
      this.#pauses--;
    }
  }

  /**
   * Visits one bucket (while rehashing, all that it spreads to) and returns the next cursor, 0 at the end. An entry
   * that is there from the first call to the last is visited, however the table grows or shrinks in between; some may
   * be visited twice. `visit` must not change the dict.
   */
  scan(cursor: number, visit: (entry: E) => void): number {
    if (this.#size === 0) return 0;
    if (this.#target === undefined) {
      visitChain(this.#table[cursor & this.#mask], visit);
      return nextCursor(cursor, this.#mask);
    }
    const tableIsSmall = this.#mask < this.#targetMask;
    const small = tableIsSmall ? this.#table : this.#target;
    const large = tableIsSmall ? this.#target : this.#table;
    const smallMask = small.length - 1;
    const largeMask = large.length - 1;
    visitChain(small[cursor & smallMask], visit);
    let next = cursor;
    do {
      visitChain(large[next & largeMask], visit);
      next = nextCursor(next, largeMask);
    } while ((next & (smallMask ^ largeMask)) !== 0);
    return next;
  }

  /** An entry at random, each with the same chance. */
  random(random: Random): E | undefined {
    if (this.#size === 0) return undefined;
    const buckets = this.bucketCount;
    // Chains hardly ever are longer, so that each entry has a place of its own. A place without an entry is drawn again.
    const places = PLACES_PER_BUCKET * Math.ceil(this.#size / buckets);
    for (let tries = RANDOM_TRIES; tries > 0; tries--) {
      const drawn = random.below(buckets * places);
      const place = drawn % places;
      let entry = this.#bucket((drawn - place) / places);
      for (let skip = place; skip > 0 && entry !== undefined; skip--) entry = entry.next;
      if (entry === undefined) continue;
      return place === places - 1 ? anyOf(entry, random) : entry;
    }
    return this.#anyEntry(random);
  }

  /** The first entry of a bucket, counted through both tables. */
  #bucket(index: number): E | undefined {
    const { length } = this.#table;
    return index < length ? this.#table[index] : this.#target?.[index - length];
  }

  /** Up to `count` entries from buckets that follow a random one; fast, not evenly spread, not one twice. */
  sample(count: number, random: Random): E[] {
    const wanted = Math.min(count, this.#size);
    const found: E[] = [];
    if (wanted === 0) return found;
    const mask = Math.max(this.#mask, this.#target === undefined ? 0 : this.#targetMask);
    let bucket = random.below(mask + 1);
    // A sparse table is not searched for ever: fewer entries may come back, or none.
    for (let steps = wanted * 10; steps > 0 && found.length < wanted; steps--) {
      const first = bucket <= this.#mask ? this.#table[bucket] : undefined;
      for (let entry = first; entry !== undefined && found.length < wanted; entry = entry.next)
        found.push(entry);
      const second =
        this.#target !== undefined && bucket <= this.#targetMask ? this.#target[bucket] : undefined;
      for (let entry = second; entry !== undefined && found.length < wanted; entry = entry.next)
        found.push(entry);
      bucket = (bucket + 1) & mask;
    }
    return found;
  }

  #anyEntry(random: Random): E {
    for (;;) {
      const first = this.#bucket(random.below(this.bucketCount));
      if (first !== undefined) return anyOf(first, random);
    }
  }

  #unlink(table: Table<E>, bucket: number, hash: number, key: string): E | undefined {
    let previous: E | undefined;
    for (let entry = table[bucket]; entry !== undefined; previous = entry, entry = entry.next) {
      if (entry.hash !== hash || entry.key !== key) continue;
      if (previous === undefined) table[bucket] = entry.next;
      else previous.next = entry.next;
      // `next` stays, so that an iteration that stands on this entry can go on.
      return entry;
    }
    return undefined;
  }

  #shrink(): void {
    if (this.#target === undefined && this.#pauses === 0) this.#resize(this.#size);
  }

  #resize(entries: number): void {
    let buckets = INITIAL_BUCKETS;
    while (buckets < entries && buckets < MAX_BUCKETS) buckets *= 2;
    if (buckets === this.#table.length) return;
    const table: Table<E> = new Array<E | undefined>(buckets).fill(undefined);
    if (this.#size === 0) {
      this.#table = table;
      this.#mask = buckets - 1;
      return;
    }
    this.#target = table;
    this.#targetMask = buckets - 1;
    this.#nextBucket = 0;
  }

  #rehashStep(): void {
    const target = this.#target;
    if (target === undefined || this.#pauses > 0) return;
    const table = this.#table;
    let bucket = this.#nextBucket;
    const last = Math.min(table.length, bucket + EMPTY_VISITS);
    while (bucket < last && table[bucket] === undefined) bucket++;
    if (bucket < last) {
      let entry = table[bucket];
      while (entry !== undefined) {
        const next: E | undefined = entry.next;
        const to = entry.hash & this.#targetMask;
        entry.next = target[to];
        target[to] = entry;
        entry = next;
      }
      table[bucket] = undefined;
      bucket++;
    }
    this.#nextBucket = bucket;
    if (bucket < table.length) return;
    this.#table = target;
    this.#mask = this.#targetMask;
    this.#target = undefined;
  }
}

function* chains<E extends DictEntry<E>>(table: Table<E>): IterableIterator<E> {
  for (let bucket = 0; bucket < table.length; bucket++) {
    let entry = table[bucket];
    while (entry !== undefined) {
      // Read before the caller may remove this entry.
      const next: E | undefined = entry.next;
      yield entry;
      entry = next;
    }
  }
}

/** Of those from `first` on. */
function anyOf<E extends DictEntry<E>>(first: E, random: Random): E {
  let length = 0;
  for (let each: E | undefined = first; each !== undefined; each = each.next) length++;
  let entry = first;
  for (let skip = random.below(length); skip > 0; skip--) entry = entry.next ?? entry;
  return entry;
}

function visitChain<E extends DictEntry<E>>(first: E | undefined, visit: (entry: E) => void): void {
  for (let entry = first; entry !== undefined; entry = entry.next) visit(entry);
}
