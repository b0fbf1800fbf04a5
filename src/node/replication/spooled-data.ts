/**
 * Owns a data set that comes in through a file (repl-diskless-load disabled): it is written to `dir` as it arrives, and walked
 * through meanwhile, so that its end, its checksum and its types are known to be right before the old data go. Then the file
 * takes the place of dump.rdb, and is loaded from there. The memory holds one data set at any time.
 * Source: Redis replication.c readSyncBulkPayload, rdb.c rdbLoad.
 */
import { closeSync, fdatasync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Timer } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import { rdbTypes } from '../../protocol/rdb/objects.ts';
import { printableKey, RdbError, RdbReader } from '../../protocol/rdb/reader.ts';
import { type RdbItem, RdbScanner } from '../../protocol/rdb/scanner.ts';
import { systemErrorText, toPath } from '../config/special.ts';
import { RdbLoader } from '../persistence/rdb-loader.ts';
import { clearAll, type IncomingData, type IncomingDataDeps, LoadPace } from './incoming-data.ts';

/** Work of one turn of the event loop; then the clients have theirs. */
const TURN_MS = 8;
const READ_BYTES = 64 * 1024;

export class SpooledData implements IncomingData {
  readonly asyncLoading = false;
  readonly destination = 'to disk';
  loading = false;
  readonly #deps: IncomingDataDeps;
  readonly #folder: string;
  readonly #scanner = new RdbScanner();
  readonly #loader: RdbLoader;
  readonly #reader: RdbReader;
  readonly #pace: LoadPace;
  #path: string;
  /** Undefined when it is closed. */
  #file: number | undefined;
  #spooledBytes = 0;
  #readAt = 0;
  /** The file is dump.rdb: a whole data set, which stays. */
  #renamed = false;
  #timer: Timer | undefined;
  #discarded = false;

  /** Opens the file. Throws the sentence that Redis logs when it cannot be. */
  constructor(deps: IncomingDataDeps) {
    const { config, databases, clock } = deps;
    this.#deps = deps;
    this.#pace = new LoadPace(config);
    this.#folder = resolve(toPath(config.text('dir')));
    this.#loader = new RdbLoader(deps, { dropExpiredAtMs: undefined, replace: false, functions: 'flush' });
    // The walk has compared the checksum.
    this.#reader = new RdbReader(this.#loader, { checksum: false, databases: databases.length });
    this.#path = join(this.#folder, `temp-${Math.floor(clock.nowMs() / 1000)}.${process.pid}.rdb`);
    try {
      this.#file = openSync(this.#path, 'wx+', 0o644);
    } catch (reason) {
      throw new Error(
        `Opening the temp file needed for MASTER <-> REPLICA synchronization: ${systemErrorText(reason)}`,
      );
    }
  }

  get streamDb(): number {
    return this.#loader.streamDb;
  }

  begin(): void {}

  receive(bytes: Buffer): number {
    this.#check(this.#scanner.feed(bytes));
    this.#spooledBytes += bytes.length;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#openFile(), bytes, at);
    } catch (reason) {
      throw new Error(
        `Write error or short write writing to the DB dump file needed for MASTER <-> REPLICA synchronization: ${systemErrorText(reason)}`,
      );
    }
    return 0;
  }

  #openFile(): number {
    if (this.#file === undefined) throw new Error('the file is closed');
    return this.#file;
  }

  /** What could not be loaded must be known before there is no way back. */
  #check(items: readonly RdbItem[]): void {
    for (const item of items) {
      if (item.kind !== 'key') continue;
      const { db, key, object } = item.key;
      const row = rdbTypes.get(object.type);
      if (row?.decode === undefined)
        throw new RdbError(`key "${printableKey(key)}" is a ${row?.name}, a type that is not supported`);
      if (db >= this.#deps.databases.length)
        throw new RdbError(
          `the RDB has keys in database ${db}, this node has ${this.#deps.databases.length}`,
        );
    }
  }

  install(done: (failure: string | undefined) => void): void {
    this.#scanner.end();
    fdatasync(this.#openFile(), (reason) => {
      if (this.#discarded) return;
      const failure =
        reason === null
          ? this.#replace()
          : `Failed trying to sync the temp DB to disk in MASTER <-> REPLICA synchronization: ${systemErrorText(reason)}`;
      if (failure !== undefined) done(failure);
      else this.#turn(done);
    });
  }

  /** The file is dump.rdb from here on, and the old data go. */
  #replace(): string | undefined {
    const { config, databases, log, onReplacing, progress } = this.#deps;
    const name = config.text('dbfilename');
    try {
      const target = join(this.#folder, toPath(name));
      renameSync(this.#path, target);
      this.#path = target;
      this.#renamed = true;
    } catch (reason) {
      return `Failed trying to rename the temp DB into ${name} in MASTER <-> REPLICA synchronization: ${systemErrorText(reason)}`;
    }
    onReplacing();
    this.loading = true;
    progress.begin(this.#spooledBytes);
    log('notice', 'MASTER <-> REPLICA sync: Flushing old data');
    clearAll(databases);
    log('notice', 'MASTER <-> REPLICA sync: Loading DB in memory');
    return undefined;
  }

  #turn(done: (failure: string | undefined) => void): void {
    const { clock } = this.#deps;
    const before = this.#loader.keysLoaded;
    const failure = this.#loadUntil(clock.monotonicMs() + TURN_MS);
    const waitMs = this.#pace.waitMs(this.#loader.keysLoaded - before);
    const end = (): void => {
      this.#close();
      done(failure);
    };
    if (failure !== undefined || (this.#reader.done && waitMs === 0)) end();
    else this.#timer = clock.after(waitMs, () => (this.#reader.done ? end() : this.#turn(done)));
  }

  #loadUntil(endMs: number): string | undefined {
    const { clock } = this.#deps;
    const bytes = Buffer.allocUnsafe(READ_BYTES);
    try {
      while (!this.#reader.done) {
        const count = readSync(this.#openFile(), bytes, 0, READ_BYTES, this.#readAt);
        this.#readAt += count;
        this.#deps.progress.loadedBytes = this.#readAt;
        if (count === 0) this.#reader.end();
        this.#reader.feed(bytes.subarray(0, count));
        if (clock.monotonicMs() >= endMs) return undefined;
      }
      this.#loader.finish();
      return undefined;
    } catch (reason) {
      return `Failed trying to load the MASTER synchronization DB from disk: ${messageOf(reason)}`;
    }
  }

  finish(): boolean {
    this.#timer?.cancel();
    if (!this.loading) {
      this.discard();
      return false;
    }
    const failure = this.#reader.done ? undefined : this.#loadUntil(Number.POSITIVE_INFINITY);
    if (failure !== undefined) this.#deps.log('warning', failure);
    this.#close();
    return failure === undefined;
  }

  discard(): void {
    this.#discarded = true;
    this.#timer?.cancel();
    if (!this.#renamed) rmSync(this.#path, { force: true });
    this.#close();
  }

  #close(): void {
    if (this.loading) this.#deps.progress.end();
    this.loading = false;
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    const { config, log } = this.#deps;
    if (!this.#renamed || !config.flag('rdb-del-sync-files')) return;
    if (config.text('save') !== '' || config.flag('appendonly')) return;
    log('notice', 'Removing the RDB file obtained from the master. This replica has persistence disabled');
    rmSync(this.#path, { force: true });
  }
}
