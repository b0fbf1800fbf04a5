/**
 * Owns the syncing of the increment that is open: how far it is on the disk itself, at once or in the background once a second,
 * and whether the last sync succeeded. Never writes. Source: Redis aof.c flushAppendOnlyFile (try_fsync); bio.c
 * bioProcessBackgroundJobs.
 */
import type { Clock } from '../../../core/clock.ts';
import { systemErrorText } from '../../config/special.ts';
import type { Log } from '../../parts/basics.ts';
import type { Disk } from './disk.ts';

export interface FileSyncDeps {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  /** A sync in the background has ended. */
  readonly onEnd: () => void;
}

const PERIOD_MS = 1000;

export class FileSync {
  /** What the system said of a sync in the background that failed, and was not made good since. */
  error: string | undefined;
  /** The sync that is under way in the background. */
  underWay: Promise<void> | undefined;
  readonly #deps: FileSyncDeps;
  #syncedBytes = 0;
  #lastMs = 0;

  constructor(deps: FileSyncDeps) {
    this.#deps = deps;
  }

  /** So many bytes are synced, or need not be. */
  reached(sizeBytes: number): void {
    this.#syncedBytes = sizeBytes;
    this.#lastMs = this.#deps.clock.monotonicMs();
  }

  hasReached(sizeBytes: number): boolean {
    return this.#syncedBytes === sizeBytes;
  }

  /** At once. Throws what the system says. */
  now(file: number, sizeBytes: number): void {
    this.#deps.disk.sync(file);
    this.reached(sizeBytes);
  }

  /** In the background, when the last one is a second ago. */
  inTime(file: number, sizeBytes: number): void {
    const { clock, disk } = this.#deps;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lastMs < PERIOD_MS) return;
    this.#lastMs = nowMs;
    if (this.underWay !== undefined) return;
    this.reached(sizeBytes);
    this.underWay = disk
      .syncSoon(file)
      .then(() => {
        this.error = undefined;
      })
      .catch((error: unknown) => this.#failed(systemErrorText(error)))
      .finally(() => {
        this.underWay = undefined;
        this.#deps.onEnd();
      });
  }

  #failed(reason: string): void {
    if (this.error === undefined) this.#deps.log('warning', `Fail to fsync the AOF file: ${reason}`);
    this.error = reason;
    // Tried again, though nothing more should be written: clients are refused until it succeeds.
    this.#syncedBytes = -1;
  }
}
