/** Owns the files of the data set, RDB and AOF, as the other parts see them. */

import type { Snapshot, SnapshotEncoder } from '../persistence/snapshot.ts';
import type { Database } from './keyspace.ts';

/** How a node ends, as SHUTDOWN and the signals say it. */
export interface SaveBeforeEnd {
  readonly save: boolean;
  readonly nosave: boolean;
  readonly force: boolean;
}

/** What works on a snapshot: BGSAVE, the rewrite of the AOF, or a full synchronisation of replicas. */
export type BackgroundKind = 'rdb' | 'aof' | 'sync';

/** The one snapshot that there may be at a time, and who waits for it (persistence/background-work.ts). */
export interface SnapshotWork {
  /** What is under way; a snapshot of all data may be begun only when it is undefined. */
  readonly kind: BackgroundKind | undefined;
  begin(
    kind: BackgroundKind,
    databases: readonly Database[],
    encoder: SnapshotEncoder,
    onePieceAKey?: boolean,
  ): Snapshot;
  /** It is over, done or not. */
  end(snapshot: Snapshot): void;
  /** Calls `fn` whenever some work has ended, and none is under way. */
  onIdle(fn: () => void): void;
}

/** What INFO tells of a data set that is being read (persistence/loading.ts). */
export interface LoadProgress {
  /** `totalBytes` 0: not known, `usedMemoryBytes` says roughly. `async`: the old data are served meanwhile. */
  begin(totalBytes: number, async?: boolean): void;
  usedMemoryBytes: number;
  loadedBytes: number;
  end(): void;
}

export interface Persistence {
  readonly background: SnapshotWork;
  readonly progress: LoadProgress;
  /** True while the data set is being read from disk: clients are served what the flag "loading" allows. */
  readonly loading: boolean;
  /** Why writes of clients are refused (an error text that begins with MISCONF), if they are. */
  readonly refusal: string | undefined;
  /** The lines of INFO persistence, "name:value" each. */
  infoLines(): string[];
  /**
   * What must be on disk before replies are sent is written, and with appendfsync always synced. Cheap when there is
   * nothing.
   */
  beforeReplies(): void;
  /** Reads what is on disk into the databases. Rejects with the sentence that Redis logs when it cannot be. */
  load(): Promise<void>;
  /** From now on: save points, the AOF's timer. */
  start(): void;
  /** What SHUTDOWN has to put on disk; false when it could not be, and the reason is logged. */
  saveBeforeEnd(options: SaveBeforeEnd): boolean;
  close(): Promise<void>;
}
