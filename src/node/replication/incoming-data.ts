/**
 * Owns what a data set on its way in is to the link that receives it. How it is taken in, repl-diskless-load says: through a
 * file (spooled-data.ts), or parsed as it comes (parsed-data.ts). The old data are replaced only by a data set that has come
 * completely, save where there were none. Source: Redis replication.c readSyncBulkPayload, useDisklessLoad.
 */
import type { Clock } from '../../core/clock.ts';
import type { Config, Log, Stats } from '../parts/basics.ts';
import type { Database } from '../parts/keyspace.ts';
import type { LoadProgress } from '../parts/persistence.ts';
import type { FunctionLibraries } from '../parts/scripts.ts';
import { KeyDelay } from '../persistence/key-delay.ts';
import type { ValueHost } from '../types/row.ts';

export interface IncomingDataDeps extends ValueHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly databases: readonly Database[];
  readonly stats: Stats;
  readonly libraries: FunctionLibraries;
  readonly progress: LoadProgress;
  /** The old data are about to go: what depended on them ends. */
  readonly onReplacing: () => void;
}

export interface IncomingData {
  /** The database that the stream behind this data has selected. */
  readonly streamDb: number;
  /** Clients are kept from the data: they are incomplete, or soon replaced. */
  readonly loading: boolean;
  /** `loading`, but the old data may be served all the same. */
  readonly asyncLoading: boolean;
  /** Where the bytes go, for the log. */
  readonly destination: 'to disk' | 'to parser';
  /** The bytes will come now: so many, if the master tells. */
  begin(sizeBytes: number | undefined): void;
  /** Throws when the data must be refused. Returns for how many ms no more should come (key-load-delay). */
  receive(bytes: Buffer): number;
  /** All bytes have come. Throws when the data must be refused; else they take the place of the old, then `done` is called. */
  install(done: (failure: string | undefined) => void): void;
  /** `install` was called: does all that is left of it at once. False when the data are not, and will not be, in place. */
  finish(): boolean;
  /** They are not wanted any more. */
  discard(): void;
}

export function clearAll(databases: readonly Database[]): void {
  for (const database of databases) if (database.size > 0) database.clear();
}

/** The artificial slowness of loading (key-load-delay), which may change meanwhile. */
export class LoadPace {
  readonly #config: Config;
  #microseconds = 0;
  #delay = new KeyDelay(0);

  constructor(config: Config) {
    this.#config = config;
  }

  /** So many keys were loaded: the whole milliseconds to wait now. */
  waitMs(keys: number): number {
    const microseconds = this.#config.number('key-load-delay');
    if (microseconds !== this.#microseconds) this.#delay = new KeyDelay(microseconds);
    this.#microseconds = microseconds;
    this.#delay.owe(keys);
    return this.#delay.takeMs();
  }
}
