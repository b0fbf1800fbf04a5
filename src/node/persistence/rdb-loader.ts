/**
 * Owns the putting of what an RDB holds into databases, whether it comes from a file, is the base of an AOF, or came from a
 * master; and what the RDB says of itself besides. It is the handler of an RdbReader, which finds the entries. Never reads a
 * file: load-file.ts does. Source: Redis rdb.c rdbLoadRioWithLoadingCtx.
 *
 *     const loader = new RdbLoader(deps, { dropExpiredAtMs, replace: false, functions: 'flush' });
 *     const reader = new RdbReader(loader, { checksum, databases: databases.length });
 *     reader.feed(chunk) ...; reader.end(); loader.finish();
 */
import { printableKey, type RdbEntry, RdbError, type RdbHandler } from '../../protocol/rdb/reader.ts';
import type { Log } from '../parts/basics.ts';
import type { Database } from '../parts/keyspace.ts';
import type { StreamPosition } from '../parts/replication.ts';
import type { FunctionLibraries } from '../parts/scripts.ts';
import type { ValueHost } from '../types/row.ts';
import { valueFromRdb } from '../types/types.ts';

export interface RdbLoaderDeps extends ValueHost {
  readonly log: Log;
  /** What the keys are put into; they need not be the node's own yet. */
  readonly databases: readonly Database[];
  readonly libraries: Pick<FunctionLibraries, 'restore'>;
}

export interface RdbLoaderOptions {
  /** Keys whose time is over at this Unix ms are left out; undefined keeps them: they are the master's to delete, or the AOF's. */
  readonly dropExpiredAtMs: number | undefined;
  /** Told of each key that is left out so, and where the replication stream stood, if the RDB tells. */
  readonly onExpired?: (dbIndex: number, key: string, position: StreamPosition | undefined) => void;
  /** Keys take the place of those of the same name; otherwise such a file is refused. */
  readonly replace: boolean;
  /** What its libraries of functions are to those that are there. */
  readonly functions: 'append' | 'replace' | 'flush';
}

/** So many empty keys are named in the log. */
const NAMED_EMPTY_KEYS = 10;

export class RdbLoader implements RdbHandler {
  keysLoaded = 0;
  keysExpired = 0;
  /** The memory that the server which wrote it took; 0 when not told. */
  usedMemoryBytes = 0;
  /** The database that the stream behind this data has selected. */
  streamDb = 0;
  readonly #deps: RdbLoaderDeps;
  readonly #options: RdbLoaderOptions;
  #replicationId = '';
  #replicationOffset = -1;
  #emptyKeys = 0;
  readonly #functionCodes: string[] = [];

  constructor(deps: RdbLoaderDeps, options: RdbLoaderOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Where the replication stream stood, if the RDB tells. */
  get position(): StreamPosition | undefined {
    const id = this.#replicationId;
    const offset = this.#replicationOffset;
    return id === '' || offset < 0 ? undefined : { id, offset, streamDb: this.streamDb };
  }

  aux(name: string, value: string): void {
    const { log, databases } = this.#deps;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : -1;
    switch (name) {
      case 'repl-stream-db':
        if (number >= 0 && number < databases.length) this.streamDb = number;
        break;
      case 'repl-id':
        if (/^[0-9a-f]{40}$/.test(value)) this.#replicationId = value;
        break;
      case 'repl-offset':
        this.#replicationOffset = number;
        break;
      case 'used-mem':
        this.usedMemoryBytes = Math.max(0, number);
        log(
          'notice',
          `RDB memory usage when created ${(this.usedMemoryBytes / (1024 * 1024)).toFixed(2)} Mb`,
        );
        break;
      case 'redis-ver':
        log('notice', `Loading RDB produced by version ${value}`);
        break;
      case 'aof-base':
        if (number === 1) log('notice', 'RDB is base AOF');
        break;
    }
  }

  keyCount(db: number, keys: number): void {
    this.#deps.databases[db]?.reserve(keys);
  }

  entry(entry: RdbEntry): void {
    const { dropExpiredAtMs, replace } = this.#options;
    const { key, db } = entry;
    const database = this.#deps.databases[db] as Database;
    if (typeof entry.value !== 'string' && entry.value.type !== 'stream' && entry.value.size === 0) {
      if (this.#emptyKeys++ < NAMED_EMPTY_KEYS)
        this.#deps.log('warning', `rdbLoadObject skipping empty key: ${printableKey(key)}`);
      return;
    }
    if (entry.expireAtMs !== -1 && dropExpiredAtMs !== undefined && entry.expireAtMs < dropExpiredAtMs) {
      this.keysExpired++;
      this.#options.onExpired?.(db, key, this.position);
      return;
    }
    // A time before 1970 is over as well; any negative one would mean none.
    const expireAtMs = entry.expireAtMs === -1 ? -1 : Math.max(0, entry.expireAtMs);
    const value = valueFromRdb(entry.value, this.#deps);
    if (!database.load(key, value, expireAtMs, replace)) {
      this.#deps.log('warning', `RDB has duplicated key '${printableKey(key)}' in DB ${db}`);
      throw new RdbError(`key "${printableKey(key)}" is there twice`);
    }
    if (entry.frequency >= 0) database.setUsage(key, { frequency: entry.frequency });
    else if (entry.idleSeconds >= 0) database.setUsage(key, { idleSeconds: entry.idleSeconds });
    this.keysLoaded++;
  }

  functionLibrary(code: string): void {
    this.#functionCodes.push(code);
  }

  /** All entries have come: the libraries take their place, and the log is told what there was. Throws an RdbError. */
  finish(): void {
    const { libraries, log } = this.#deps;
    const refusal = libraries.restore(this.#functionCodes, this.#options.functions);
    if (refusal !== undefined) {
      log('warning', `Failed loading function, ${refusal.replace(/^ERR /, '')}`);
      throw new RdbError('a library of functions cannot be loaded');
    }
    const counts = `keys loaded: ${this.keysLoaded}, keys expired: ${this.keysExpired}`;
    if (this.#emptyKeys === 0) log('notice', `Done loading RDB, ${counts}.`);
    else log('warning', `Done loading RDB, ${counts}, empty keys skipped: ${this.#emptyKeys}.`);
  }
}
