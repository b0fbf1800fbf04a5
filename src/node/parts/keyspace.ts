/** Owns the keyspace as the other parts see it. */
import type { EncodingHint, Value } from '../keyspace/value.ts';
import type { ByteString } from '../types/string/byte-string.ts';

/** A key with its value. Keys and text are latin1 strings, one character a byte. */
export interface Entry {
  readonly key: string;
  readonly value: Value;
  /** Unix ms, or -1 without a time to live. */
  readonly expireAtMs: number;
  /** When and how often it was used; only Database.idleMs and frequency understand it. */
  readonly access: number;
  /** For OBJECT ENCODING. */
  readonly encodingHint: EncodingHint;
  /**
   * The number of the last snapshot that has this entry, or is older than it; 0 for none. Set by the snapshot, and for new
   * entries. A number, since V8 would have to remember a million references to a new object.
   */
  savedBy: number;
}

/** A snapshot that is being written: it hears of each entry it has not saved yet before that changes. */
export interface SnapshotKeeper {
  /** From 1 on; each snapshot of a node has its own. */
  readonly number: number;
  /** The entry, not yet saved by this snapshot, is about to change or to go. */
  keep(dbIndex: number, entry: Entry): void;
  /** All entries of a database are about to become another database's. */
  keepAll(dbIndex: number): void;
}

/**
 * One database: the gate through which every change of the keyspace goes. Each mutation keeps the slot index,
 * WATCH, the counters and (later) the snapshot right, so nobody changes a value behind it.
 */
export interface Database {
  readonly index: number;
  readonly size: number;
  /** How many keys have a time to live. */
  readonly expiringCount: number;
  /** How many of these clients of a writable replica gave, which it has to end itself. */
  readonly ownExpiringCount: number;
  /** What its keys take, as this node counts memory. */
  readonly memoryBytes: number;
  /** Average rest of the times to live, as the active expiry saw them; INFO's avg_ttl. */
  readonly averageTtlMs: number;
  /** For a command that reads: counts a hit or a miss, marks the key as used. Expired keys are gone. */
  lookupRead(key: string): Entry | undefined;
  /** For a command that asks about a key (TYPE, TTL, OBJECT): as `lookupRead`, but the key is not marked as used. */
  lookupNoTouch(key: string, notifyMiss?: boolean): Entry | undefined;
  /** For a command that will write. Expired keys are deleted (and their deletion propagated by a master). */
  lookupWrite(key: string): Entry | undefined;
  /** Without any trace: no counters, no use, no deletion; expired keys are still not shown. */
  peek(key: string): Entry | undefined;
  /** As `peek`, but expired keys that are still there are shown: for DEBUG. */
  peekEvenExpired(key: string): Entry | undefined;
  /** Creates or replaces; drops the time to live unless `expireAtMs` gives one. */
  set(key: string, value: Value, expireAtMs?: number, encodingHint?: EncodingHint): void;
  /**
   * Creates a key that a file holds: nobody is told, nothing is counted. False when there is one already, and it is not to
   * be replaced.
   */
  load(key: string, value: Value, expireAtMs: number, replace: boolean): boolean;
  /** So many keys are said to come: an empty database makes room, within bounds. */
  reserve(keys: number): void;
  /** Puts a value in place of the existing one, keeping its time to live. The key must exist. */
  replaceValue(key: string, value: Value, encodingHint?: EncodingHint): void;
  /** The string of an existing key, as bytes to be changed in place; `changed` is to be called afterwards. */
  editString(key: string): ByteString;
  /** Deletes what is there and creates the key anew; one write. */
  recreate(key: string, value: Value, expireAtMs: number, encodingHint: EncodingHint): void;
  /** Gives an existing key another name, or another database; what is there goes. One write. */
  moveTo(key: string, target: Database, targetKey: string): void;
  /** True when it was there. */
  delete(key: string): boolean;
  /** -1 removes the time to live. False when there is no such key. */
  setExpire(key: string, expireAtMs: number): boolean;
  /** Creates a key that is not there. Not counted: the command that fills it calls `changed`. */
  add(key: string, value: Value): Entry;
  /** Takes away a key whose collection has become empty. Not counted, as above. */
  removeEmpty(key: string): void;
  /** To be called before a collection is changed in place. */
  willChange(entry: Entry): void;
  /** To be called after a value was changed in place; `writes` is what counts for the next save. */
  changed(key: string, writes?: number): void;
  /** A keyspace notification (notify-keyspace-events): class letter as in redis.conf ("$" string, "g" generic ...). */
  notify(classLetter: string, event: string, key: string): void;
  /** True when the entry's time has come: it must not be shown, and on a master it is deleted now. */
  expireIfNeeded(entry: Entry): boolean;
  /** True when the entry's time has come. Deletes nothing. */
  isExpired(entry: Entry): boolean;
  /**
   * All of them, expired ones too. Entries may change and go between two steps: one that is gone may still be given, one that
   * has come may not. What `clear` has taken away is given.
   */
  entries(): IterableIterator<Entry>;
  /** The snapshot that is being written, if any. */
  snapshot: SnapshotKeeper | undefined;
  /**
   * Visits a few entries, expired ones too, and returns the next cursor (0 to 2^45), 0 at the end. What is there from
   * the first call to the last is visited at least once. `visit` must not change the database.
   */
  scan(cursor: number, visit: (entry: Entry) => void): number;
  /** Counts as many writes as there were keys. */
  clear(): void;
  /** Exchanges everything with another database of the same node. One write. */
  swap(other: Database): void;
  /** An empty database of the same number that nobody sees, to be filled and put in place of this one. */
  makeTemporary(): Database;
  /** Everything goes, and what the temporary database holds takes its place. Not counted as writes. */
  replaceBy(temporary: Database): void;
  randomKey(): string | undefined;
  /** Cluster mode only; the number of keys is kept, not counted. */
  countInSlot(slot: number): number;
  /** Cluster mode only; at most `count`, taken from the slot's own index. */
  keysInSlot(slot: number, count: number): string[];
  /** Milliseconds since the last use. */
  idleMs(entry: Pick<Entry, 'access'>): number;
  /** How often it is used, 0 to 255; only kept with an LFU policy. */
  frequency(entry: Pick<Entry, 'access'>): number;
  /** What RESTORE's IDLETIME or FREQ (0 to 255) says of a key. */
  setUsage(key: string, usage: { readonly idleSeconds: number } | { readonly frequency: number }): void;
}

/** The deletion of expired keys that nobody asks for, as DEBUG and INFO see it. */
export interface ActiveExpiry {
  /** DEBUG SET-ACTIVE-EXPIRE. */
  enabled: boolean;
  /** Estimated part of the keys with a time to live that are expired but still there; 0 to 1. */
  readonly staleRatio: number;
  readonly timeCapReachedCount: number;
  readonly timeUsedMs: number;
}
