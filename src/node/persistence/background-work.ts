/**
 * Owns who has the one snapshot of the node: BGSAVE, the rewrite of the AOF, or a full synchronisation; and what INFO shows of
 * it. Whoever wants it asks `kind`, begins, writes, and ends; who found it taken is called by `onIdle` and looks again, in the
 * order in which they registered: so a scheduled rewrite comes before a scheduled BGSAVE, and this before waiting replicas.
 * Never writes anything itself. Source: Redis server.c hasActiveChildProcess, resetChildState, serverCron.
 *
 *     if (background.kind === undefined) {
 *       const snapshot = background.begin('sync', databases, encoder);
 *       for (const piece of snapshot.pieces()) ...    // over any time
 *       background.end(snapshot);                     // also when it failed
 *     }
 */
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../parts/keyspace.ts';
import type { BackgroundKind, SnapshotWork } from '../parts/persistence.ts';
import { Snapshot, type SnapshotEncoder } from './snapshot.ts';

export class BackgroundWork implements SnapshotWork {
  kind: BackgroundKind | undefined;
  startedAtMs = 0;
  /** How often there was such work: INFO's total_forks. */
  totalCount = 0;
  /** How long the last beginning kept the node, in microseconds: INFO's latest_fork_usec. */
  latestBeginMicroseconds = 0;
  /** Bytes that the last work of a kind had to keep aside: INFO's rdb_last_cow_size and aof_last_cow_size. */
  readonly lastKeptBytes: Record<BackgroundKind, number> = { rdb: 0, aof: 0, sync: 0 };
  peakKeptBytes = 0;
  readonly #clock: Clock;
  readonly #idleListeners: (() => void)[] = [];
  #snapshot: Snapshot | undefined;
  /** Of the snapshot that was begun last. */
  #lastNumber = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Present while there is work. */
  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  begin(
    kind: BackgroundKind,
    databases: readonly Database[],
    encoder: SnapshotEncoder,
    onePieceAKey = false,
  ): Snapshot {
    if (this.kind !== undefined) throw new Error('other work in the background is under way');
    const snapshot = new Snapshot(++this.#lastNumber, databases, encoder, onePieceAKey);
    this.kind = kind;
    this.#snapshot = snapshot;
    this.startedAtMs = this.#clock.nowMs();
    this.totalCount++;
    return snapshot;
  }

  /** The work is over; another one than the current is ignored. Those that wait are called in a turn of their own. */
  end(snapshot: Snapshot): void {
    const { kind } = this;
    if (kind === undefined || snapshot !== this.#snapshot) return;
    this.lastKeptBytes[kind] = snapshot.keptBytes;
    this.peakKeptBytes = Math.max(this.peakKeptBytes, snapshot.keptBytes);
    snapshot.release();
    this.kind = undefined;
    this.#snapshot = undefined;
    this.#clock.after(0, () => {
      for (const listener of this.#idleListeners) if (this.kind === undefined) listener();
    });
  }

  /** Calls `fn` whenever some work has ended, and none is under way. */
  onIdle(fn: () => void): void {
    this.#idleListeners.push(fn);
  }
}
