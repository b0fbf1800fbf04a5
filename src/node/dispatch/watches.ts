/**
 * Owns who watches which key, and breaks the transactions of clients whose keys changed. A key that was absent (or had
 * expired) when it was watched and is still absent has not changed. Source: Redis multi.c watchForKey, touchWatchedKey,
 * touchAllWatchedKeysInDb, isWatchedKeyExpired.
 */
import type { Database } from '../parts/keyspace.ts';
import { textBytes } from '../types/memory.ts';
import type { Session } from './session.ts';

/** As seen in V8, besides the key. */
const WATCH_BYTES = 120;

interface Watch {
  readonly session: Session;
  readonly db: Database;
  readonly key: string;
  /** Whether the key was there when WATCH was sent. */
  readonly present: boolean;
}

export class WatchTable {
  /** By database index, then by key. */
  readonly #byKey = new Map<number, Map<string, Watch[]>>();
  readonly #bySession = new Map<Session, Watch[]>();

  watch(session: Session, key: string): void {
    const db = session.db;
    const own = this.#bySession.get(session) ?? [];
    if (own.some((watch) => watch.db === db && watch.key === key)) return;
    const watch: Watch = { session, db, key, present: db.peek(key) !== undefined };
    if (own.length === 0) {
      this.#bySession.set(session, own);
      session.onClose(() => this.unwatch(session));
    }
    own.push(watch);
    session.watchCount = own.length;
    session.listenBytes += WATCH_BYTES + textBytes(key);
    let keys = this.#byKey.get(db.index);
    if (keys === undefined) {
      keys = new Map();
      this.#byKey.set(db.index, keys);
    }
    const watches = keys.get(key);
    if (watches) watches.push(watch);
    else keys.set(key, [watch]);
  }

  unwatch(session: Session): void {
    const own = this.#bySession.get(session);
    if (own === undefined) return;
    this.#bySession.delete(session);
    session.watchCount = 0;
    for (const watch of own) {
      session.listenBytes -= WATCH_BYTES + textBytes(watch.key);
      const keys = this.#byKey.get(watch.db.index);
      const left = keys?.get(watch.key)?.filter((other) => other !== watch) ?? [];
      if (left.length > 0) keys?.set(watch.key, left);
      else keys?.delete(watch.key);
      if (keys?.size === 0) this.#byKey.delete(watch.db.index);
    }
  }

  /** Whether a watched key has expired unnoticed since. */
  anyExpired(session: Session): boolean {
    const own = this.#bySession.get(session) ?? [];
    return own.some((watch) => watch.present && watch.db.peek(watch.key) === undefined);
  }

  /** The key was changed, created or deleted: after the fact. */
  touched(dbIndex: number, key: string): void {
    const watches = this.#byKey.get(dbIndex)?.get(key);
    if (watches === undefined) return;
    for (const { session, db, present } of [...watches]) {
      if (!present && db.peek(key) === undefined) continue;
      session.watchBroken = true;
      this.unwatch(session);
    }
  }

  /** All keys of the database are about to go. */
  flushed(dbIndex: number): void {
    const keys = this.#byKey.get(dbIndex);
    if (keys === undefined) return;
    for (const watches of [...keys.values()]) {
      for (const { session, db, key } of watches) {
        if (db.peek(key) !== undefined) session.watchBroken = true;
      }
    }
  }

  /** Two databases change places: a key that is in either of them counts as changed. */
  swapped(a: Database, b: Database): void {
    for (const db of [a, b]) {
      for (const [key, watches] of this.#byKey.get(db.index) ?? []) {
        const somewhere = a.peek(key) !== undefined || b.peek(key) !== undefined;
        if (somewhere) for (const { session } of watches) session.watchBroken = true;
      }
    }
  }
}
