/**
 * Owns the walk through an RDB file that gives each value as the bytes it is made of, for RESTORE: nothing is decoded but
 * keys. What is held is the chunk at hand, or one value and as much again. The checksum is verified at the end, so nothing
 * may be believed for good before `end`.
 */
import type { ByteReader } from '../../core/bytes.ts';
import { printableKey, RdbError } from './errors.ts';
import type { RawObject } from './raw-object.ts';
import { skipObject, whyNotSkipped } from './skip.ts';
import { type KeyFacts, RdbWalk } from './walk.ts';

export interface RdbKey extends KeyFacts {
  /** Latin1, one character a byte. */
  readonly key: string;
  /** May share memory with the chunks. */
  readonly object: RawObject;
}

/** Functions come before keys; a library is its code, latin1. */
export type RdbItem =
  | { readonly kind: 'key'; readonly key: RdbKey }
  | { readonly kind: 'function'; readonly code: string };

/** That of Redis 7.2 and Valkey 8: of all types up to it the layout is known. */
const NEWEST_VERSION = 11;

export class RdbScanner {
  #items: RdbItem[] = [];
  readonly #walk = new RdbWalk(
    {
      aux: () => {},
      functionLibrary: (code) => this.#items.push({ kind: 'function', code }),
      database: () => {},
      keyCount: () => {},
      value: (key, type, reader, facts) => this.#cutOut(key, type, reader, facts),
    },
    { name: 'it', newestVersion: NEWEST_VERSION, checksum: true },
  );

  /** The version that the file says it has; 0 before that is known. */
  get version(): number {
    return this.#walk.version;
  }

  /** The items that are complete now. They share memory with `chunk`, which must not change any more. Throws RdbError. */
  feed(chunk: Buffer): RdbItem[] {
    if (this.#walk.feed(chunk) < chunk.length) throw new RdbError('there are bytes behind its end');
    const items = this.#items;
    this.#items = [];
    return items;
  }

  /** When there are no more bytes. Throws RdbError unless the file is complete and its checksum right. */
  end(): void {
    this.#walk.end();
  }

  #cutOut(key: string, type: number, reader: ByteReader, facts: KeyFacts): void {
    const why = whyNotSkipped(reader, type);
    if (why !== undefined)
      throw new RdbError(`its key "${printableKey(key)}" is a ${why}, which cannot be restored`);
    const start = reader.offset;
    skipObject(reader, type);
    const object: RawObject = { type, body: reader.bytes.subarray(start, reader.offset) };
    const { db, expireAtMs, idleSeconds, frequency } = facts;
    this.#items.push({ kind: 'key', key: { db, key, object, expireAtMs, idleSeconds, frequency } });
  }
}
