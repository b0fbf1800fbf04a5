/** Owns the putting of what an RDB holds into databases. Source: Redis rdb.c rdbLoadRioWithLoadingCtx. */
import type { RdbEntry, RdbHandler } from '../../protocol/rdb/reader.ts';
import type { Log } from '../parts/basics.ts';
import type { Database } from '../parts/keyspace.ts';
import type { ValueHost } from '../types/row.ts';
import { valueFromRdb } from '../types/types.ts';

export class EntryLoader implements RdbHandler {
  /** The database that the stream behind this data has selected. */
  streamDb = 0;
  keyCount = 0;
  readonly #deps: ValueHost & { readonly log: Log };
  readonly #databases: readonly Database[];
  #functions = 0;

  constructor(deps: ValueHost & { readonly log: Log }, databases: readonly Database[]) {
    this.#deps = deps;
    this.#databases = databases;
  }

  aux(name: string, value: string): void {
    if (name === 'repl-stream-db' && /^\d{1,9}$/.test(value) && Number(value) < this.#databases.length)
      this.streamDb = Number(value);
    else if (name === 'redis-ver') this.#deps.log('notice', `Loading RDB produced by version ${value}`);
  }

  entry(entry: RdbEntry): void {
    const database = this.#databases[entry.db] as Database;
    // A time before 1970 is over as well; any negative one would mean none.
    const expireAtMs = entry.expireAtMs === -1 ? -1 : Math.max(0, entry.expireAtMs);
    database.set(entry.key, valueFromRdb(entry.value, this.#deps), expireAtMs);
    if (entry.frequency >= 0) database.setUsage(entry.key, { frequency: entry.frequency });
    else if (entry.idleSeconds >= 0) database.setUsage(entry.key, { idleSeconds: entry.idleSeconds });
    this.keyCount++;
  }

  functionLibrary(): void {
    this.#functions++;
  }

  report(): void {
    const { log } = this.#deps;
    log('notice', `Done loading RDB, keys loaded: ${this.keyCount}, keys expired: 0.`);
    if (this.#functions > 0)
      log('warning', `The RDB holds ${this.#functions} function libraries, which this node does not run.`);
  }
}
