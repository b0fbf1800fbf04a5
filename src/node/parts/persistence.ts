/** Owns the files of the data set, RDB and AOF, as the other parts see them. */

import type { Snapshot, SnapshotEncoder } from '../persistence/snapshot.ts';
import type { Database } from './keyspace.ts';
import type { StreamPosition } from './replication.ts';

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

/** DEBUG RELOAD. */
export interface ReloadOptions {
  /** Saves first. */
  readonly save: boolean;
  /** Empties the databases before. */
  readonly flush: boolean;
  /** Keys of the file take the place of those of the same name. */
  readonly merge: boolean;
}

/** The saves of the data set as an RDB file (persistence/rdb-saves.ts). */
export interface Saves {
  /** Unix ms. */
  readonly lastSaveMs: number;
  /** A BGSAVE is under way. */
  readonly inProgress: boolean;
  /** A BGSAVE begins when no other work is under way. */
  scheduled: boolean;
  /** SAVE: at once. False when it failed, and the log tells why. */
  save(): boolean;
  /**
   * BGSAVE. False when it could not begin, and the log tells why; `onEnd` is called when it is over, with whether the file is in
   * place.
   */
  saveInBackground(onEnd?: (written: boolean) => void): boolean;
  /** All keys are about to go: a BGSAVE under way is of no use any more. */
  giveUp(): void;
}

/** The append only file (persistence/aof/). */
export interface Aof {
  /** BGREWRITEAOF. */
  rewrite(): 'started' | 'scheduled' | 'under way' | 'failed';
  /** The data are about to be replaced by a master's: nothing is written until `startAfterSync`. */
  stopForSync(): void;
  /** They are in place: with appendonly yes the file begins anew with them. The node ends when it cannot. */
  startAfterSync(): void;
  /** DEBUG LOADAOF: resolves when the data are those of the files again; the node ends when they cannot be read. */
  reload(): Promise<void>;
  /** What is yet to be written. */
  readonly waitingBytes: number;
  /** DEBUG AOF-FLUSH-SLEEP: each write takes so much longer. */
  extraWriteMs: number;
}

export interface Persistence {
  readonly background: SnapshotWork;
  readonly progress: LoadProgress;
  readonly saves: Saves;
  readonly aof: Aof;
  /** True while the data set is being read from disk or put in place: clients are served what the flag "loading" allows. */
  readonly loading: boolean;
  /** Where the replication stream stood in the data that were read at the start, if they told. */
  readonly position: StreamPosition | undefined;
  /** DEBUG SET-SKIP-CHECKSUM-VALIDATION. */
  skipChecksum: boolean;
  /** Why writes of clients are refused (an error text that begins with MISCONF), if they are. */
  readonly refusal: string | undefined;
  /** The master's stream writes, although writes of clients are refused: says so, or ends the node. */
  masterWrites(): void;
  /** The lines of INFO persistence, "name:value" each. */
  infoLines(): string[];
  /** What INFO stats shows of it: how often a snapshot was begun, and how long the last one kept the node. */
  readonly totalForks: number;
  readonly latestForkMicroseconds: number;
  /**
   * What must be on disk before replies are sent is written, and with appendfsync always synced. Cheap when there is
   * nothing.
   */
  beforeReplies(): void;
  /** Reads what is on disk into the databases. Rejects with the sentence that Redis logs when it cannot be. */
  load(asReplica: boolean): Promise<void>;
  /** From now on: save points, the AOF's timer. */
  start(): void;
  /** DEBUG RELOAD, at once. The text of an error when it could not be. */
  reload(options: ReloadOptions): string | undefined;
  /** FLUSHALL has emptied the databases. */
  flushed(): void;
  /** What SHUTDOWN has to put on disk; false when it could not be, and the reason is logged. */
  saveBeforeEnd(options: SaveBeforeEnd): Promise<boolean>;
  /** The process ends at once: no half-written file stays. */
  abandon(): void;
  close(): Promise<void>;
}
