/**
 * Owns a data set that is parsed as it comes in, without a file (repl-diskless-load): into databases aside that change places
 * with the old ones when everything is there (swapdb), or into the node's own, where those are empty (on-empty-db).
 * Source: Redis replication.c readSyncBulkPayload, disklessLoadInitTempDb, swapMainDbWithTempDb.
 */
import { RdbError, RdbReader } from '../../protocol/rdb/reader.ts';
import type { Database } from '../parts/keyspace.ts';
import { RdbLoader } from '../persistence/rdb-loader.ts';
import { clearAll, type IncomingData, type IncomingDataDeps, LoadPace } from './incoming-data.ts';

export class ParsedData implements IncomingData {
  readonly destination = 'to parser';
  loading = false;
  readonly #deps: IncomingDataDeps;
  /** Databases aside; undefined when the data go straight into the node's. */
  readonly #aside: readonly Database[] | undefined;
  readonly #sameHistory: boolean;
  readonly #loader: RdbLoader;
  readonly #reader: RdbReader;
  readonly #pace: LoadPace;
  #readBytes = 0;

  /** `sameHistory`: the old data are of the same replication id, so that they may be served until the new ones are there. */
  constructor(deps: IncomingDataDeps, options: { readonly swap: boolean; readonly sameHistory: boolean }) {
    const { config, databases } = deps;
    this.#deps = deps;
    this.#pace = new LoadPace(config);
    this.#aside = options.swap ? databases.map((database) => database.makeTemporary()) : undefined;
    this.#sameHistory = options.sameHistory;
    this.#loader = new RdbLoader(
      { ...deps, databases: this.#aside ?? databases },
      { dropExpiredAtMs: undefined, replace: false, functions: 'flush' },
    );
    this.#reader = new RdbReader(this.#loader, {
      checksum: config.flag('rdbchecksum'),
      databases: databases.length,
    });
  }

  get streamDb(): number {
    return this.#loader.streamDb;
  }

  get asyncLoading(): boolean {
    return this.loading && this.#aside !== undefined && this.#sameHistory;
  }

  begin(sizeBytes: number | undefined): void {
    const { databases, log, onReplacing, progress } = this.#deps;
    if (this.#aside === undefined) {
      onReplacing();
      log('notice', 'MASTER <-> REPLICA sync: Flushing old data');
      clearAll(databases);
    }
    this.loading = true;
    progress.begin(sizeBytes ?? 0, this.asyncLoading);
    log('notice', 'MASTER <-> REPLICA sync: Loading DB in memory');
  }

  receive(bytes: Buffer): number {
    const { progress } = this.#deps;
    const before = this.#loader.keysLoaded;
    this.#readBytes += bytes.length;
    progress.loadedBytes = this.#readBytes;
    if (this.#reader.feed(bytes) < bytes.length) throw new RdbError('there are bytes behind its end');
    return this.#pace.waitMs(this.#loader.keysLoaded - before);
  }

  install(done: (failure: string | undefined) => void): void {
    this.#reader.end();
    const { databases, log, onReplacing, progress, stats } = this.#deps;
    this.#loader.finish();
    if (this.#aside !== undefined) {
      onReplacing();
      log('notice', 'MASTER <-> REPLICA sync: Swapping active DB with loaded DB');
      for (const [index, database] of databases.entries()) database.replaceBy(this.#aside[index] as Database);
      log('notice', 'MASTER <-> REPLICA sync: Discarding old DB in background');
    }
    this.loading = false;
    progress.end();
    // Nothing of them is on disk yet.
    stats.dirty++;
    done(undefined);
  }

  /** The data are in place as soon as they are installed: nothing is left to do. */
  finish(): boolean {
    this.discard();
    return false;
  }

  discard(): void {
    if (!this.loading) return;
    const { databases, log, progress } = this.#deps;
    progress.end();
    log(
      'warning',
      `Internal error in RDB reading offset ${this.#readBytes} -> Unexpected EOF reading RDB file`,
    );
    log('warning', 'Failed trying to load the MASTER synchronization DB from socket');
    this.loading = false;
    if (this.#aside === undefined) clearAll(databases);
    else log('notice', 'MASTER <-> REPLICA sync: Discarding temporary DB in background');
  }
}
