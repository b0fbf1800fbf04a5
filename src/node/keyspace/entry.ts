/**
 * Owns what a database keeps of one key. Only the keyspace room writes to it; others see the read-only Entry of parts/keyspace.ts.
 */
import type { Entry } from '../parts/keyspace.ts';
import type { DictEntry } from './dict.ts';
import type { EncodingHint, Value } from './value.ts';

/** A key's time to live, kept apart because most keys have none. */
export interface TimeToLive {
  readonly entry: KeyEntry;
  atMs: number;
  /** Its place in the database's list of keys with a time to live. */
  place: number;
}

export class KeyEntry implements Entry, DictEntry<KeyEntry> {
  readonly key: string;
  hash = 0;
  next: KeyEntry | undefined = undefined;
  value: Value;
  timeToLive: TimeToLive | undefined = undefined;
  /** Last use, in the tracker's 24 bits (access.ts). */
  access: number;
  encodingHint: EncodingHint = 'auto';
  savedBy = 0;

  constructor(key: string, value: Value, access: number) {
    this.key = key;
    this.value = value;
    this.access = access;
  }

  get expireAtMs(): number {
    return this.timeToLive === undefined ? -1 : this.timeToLive.atMs;
  }
}
