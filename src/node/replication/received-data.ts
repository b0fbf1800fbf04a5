/**
 * Owns a data set on its way in: what an RDB holds is collected aside while it arrives, and only when it is complete and its
 * checksum right does it take the place of the old one. A transfer that breaks off, or holds what this node cannot keep,
 * changes nothing. Source: the behaviour of Redis replication.c readSyncBulkPayload with repl-diskless-load swapdb.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import { type RdbEntry, RdbReader } from '../../protocol/rdb/reader.ts';
import type { Config, Log } from '../parts/basics.ts';
import type { Database } from '../parts/keyspace.ts';
import { valueFromRdb } from '../types/types.ts';

/** Work of one turn of the event loop; then the clients have theirs. */
const TURN_MS = 8;
const KEYS_PER_TIME_CHECK = 512;

export interface ReceivedDataDeps {
  readonly clock: Clock;
  readonly config: Config;
  readonly log: Log;
  readonly databases: readonly Database[];
}

export class ReceivedData {
  /** The database that the stream behind this data has selected. */
  streamDb = 0;
  readonly #deps: ReceivedDataDeps;
  readonly #entries: RdbEntry[] = [];
  readonly #reader: RdbReader;
  #functions = 0;
  #installed = 0;
  #timer: Timer | undefined;

  constructor(deps: ReceivedDataDeps) {
    this.#deps = deps;
    this.#reader = new RdbReader(
      {
        aux: (name, value) => this.#aux(name, value),
        entry: (entry) => this.#entries.push(entry),
        functionLibrary: () => this.#functions++,
      },
      { checksum: deps.config.flag('rdbchecksum'), databases: deps.databases.length },
    );
  }

  #aux(name: string, value: string): void {
    if (name === 'repl-stream-db' && /^\d{1,9}$/.test(value) && Number(value) < this.#deps.databases.length)
      this.streamDb = Number(value);
    else if (name === 'redis-ver') this.#deps.log('notice', `Loading RDB produced by version ${value}`);
  }

  /** As RdbReader.feed. */
  feed(bytes: Buffer): number {
    return this.#reader.feed(bytes);
  }

  get complete(): boolean {
    return this.#reader.done;
  }

  /** Puts the data in place of the old, a part a turn. Clients must be kept out until `done`. */
  install(done: () => void): void {
    for (const database of this.#deps.databases) if (database.size > 0) database.clear();
    this.#turn(done);
  }

  /** Does all that is left at once; `done` is not called. */
  finish(): void {
    this.#timer?.cancel();
    this.#installUntil(Number.POSITIVE_INFINITY);
  }

  cancel(): void {
    this.#timer?.cancel();
  }

  #turn(done: () => void): void {
    const { clock } = this.#deps;
    this.#installUntil(clock.monotonicMs() + TURN_MS);
    if (this.#installed < this.#entries.length) {
      this.#timer = clock.after(0, () => this.#turn(done));
      return;
    }
    this.#report();
    done();
  }

  #installUntil(endMs: number): void {
    const { clock, databases } = this.#deps;
    while (this.#installed < this.#entries.length) {
      const entry = this.#entries[this.#installed++] as RdbEntry;
      const database = databases[entry.db] as Database;
      // A time before 1970 is over as well; any negative one would mean none.
      const expireAtMs = entry.expireAtMs === -1 ? -1 : Math.max(0, entry.expireAtMs);
      database.set(entry.key, valueFromRdb(entry.value), expireAtMs);
      if (entry.frequency >= 0) database.setUsage(entry.key, { frequency: entry.frequency });
      else if (entry.idleSeconds >= 0) database.setUsage(entry.key, { idleSeconds: entry.idleSeconds });
      if (this.#installed % KEYS_PER_TIME_CHECK === 0 && clock.monotonicMs() >= endMs) return;
    }
  }

  #report(): void {
    const { log } = this.#deps;
    log('notice', `Done loading RDB, keys loaded: ${this.#entries.length}.`);
    if (this.#functions > 0)
      log('warning', `The RDB holds ${this.#functions} function libraries, which this node does not run.`);
  }
}
