/**
 * Owns the writing of the increment that is open: when what waits is written and has to be synced (appendfsync; file-sync.ts
 * does it), and what follows when the disk does not take it. What was written in part is taken back, so that the file always ends
 * behind a whole write. Never knows which file it is. Source: Redis aof.c flushAppendOnlyFile.
 */
import type { Clock } from '../../../core/clock.ts';
import { stallThread } from '../../../core/stall.ts';
import { systemErrorText } from '../../config/special.ts';
import type { Config, Log } from '../../parts/basics.ts';
import type { Disk } from './disk.ts';
import { FileSync } from './file-sync.ts';
import { WriteBuffer } from './write-buffer.ts';

export interface AofWriterDeps {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly config: Config;
  readonly log: Log;
  /** Whether a snapshot is being written, which has the disk busy. */
  readonly snapshotUnderWay: () => boolean;
  /** Ends the node before anybody gets a reply: what appendfsync always promises cannot be kept. The log gets the reason. */
  readonly fatal: (reason: string) => void;
  /** The node has waited so long for the disk; the event as LATENCY names it. */
  readonly waited: (event: string, microseconds: number) => void;
}

/** So long a write waits for a sync under way. */
const POSTPONE_MS = 2000;
const RETRY_MS = 1000;
const ERROR_LOG_PERIOD_MS = 30_000;

export class AofWriter {
  /** Bytes of the open increment that are written. */
  sizeBytes = 0;
  /** Bytes of all files of the AOF; whoever changes the files sets it. */
  totalBytes = 0;
  /** What they were after the last rewrite: INFO's aof_base_size. */
  baseBytes = 0;
  /** How often a write no longer waited for a sync under way; INFO's aof_delayed_fsync. */
  delayedSyncs = 0;
  /** DEBUG AOF-FLUSH-SLEEP: each write takes so much longer. */
  extraWriteMs = 0;
  readonly #deps: AofWriterDeps;
  readonly #buffer = new WriteBuffer();
  #policy = '';
  #notesTime = false;
  #file: number | undefined;
  readonly #sync: FileSync;
  /** Files that were open before, until they are synced and closed. */
  readonly #closing = new Set<Promise<void>>();
  #postponedSinceMs: number | undefined;
  #writeError: string | undefined;
  #retryAtMs = 0;
  #errorLoggedMs = Number.NEGATIVE_INFINITY;
  #planned = false;
  #dead = false;

  constructor(deps: AofWriterDeps) {
    this.#deps = deps;
    const { disk, clock, config, log } = deps;
    this.#sync = new FileSync({
      ...{ disk, clock, log },
      // What waited for it need not wait for the next tick.
      onEnd: () => {
        if (this.#postponedSinceMs !== undefined) this.flush();
      },
    });
    const read = (): void => {
      this.#policy = config.text('appendfsync');
      this.#notesTime = config.flag('aof-timestamp-enabled');
    };
    read();
    config.onChange('appendfsync', read);
    config.onChange('aof-timestamp-enabled', read);
  }

  /** Bytes that wait to be written. */
  get waitingBytes(): number {
    return this.#buffer.length;
  }

  /** What the system said of the last write or sync that failed and was not made good since. */
  get error(): string | undefined {
    return this.#writeError ?? this.#sync.error;
  }

  get pendingSyncs(): number {
    return this.#sync.underWay === undefined ? 0 : 1;
  }

  /** Adds a write; it is written before replies are sent, or at the end of this turn of the event loop. */
  feed(dbIndex: number, argv: readonly string[]): void {
    const seconds = this.#notesTime ? Math.floor(this.#deps.clock.nowMs() / 1000) : undefined;
    this.#buffer.feed(dbIndex, argv, seconds);
    if (this.#planned) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      this.flush();
    });
  }

  /** From now on writes go into this file, which is `sizeBytes` long; the one before is synced and closed in the background. */
  switchTo(file: number, sizeBytes: number): void {
    this.#closeSoon();
    this.#file = file;
    this.sizeBytes = sizeBytes;
    this.#sync.reached(sizeBytes);
    this.#buffer.selectAnew();
  }

  #closeSoon(): void {
    const { disk } = this.#deps;
    const file = this.#file;
    if (file === undefined) return;
    const before = this.#sync.underWay ?? Promise.resolve();
    const closed: Promise<void> = before
      .then(() => disk.syncSoon(file))
      .catch(() => {})
      .then(() => {
        disk.close(file);
        this.#closing.delete(closed);
      });
    this.#closing.add(closed);
  }

  /** Forgets what waits and what is wrong: the data are about to be written anew. */
  forget(): void {
    this.#buffer.clear();
    this.#writeError = undefined;
    this.#sync.error = undefined;
    this.#postponedSinceMs = undefined;
  }

  /** Writes and syncs what has to be, then closes the file in the background. */
  stop(): void {
    this.flush(true);
    this.syncNow();
    this.#closeSoon();
    this.#file = undefined;
    this.sizeBytes = 0;
    this.forget();
  }

  /** Resolves when all files are closed that were to be. */
  async closed(): Promise<void> {
    while (this.#closing.size > 0) await Promise.all(this.#closing);
  }

  /** Syncs at once, whatever the policy; a failure is logged. */
  syncNow(): void {
    const { log } = this.#deps;
    if (this.#file === undefined || this.#dead) return;
    try {
      this.#sync.now(this.#file, this.sizeBytes);
    } catch (error) {
      log('warning', `Fail to fsync the AOF file: ${systemErrorText(error)}.`);
    }
  }

  /** Writes what waits, and syncs when it is time. Unless `force`, a write waits for a sync that is under way. */
  flush(force = false): void {
    const always = this.#policy === 'always';
    if (this.#buffer.length === 0 && !(always && !this.#sync.hasReached(this.sizeBytes))) return;
    const file = this.#file;
    if (file === undefined || this.#dead) return;
    if (this.#buffer.length > 0) {
      if (!force && (this.#mustPostpone() || this.#retriesLater())) return;
      if (!this.#write(file)) return;
    }
    this.#syncIfDue(file);
  }

  /** From time to time: what was postponed, what failed, and what is to be synced though nothing is written. */
  tick(): void {
    if (this.#file === undefined || this.#dead) return;
    if (this.#buffer.length > 0) this.flush();
    else if (!this.#sync.hasReached(this.sizeBytes)) this.#syncIfDue(this.#file);
  }

  #retriesLater(): boolean {
    return this.#writeError !== undefined && this.#deps.clock.monotonicMs() < this.#retryAtMs;
  }

  /** A write would have to wait for the sync in the system anyway, and the node with it. */
  #mustPostpone(): boolean {
    if (this.#policy !== 'everysec' || this.#sync.underWay === undefined) return false;
    const nowMs = this.#deps.clock.monotonicMs();
    this.#postponedSinceMs ??= nowMs;
    if (nowMs - this.#postponedSinceMs < POSTPONE_MS) return true;
    this.delayedSyncs++;
    this.#deps.log(
      'notice',
      'Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, this may slow down Redis.',
    );
    return false;
  }

  /** False when not everything could be written. */
  #write(file: number): boolean {
    const { disk, clock, log } = this.#deps;
    if (this.extraWriteMs > 0) stallThread(this.extraWriteMs);
    const startMs = clock.monotonicMs();
    this.#postponedSinceMs = undefined;
    const wantedBytes = this.#buffer.length;
    let writtenBytes = 0;
    try {
      while (writtenBytes < wantedBytes)
        writtenBytes += disk.write(file, this.#buffer.bytes.subarray(writtenBytes));
    } catch (error) {
      this.#failed(file, writtenBytes, systemErrorText(error));
      return false;
    }
    this.#waitedForWrite((clock.monotonicMs() - startMs) * 1000);
    this.#wrote(wantedBytes);
    if (this.#writeError !== undefined) {
      this.#writeError = undefined;
      log('warning', 'AOF write error looks solved, Redis can write again.');
    }
    return true;
  }

  /** Delays of writes are told by what else had the disk busy, and all together. */
  #waitedForWrite(microseconds: number): void {
    const { waited, snapshotUnderWay } = this.#deps;
    if (this.#sync.underWay !== undefined) waited('aof-write-pending-fsync', microseconds);
    else if (snapshotUnderWay()) waited('aof-write-active-child', microseconds);
    else waited('aof-write-alone', microseconds);
    waited('aof-write', microseconds);
  }

  #wrote(bytes: number): void {
    this.#buffer.drop(bytes);
    this.sizeBytes += bytes;
    this.totalBytes += bytes;
  }

  #failed(file: number, writtenBytes: number, reason: string): void {
    const { disk, clock, log } = this.#deps;
    const nowMs = clock.monotonicMs();
    const logs = nowMs - this.#errorLoggedMs > ERROR_LOG_PERIOD_MS;
    if (logs) this.#errorLoggedMs = nowMs;
    if (writtenBytes === 0) {
      if (logs) log('warning', `Error writing to the AOF file: ${reason}`);
    } else {
      if (logs)
        log(
          'warning',
          `Short write while writing to the AOF file: (nwritten=${writtenBytes}, expected=${this.#buffer.length})`,
        );
      try {
        disk.truncate(file, this.sizeBytes);
      } catch (error) {
        if (logs)
          log(
            'warning',
            'Could not remove short write from the append-only file.  Redis may refuse to load the AOF the next time it starts.  ' +
              `ftruncate: ${systemErrorText(error)}`,
          );
        // It stays, so the rest must follow it.
        this.#wrote(writtenBytes);
      }
    }
    this.#writeError = reason;
    this.#retryAtMs = nowMs + RETRY_MS;
    if (this.#policy === 'always')
      this.#die("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...");
  }

  #die(sentence: string): void {
    this.#dead = true;
    this.#deps.fatal(sentence);
  }

  #syncIfDue(file: number): void {
    const { clock, config, snapshotUnderWay, waited } = this.#deps;
    if (config.flag('no-appendfsync-on-rewrite') && snapshotUnderWay()) return;
    if (this.#policy === 'everysec') this.#sync.inTime(file, this.sizeBytes);
    if (this.#policy !== 'always') return;
    const startMs = clock.monotonicMs();
    try {
      this.#sync.now(file, this.sizeBytes);
      waited('aof-fsync-always', (clock.monotonicMs() - startMs) * 1000);
    } catch (error) {
      this.#die(
        `Can't persist AOF for fsync error when the AOF fsync policy is 'always': ${systemErrorText(error)}. Exiting...`,
      );
    }
  }
}
