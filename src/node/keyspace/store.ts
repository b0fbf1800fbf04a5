/**
 * Owns where the entries of a database are: one Dict, or in cluster mode one a slot, so that a slot's keys are counted
 * and listed without a search. Never knows of expiry or of commands. Source: the shape of Redis 8's kvstore.c.
 */
import type { Random } from '../../core/random.ts';
import { SLOT_COUNT } from '../../protocol/slots/key-slot.ts';
import { Dict } from './dict.ts';
import type { KeyEntry } from './entry.ts';
import type { Hasher } from './hasher.ts';
import { slotOf } from './slot-of.ts';
import { WeightedChoice } from './weighted-choice.ts';

export class Store {
  readonly #hasher: Hasher;
  readonly #slotted: boolean;
  #dicts: (Dict<KeyEntry> | undefined)[];
  /** Keys by slot, to choose a slot with the chance that its keys give it. */
  readonly #weights: WeightedChoice | undefined;
  #size = 0;

  constructor(hasher: Hasher, slotted: boolean) {
    this.#hasher = hasher;
    this.#slotted = slotted;
    this.#dicts = noDicts(slotted);
    this.#weights = slotted ? new WeightedChoice(SLOT_COUNT) : undefined;
  }

  get size(): number {
    return this.#size;
  }

  find(key: string): KeyEntry | undefined {
    return this.#dicts[this.#slotted ? slotOf(key) : 0]?.find(key);
  }

  /** The key must not be there yet. */
  insert(entry: KeyEntry): void {
    const slot = this.#slotted ? slotOf(entry.key) : 0;
    let dict = this.#dicts[slot];
    if (dict === undefined) {
      dict = new Dict<KeyEntry>(this.#hasher);
      this.#dicts[slot] = dict;
    }
    dict.insert(entry);
    this.#size++;
    this.#weights?.add(slot, 1);
  }

  /** Room for so many entries, within bounds, while there are none. One a slot would be too little to matter. */
  reserve(entries: number): void {
    if (this.#slotted || this.#size > 0) return;
    const dict = new Dict<KeyEntry>(this.#hasher);
    dict.reserve(entries);
    this.#dicts[0] = dict;
  }

  /** The entry that was removed. */
  remove(key: string): KeyEntry | undefined {
    const slot = this.#slotted ? slotOf(key) : 0;
    const dict = this.#dicts[slot];
    const removed = dict?.remove(key);
    if (removed === undefined) return undefined;
    this.#size--;
    this.#weights?.add(slot, -1);
    if (dict?.size === 0) this.#dicts[slot] = undefined;
    return removed;
  }

  clear(): void {
    // Who iterates goes on with what was there.
    this.#dicts = noDicts(this.#slotted);
    this.#weights?.clear();
    this.#size = 0;
  }

  /** Every entry; what Dict.entries says about changes in between holds. After `clear` those of before are given all the same. */
  entries(): IterableIterator<KeyEntry> {
    return entriesOf(this.#dicts);
  }

  /** As Dict.scan, slot after slot. The cursor is the Dict's times the number of slots, plus the slot. */
  scan(cursor: number, visit: (entry: KeyEntry) => void): number {
    const slots = this.#dicts.length;
    let slot = cursor % slots;
    const inSlot = (cursor - slot) / slots;
    const next = this.#dicts[slot]?.scan(inSlot, visit) ?? 0;
    if (next !== 0) return next * slots + slot;
    do slot++;
    while (slot < slots && this.#dicts[slot] === undefined);
    return slot < slots ? slot : 0;
  }

  random(random: Random): KeyEntry | undefined {
    if (this.#size === 0) return undefined;
    const slot = this.#weights?.choose(random) ?? 0;
    return this.#dicts[slot]?.random(random);
  }

  /** Up to `count` entries at random, at least one where there are any; neighbours come together when more than one is wanted. */
  sample(count: number, random: Random): KeyEntry[] {
    const found = count > 1 ? this.#neighbours(count, random) : [];
    if (found.length > 0) return found;
    const any = this.random(random);
    return any === undefined ? found : [any];
  }

  /** In a table with many holes there may be none within reach. */
  #neighbours(count: number, random: Random): KeyEntry[] {
    const found: KeyEntry[] = [];
    if (this.#weights === undefined) return this.#dicts[0]?.sample(count, random) ?? found;
    // A slot may hold fewer than are wanted.
    for (let tries = count; tries > 0 && found.length < count; tries--) {
      const slot = this.#weights.choose(random);
      if (slot === undefined) break;
      found.push(...(this.#dicts[slot]?.sample(count - found.length, random) ?? []));
    }
    return found;
  }

  countInSlot(slot: number): number {
    return this.#dicts[slot]?.size ?? 0;
  }

  keysInSlot(slot: number, count: number): string[] {
    const keys: string[] = [];
    const dict = this.#dicts[slot];
    if (dict === undefined || count <= 0) return keys;
    for (const entry of dict.entries()) {
      keys.push(entry.key);
      if (keys.length >= count) break;
    }
    return keys;
  }
}

function noDicts(slotted: boolean): (Dict<KeyEntry> | undefined)[] {
  return new Array<Dict<KeyEntry> | undefined>(slotted ? SLOT_COUNT : 1).fill(undefined);
}

function* entriesOf(dicts: readonly (Dict<KeyEntry> | undefined)[]): IterableIterator<KeyEntry> {
  for (let slot = 0; slot < dicts.length; slot++) {
    const dict = dicts[slot];
    if (dict !== undefined) yield* dict.entries();
  }
}
