/**
 * Owns the count of the memory that keys take, as far as this node counts it: what V8 needs for a key's entry and for its value,
 * the same for the same data. A database's account is kept with each change, and with it the sum of all databases.
 * Source: the role of Redis zmalloc.c and of objectComputeSize, getMemoryOverheadData in object.c.
 */
import { type MemoryAccount, textBytes } from '../types/memory.ts';
import type { KeyEntry } from './entry.ts';
import type { Value } from './value.ts';

/** As seen in V8: an entry with its place in the table, and a time to live with its place in the list. */
export const ENTRY_BYTES = 104;
export const TIME_TO_LIVE_BYTES = 40;

export function valueBytes(value: Value): number {
  return typeof value === 'string' ? textBytes(value) : value.memoryBytes;
}

/** What a key takes, its value and its time to live included. */
export function keyBytes({ key, value, expireAtMs }: Pick<KeyEntry, 'key' | 'value' | 'expireAtMs'>): number {
  return ENTRY_BYTES + textBytes(key) + valueBytes(value) + (expireAtMs >= 0 ? TIME_TO_LIVE_BYTES : 0);
}

/** What the keys of all databases take. */
export interface MemorySum {
  bytes: number;
}

/** What the keys of one database take. Values in it tell of each change of their own. */
export class DatabaseMemory implements MemoryAccount {
  #sum: MemorySum;
  #bytes = 0;

  constructor(sum: MemorySum) {
    this.#sum = sum;
  }

  get bytes(): number {
    return this.#bytes;
  }

  count(bytes: number): void {
    this.#bytes += bytes;
    this.#sum.bytes += bytes;
  }

  /** A key has come, without a time to live. */
  added({ key, value }: KeyEntry): void {
    this.count(ENTRY_BYTES + textBytes(key) + valueBytes(value));
    if (typeof value !== 'string') value.account = this;
  }

  /** A key has gone; its time to live went on its own. */
  removed({ key, value }: KeyEntry): void {
    this.count(-ENTRY_BYTES - textBytes(key) - valueBytes(value));
    if (typeof value !== 'string') value.account = undefined;
  }

  /** A key is about to hold another value. */
  replaced(before: Value, value: Value): void {
    if (typeof before !== 'string') before.account = undefined;
    this.count(valueBytes(value) - valueBytes(before));
    if (typeof value !== 'string') value.account = this;
  }

  /** What it counted belongs to this sum from now on. */
  moveTo(sum: MemorySum): void {
    this.#sum.bytes -= this.#bytes;
    this.#sum = sum;
    sum.bytes += this.#bytes;
  }
}
