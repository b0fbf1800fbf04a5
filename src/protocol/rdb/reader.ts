/**
 * Owns the reading of an RDB file or stream that arrives in chunks of any size: every value is decoded, by the same decoders
 * that read DUMP payloads. It knows itself where the file ends. Source: Redis rdb.c rdbLoadRioWithLoadingCtx.
 */
import { type ByteReader, BytesError } from '../../core/bytes.ts';
import { printableKey, RdbError } from './errors.ts';
import { type RdbValue, rdbTypes } from './objects.ts';
import { RDB_VERSION_READ } from './version.ts';
import { type KeyFacts, RdbWalk } from './walk.ts';

export { printableKey, RdbChecksumError, RdbError } from './errors.ts';
export { readPreReleaseFunction } from './walk.ts';

export interface RdbEntry extends KeyFacts {
  readonly key: string;
  readonly value: RdbValue;
}

/** Receives what a file holds, in its order. What a handler throws ends the reading. */
export interface RdbHandler {
  aux(name: string, value: string): void;
  /** So many keys of this database follow, as the file says: nothing may be taken on its word. */
  keyCount?(db: number, keys: number): void;
  entry(entry: RdbEntry): void;
  /** A library of functions, as FUNCTION LOAD takes its code. */
  functionLibrary(code: string): void;
}

export interface RdbReaderOptions {
  /** As rdbchecksum: whether the checksum is compared. A file without one (zero) is always accepted. */
  readonly checksum: boolean;
  /** Keys of databases from this number on are refused. */
  readonly databases: number;
}

export class RdbReader {
  readonly #handler: RdbHandler;
  readonly #databases: number;
  readonly #walk: RdbWalk;

  constructor(handler: RdbHandler, { checksum, databases }: RdbReaderOptions) {
    this.#handler = handler;
    this.#databases = databases;
    this.#walk = new RdbWalk(
      {
        aux: (name, value) => handler.aux(name, value),
        functionLibrary: (code) => handler.functionLibrary(code),
        database: (db) => this.#checkDatabase(db),
        keyCount: (db, keys) => handler.keyCount?.(db, keys),
        value: (key, type, reader, facts) => this.#readValue(key, type, reader, facts),
      },
      { name: 'the RDB', newestVersion: RDB_VERSION_READ, checksum },
    );
  }

  /** The whole file was read, and its checksum is right. */
  get done(): boolean {
    return this.#walk.done;
  }

  /**
   * Takes in the next bytes and returns how many of them belong to the file: fewer than given once it is done. Keeps
   * no reference to `chunk`. Throws RdbError, after which the reader is of no use.
   */
  feed(chunk: Buffer): number {
    return this.#walk.feed(chunk);
  }

  /** To be called when no more bytes will come. Throws RdbError unless the file is done. */
  end(): void {
    this.#walk.end();
  }

  #checkDatabase(db: number): void {
    if (db >= this.#databases)
      throw new RdbError(`the RDB has keys in database ${db}, this node has ${this.#databases}`);
  }

  #readValue(key: string, type: number, reader: ByteReader, facts: KeyFacts): void {
    const row = rdbTypes.get(type);
    if (row === undefined) throw new BytesError(`unknown type or opcode ${type}`);
    if (row.decode === undefined)
      throw new RdbError(`key "${printableKey(key)}" is a ${row.name}, a type that is not supported`);
    const value = row.decode(reader);
    const { db, expireAtMs, idleSeconds, frequency } = facts;
    this.#handler.entry({ db, key, value, expireAtMs, idleSeconds, frequency });
  }
}
