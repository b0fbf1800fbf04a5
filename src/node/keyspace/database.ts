/**
 * Owns one database: its entries, their time to live, and the gate that every change goes through. Never knows
 * a command or a client; what must follow a change it tells through KeyspaceHooks.
 * Source: the behaviour of Redis db.c (lookupKey, setKey, dbGenericDelete, expireIfNeeded, dbRandomKey).
 */
import type { Random } from '../../core/random.ts';
import type { Stats } from '../parts/basics.ts';
import type { Database, Entry, SnapshotKeeper } from '../parts/keyspace.ts';
import { ByteString } from '../types/string/byte-string.ts';
import type { AccessTracker } from './access.ts';
import { KeyEntry } from './entry.ts';
import { ExpiringKeys } from './expiring-keys.ts';
import type { Hasher } from './hasher.ts';
import { DatabaseMemory, type MemorySum } from './memory.ts';
import { Store } from './store.ts';
import { unseenHooks } from './unseen-hooks.ts';
import type { EncodingHint, Value } from './value.ts';

/** What the keyspace asks of the node, and tells it. */
export interface KeyspaceHooks {
  /** Unix time in ms; fixed while a command, transaction or script runs. */
  nowMs(): number;
  /** Whether this node follows a master, so that expired keys are the master's to delete. */
  isReplica(): boolean;
  /** Whether clients may write to this node although it is a replica (replica-read-only no). */
  isWritableReplica(): boolean;
  /** Whether the command that runs comes from the master: to it no key is expired. */
  isServingMaster(): boolean;
  /** Whether a data set is being loaded: nothing expires then. */
  isLoading(): boolean;
  /** Whether the data set must stay as it is (CLIENT PAUSE, a failover): expired keys are hidden, not deleted. */
  isPaused(): boolean;
  /** The key's value or time to live changed (WATCH, client caches). */
  touched(dbIndex: number, key: string): void;
  /** A key has come with a value that somebody may wait for, or a stream has gone that somebody waits at. */
  awaited(dbIndex: number, key: string): void;
  /** All keys are about to go, or to be replaced. */
  flushed(dbIndex: number): void;
  /** A key was deleted that nobody asked to delete: replicas and the AOF get `DEL key` or `UNLINK key`. */
  propagateDelete(dbIndex: number, key: string, why: 'expired' | 'evicted'): void;
  /** A keyspace notification; the class as its letter in notify-keyspace-events. Absent where nobody can listen. */
  readonly notify?: ((dbIndex: number, classLetter: string, event: string, key: string) => void) | undefined;
}

export interface DatabaseDeps {
  readonly hooks: KeyspaceHooks;
  readonly stats: Stats;
  readonly random: Random;
  readonly hasher: Hasher;
  readonly access: AccessTracker;
  /** Of all databases of the keyspace. */
  readonly memorySum: MemorySum;
  /** Cluster mode: keys are indexed by slot. */
  readonly slotted: boolean;
}

/** After so many random keys that turn out expired, a replica gives one of them. Source: db.c dbRandomKey. */
const RANDOM_TRIES = 100;

export class KeyDatabase implements Database {
  readonly index: number;
  averageTtlMs = 0;
  snapshot: SnapshotKeeper | undefined;
  readonly #deps: DatabaseDeps;
  readonly #hooks: KeyspaceHooks;
  readonly #stats: Stats;
  readonly #access: AccessTracker;
  #store: Store;
  #memory: DatabaseMemory;
  #expiring: ExpiringKeys;

  constructor(index: number, deps: DatabaseDeps) {
    this.index = index;
    this.#deps = deps;
    this.#hooks = deps.hooks;
    this.#stats = deps.stats;
    this.#access = deps.access;
    this.#store = new Store(deps.hasher, deps.slotted);
    this.#memory = new DatabaseMemory(deps.memorySum);
    this.#expiring = new ExpiringKeys(this.#memory);
  }

  get size(): number {
    return this.#store.size;
  }

  get memoryBytes(): number {
    return this.#memory.bytes;
  }

  /** For the active expiry and the eviction, which only read it. */
  get expiring(): ExpiringKeys {
    return this.#expiring;
  }

  get expiringCount(): number {
    return this.#expiring.size;
  }

  get ownExpiringCount(): number {
    return this.#expiring.ownSize;
  }

  lookupRead(key: string): KeyEntry | undefined {
    const entry = this.lookupNoTouch(key);
    if (entry !== undefined) this.#markUsed(entry);
    return entry;
  }

  lookupNoTouch(key: string, notifyMiss = true): KeyEntry | undefined {
    const entry = this.#store.find(key);
    if (entry === undefined || (entry.timeToLive !== undefined && this.#expireIfNeeded(entry, false))) {
      this.#stats.keyspaceMisses++;
      if (notifyMiss) this.notify('m', 'keymiss', key);
      return undefined;
    }
    this.#stats.keyspaceHits++;
    return entry;
  }

  lookupWrite(key: string): KeyEntry | undefined {
    const entry = this.#store.find(key);
    if (entry === undefined) return undefined;
    if (entry.timeToLive !== undefined && this.#expireIfNeeded(entry, true)) return undefined;
    this.#markUsed(entry);
    return entry;
  }

  peek(key: string): KeyEntry | undefined {
    const entry = this.#store.find(key);
    return entry?.timeToLive !== undefined && this.#isExpired(entry.timeToLive.atMs) ? undefined : entry;
  }

  peekEvenExpired(key: string): KeyEntry | undefined {
    return this.#store.find(key);
  }

  expireIfNeeded(entry: Entry): boolean {
    return entry.expireAtMs >= 0 && this.#expireIfNeeded(entry, false);
  }

  isExpired(entry: Entry): boolean {
    return entry.expireAtMs >= 0 && this.#isExpired(entry.expireAtMs);
  }

  set(key: string, value: Value, expireAtMs = -1, encodingHint: EncodingHint = 'auto'): void {
    let entry = this.#store.find(key);
    if (entry?.timeToLive !== undefined && this.#expireIfNeeded(entry, true)) entry = this.#store.find(key);
    if (entry === undefined) entry = this.#create(key, value);
    else this.#overwrite(entry, value);
    entry.encodingHint = encodingHint;
    if (expireAtMs >= 0) this.#expireAt(entry, expireAtMs);
    else this.#expiring.remove(entry);
    this.changed(key);
  }

  load(key: string, value: Value, expireAtMs: number, replace: boolean): boolean {
    if (this.#store.find(key) !== undefined) {
      if (!replace) return false;
      this.#remove(key);
    }
    const entry = this.#insert(key, value);
    if (expireAtMs >= 0) this.#expiring.set(entry, expireAtMs, false);
    return true;
  }

  reserve(keys: number): void {
    this.#store.reserve(keys);
  }

  replaceValue(key: string, value: Value, encodingHint: EncodingHint = 'auto'): void {
    const entry = this.#store.find(key);
    if (entry === undefined) throw new Error('replaceValue needs a key that exists');
    this.#overwrite(entry, value);
    entry.encodingHint = encodingHint;
    this.changed(key);
  }

  recreate(key: string, value: Value, expireAtMs: number, encodingHint: EncodingHint): void {
    this.#remove(key);
    const entry = this.#create(key, value);
    entry.encodingHint = encodingHint;
    if (expireAtMs >= 0) this.#expireAt(entry, expireAtMs);
    this.changed(key);
  }

  moveTo(key: string, target: Database, targetKey: string): void {
    const entry = this.#store.find(key);
    if (entry === undefined) throw new Error('moveTo needs a key that exists');
    const { value, expireAtMs, encodingHint } = entry;
    this.#remove(key);
    this.#hooks.touched(this.index, key);
    target.recreate(targetKey, value, expireAtMs, encodingHint);
  }

  editString(key: string): ByteString {
    const entry = this.#store.find(key);
    if (entry === undefined) throw new Error('editString needs a key that exists');
    this.#keep(entry);
    const edited = editable(entry.value);
    this.#give(entry, edited);
    return edited;
  }

  delete(key: string): boolean {
    const entry = this.#store.find(key);
    if (entry === undefined) return false;
    // An expired key that stays (on a replica) is still there to be deleted, by its master.
    if (entry.timeToLive !== undefined) this.#expireIfNeeded(entry, false);
    if (!this.#remove(key)) return false;
    this.changed(key);
    return true;
  }

  setExpire(key: string, expireAtMs: number): boolean {
    const entry = this.#store.find(key);
    if (entry === undefined) return false;
    this.#keep(entry);
    if (expireAtMs >= 0) this.#expireAt(entry, expireAtMs);
    else this.#expiring.remove(entry);
    this.changed(key);
    return true;
  }

  add(key: string, value: Value): KeyEntry {
    if (this.#store.find(key) !== undefined) throw new Error('add needs a key that does not exist');
    return this.#create(key, value);
  }

  removeEmpty(key: string): void {
    this.#remove(key);
  }

  willChange(entry: KeyEntry): void {
    this.#keep(entry);
  }

  changed(key: string, writes = 1): void {
    this.#stats.dirty += writes;
    this.#hooks.touched(this.index, key);
  }

  notify(classLetter: string, event: string, key: string): void {
    this.#hooks.notify?.(this.index, classLetter, event, key);
  }

  entries(): IterableIterator<KeyEntry> {
    return this.#store.entries();
  }

  scan(cursor: number, visit: (entry: Entry) => void): number {
    return this.#store.scan(cursor, visit);
  }

  /** A snapshot goes on with the entries that were there: nothing changes them any more. */
  clear(): void {
    this.#hooks.flushed(this.index);
    this.#stats.dirty += this.#store.size;
    this.#store.clear();
    this.#forgetMemory();
    this.#expiring = new ExpiringKeys(this.#memory);
    this.averageTtlMs = 0;
  }

  /** What values that have gone still tell is nobody's. */
  #forgetMemory(): void {
    this.#memory.moveTo({ bytes: 0 });
    this.#memory = new DatabaseMemory(this.#deps.memorySum);
  }

  swap(other: Database): void {
    if (!(other instanceof KeyDatabase)) throw new Error('only databases of one keyspace can be swapped');
    this.snapshot?.keepAll(this.index);
    other.snapshot?.keepAll(other.index);
    [this.#store, other.#store] = [other.#store, this.#store];
    [this.#memory, other.#memory] = [other.#memory, this.#memory];
    [this.#expiring, other.#expiring] = [other.#expiring, this.#expiring];
    [this.averageTtlMs, other.averageTtlMs] = [other.averageTtlMs, this.averageTtlMs];
    this.#stats.dirty++;
  }

  makeTemporary(): KeyDatabase {
    const hooks = unseenHooks(this.#hooks);
    return new KeyDatabase(this.index, { ...this.#deps, hooks, memorySum: { bytes: 0 } });
  }

  replaceBy(temporary: Database): void {
    if (!(temporary instanceof KeyDatabase)) throw new Error('a temporary database is of the same keyspace');
    // It goes on with the entries that were there; those that come are not of its moment.
    this.snapshot = undefined;
    this.#hooks.flushed(this.index);
    this.#store = temporary.#store;
    this.#forgetMemory();
    this.#memory = temporary.#memory;
    this.#memory.moveTo(this.#deps.memorySum);
    this.#expiring = temporary.#expiring;
    this.averageTtlMs = 0;
  }

  randomKey(): string | undefined {
    const allExpiring = this.#expiring.size === this.#store.size;
    for (let tries = RANDOM_TRIES; ; ) {
      const entry = this.#store.random(this.#deps.random);
      if (entry === undefined) return undefined;
      if (entry.timeToLive === undefined) return entry.key;
      // Where expired keys are not deleted, all of them may be expired.
      if (allExpiring && !this.#deletesExpired(false) && --tries === 0) return entry.key;
      if (!this.#expireIfNeeded(entry, false)) return entry.key;
    }
  }

  countInSlot(slot: number): number {
    return this.#store.countInSlot(slot);
  }

  keysInSlot(slot: number, count: number): string[] {
    return this.#store.keysInSlot(slot, count);
  }

  idleMs(entry: Pick<Entry, 'access'>): number {
    return this.#access.idleMs(entry.access);
  }

  frequency(entry: Pick<Entry, 'access'>): number {
    return this.#access.frequency(entry.access);
  }

  setUsage(key: string, usage: { readonly idleSeconds: number } | { readonly frequency: number }): void {
    const entry = this.#store.find(key);
    if (entry === undefined) return;
    entry.access =
      'frequency' in usage
        ? this.#access.fromFrequency(usage.frequency)
        : this.#access.fromIdleSeconds(usage.idleSeconds);
  }

  /** Keys that may be evicted, taken at random: up to so many, of those with a time to live, or of all. */
  sample(count: number, volatile: boolean): KeyEntry[] {
    const { random } = this.#deps;
    return volatile ? this.#expiring.sample(count, random) : this.#store.sample(count, random);
  }

  /** Deletes a key whose time has come, with all that follows. For the active expiry. */
  expire(entry: KeyEntry): void {
    this.#stats.expiredKeys++;
    this.#removeUnasked(entry.key, 'expired');
  }

  /** Deletes a key because memory is needed, with all that follows. For the eviction. */
  evict(entry: KeyEntry): void {
    this.#stats.evictedKeys++;
    this.#removeUnasked(entry.key, 'evicted');
  }

  #removeUnasked(key: string, why: 'expired' | 'evicted'): void {
    this.#remove(key);
    this.notify(why === 'expired' ? 'x' : 'e', why, key);
    this.#hooks.touched(this.index, key);
    this.#hooks.propagateDelete(this.index, key, why);
  }

  #markUsed(entry: KeyEntry): void {
    const access = this.#access.used(entry.access);
    // Mostly the same within a second; not writing leaves the memory that others cache alone.
    if (entry.access !== access) entry.access = access;
  }

  #create(key: string, value: Value): KeyEntry {
    const entry = this.#insert(key, value);
    if (typeof value !== 'string') this.#hooks.awaited(this.index, key);
    this.notify('n', 'new', key);
    return entry;
  }

  #insert(key: string, value: Value): KeyEntry {
    const entry = new KeyEntry(key, value, this.#access.initial());
    if (this.snapshot !== undefined) entry.savedBy = this.snapshot.number;
    this.#store.insert(entry);
    this.#memory.added(entry);
    return entry;
  }

  /** To be called before an entry changes. */
  #keep(entry: KeyEntry): void {
    const { snapshot } = this;
    if (snapshot !== undefined && entry.savedBy !== snapshot.number) snapshot.keep(this.index, entry);
  }

  #overwrite(entry: KeyEntry, value: Value): void {
    this.#keep(entry);
    if (typeof value !== 'string' || isStream(entry.value)) this.#hooks.awaited(this.index, entry.key);
    this.#give(entry, value);
    if (!this.#access.lfu) entry.access = this.#access.initial();
  }

  #give(entry: KeyEntry, value: Value): void {
    this.#memory.replaced(entry.value, value);
    entry.value = value;
  }

  #remove(key: string): boolean {
    const entry = this.#store.remove(key);
    if (entry === undefined) return false;
    this.#keep(entry);
    this.#expiring.remove(entry);
    this.#memory.removed(entry);
    if (isStream(entry.value)) this.#hooks.awaited(this.index, key);
    return true;
  }

  #isExpired(atMs: number): boolean {
    return this.#hooks.nowMs() > atMs && !this.#hooks.isLoading() && !this.#hooks.isServingMaster();
  }

  #deletesExpired(forWrite: boolean): boolean {
    const hooks = this.#hooks;
    if (hooks.isPaused()) return false;
    return !hooks.isReplica() || (forWrite && hooks.isWritableReplica());
  }

  /** True when the entry must not be seen (any more). */
  #expireIfNeeded(entry: Entry, forWrite: boolean): boolean {
    if (!this.#isExpired(entry.expireAtMs)) return false;
    if (this.#deletesExpired(forWrite)) {
      const current = this.#store.find(entry.key);
      if (current !== undefined) this.expire(current);
    }
    return true;
  }

  #expireAt(entry: KeyEntry, atMs: number): void {
    const hooks = this.#hooks;
    const own = hooks.isReplica() && !hooks.isServingMaster() && !hooks.isLoading();
    this.#expiring.set(entry, atMs, own);
  }
}

function isStream(value: Value): boolean {
  return typeof value === 'object' && 'typeName' in value && value.typeName === 'stream';
}

/** A string as bytes that nobody else relies on. */
function editable(value: Value): ByteString {
  if (typeof value === 'string') return ByteString.fromLatin1(value);
  if (!(value instanceof ByteString)) throw new Error('editString needs a string');
  return value.shared ? value.copy() : value;
}
