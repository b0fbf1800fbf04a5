/**
 * Owns the saves of the data set as an RDB file: SAVE, BGSAVE, save points, the last one before the end; and what is known of
 * the last ones. Source: Redis rdb.c rdbSave, rdbSaveBackground, backgroundSaveDoneHandlerDisk; server.c serverCron.
 */
import { rmSync } from 'node:fs';
import { type Clock, delay as pause } from '../../core/clock.ts';
import type { Config, Log, Stats } from '../parts/basics.ts';
import type { Database } from '../parts/keyspace.ts';
import type { Replication } from '../parts/replication.ts';
import type { FunctionLibraries } from '../parts/scripts.ts';
import { BackgroundFile, type BackgroundFileEnd } from './background-file.ts';
import type { BackgroundWork } from './background-work.ts';
import { KeyDelay } from './key-delay.ts';
import { RdbEncoder } from './rdb-encoder.ts';
import type { RdbPlace } from './rdb-place.ts';
import { reachedPoint, savePoints } from './save-points.ts';
import { currentPieces, type Snapshot } from './snapshot.ts';
import { WriteError, writingFile } from './write-file.ts';

export interface RdbSavesDeps {
  readonly clock: Clock;
  readonly config: Config;
  readonly log: Log;
  readonly stats: Stats;
  readonly databases: readonly Database[];
  readonly background: BackgroundWork;
  readonly replication: Pick<Replication, 'position'>;
  readonly libraries: Pick<FunctionLibraries, 'all'>;
  readonly place: RdbPlace;
}

/** After a save that failed, a save point waits so long. Source: server.h CONFIG_BGSAVE_RETRY_DELAY. */
const RETRY_SECONDS = 5;
const SYNC_BYTES = 4 * 1024 * 1024;
/** Work of one turn of the event loop in the last save. */
const TURN_MS = 8;

interface Running {
  readonly file: BackgroundFile;
  readonly snapshot: Snapshot;
  readonly dirtyBefore: number;
  readonly onEnd: ((written: boolean) => void) | undefined;
}

export class RdbSaves {
  /** Unix ms. */
  lastSaveMs: number;
  lastSucceeded = true;
  /** -1 before the first. */
  lastSeconds = -1;
  /** Saves that were begun: INFO's rdb_saves. */
  count = 0;
  /** BGSAVE SCHEDULE: begins when nothing else is under way. */
  scheduled = false;
  readonly #deps: RdbSavesDeps;
  readonly #place: RdbPlace;
  #running: Running | undefined;
  #lastTryMs = 0;
  /** The last save before the end. */
  #final: Generator<void, void> | undefined;

  constructor(deps: RdbSavesDeps) {
    this.#deps = deps;
    this.#place = deps.place;
    this.lastSaveMs = deps.clock.nowMs();
  }

  get inProgress(): boolean {
    return this.#running !== undefined;
  }

  /** Whether writes are to be refused because the last save failed. */
  get refusesWrites(): boolean {
    if (this.lastSucceeded) return false;
    const { config } = this.#deps;
    return config.flag('stop-writes-on-bgsave-error') && config.text('save') !== '';
  }

  /** SAVE: at once, nothing else happens meanwhile. False when it failed, and the log tells why. */
  save(): boolean {
    const { databases, stats } = this.#deps;
    this.count++;
    try {
      for (const _ of this.#writing(currentPieces(databases, this.#encoder())));
    } catch (error) {
      return this.#failed(error);
    }
    this.#saved(stats.dirty);
    return true;
  }

  /** The same in turns, of the data of this moment; at once when other work has the snapshot. */
  async saveInTurns(): Promise<boolean> {
    const { clock, background, databases, config, stats } = this.#deps;
    if (background.kind !== undefined) return this.save();
    this.count++;
    const delay = new KeyDelay(config.number('rdb-key-save-delay'));
    const snapshot = background.begin('rdb', databases, this.#encoder(), delay.any);
    const writing = this.#writing(snapshot.pieces());
    const dirtyBefore = stats.dirty;
    this.#final = writing;
    try {
      for (let endMs = clock.monotonicMs() + TURN_MS; ; ) {
        const keysBefore = snapshot.keysWritten;
        if (writing.next().done) break;
        delay.owe(snapshot.keysWritten - keysBefore);
        const waitMs = delay.takeMs();
        if (waitMs === 0 && clock.monotonicMs() < endMs) continue;
        await pause(clock, waitMs);
        endMs = clock.monotonicMs() + TURN_MS;
      }
    } catch (error) {
      return this.#failed(error);
    } finally {
      this.#final = undefined;
      background.end(snapshot);
    }
    this.#saved(dirtyBefore);
    return true;
  }

  /** BGSAVE. False when it could not begin: other work is under way, or the log tells why. */
  saveInBackground(onEnd?: (written: boolean) => void): boolean {
    const { clock, config, background, databases, log, stats } = this.#deps;
    if (background.kind !== undefined) return false;
    this.count++;
    this.#lastTryMs = clock.nowMs();
    const keyDelay = config.number('rdb-key-save-delay');
    const snapshot = background.begin('rdb', databases, this.#encoder(), keyDelay > 0);
    const file = new BackgroundFile({
      clock,
      snapshot,
      directory: this.#place.directory,
      tempName: ['temp-', '.rdb'],
      target: this.#place.path,
      title: 'trib-node-rdb-bgsave',
      incrementalSync: config.flag('rdb-save-incremental-fsync'),
      keyDelayMicroseconds: keyDelay,
      onEnd: (end) => this.#ended(file, end),
    });
    background.latestBeginMicroseconds = file.startMicroseconds;
    if (file.pid === undefined) {
      background.end(snapshot);
      this.lastSucceeded = false;
      log('warning', "Can't save in background: fork: Cannot allocate memory");
      return false;
    }
    log('notice', `Background saving started by pid ${file.pid}`);
    this.#running = { file, snapshot, dirtyBefore: stats.dirty, onEnd };
    return true;
  }

  /** Gives a BGSAVE up, without counting it as failed. Resolves when nothing of it is left. */
  async kill(): Promise<void> {
    await this.#running?.file.kill();
  }

  /** All keys are about to go: what a BGSAVE would write is of no use any more. */
  giveUp(): void {
    const running = this.#running;
    if (running === undefined) return;
    void running.file.kill();
    this.#finish(running, false);
  }

  /** The process ends now: whatever is under way leaves nothing behind. */
  abandon(): void {
    this.#final?.return();
    const file = this.#running?.file;
    if (file === undefined) return;
    void file.kill();
    rmSync(file.tempPath, { force: true });
  }

  /** Several times a second: a scheduled save, or one that is due by the save points. */
  tick(): void {
    const { clock, config, background, log, stats } = this.#deps;
    if (background.kind !== undefined) return;
    const retried = this.lastSucceeded || this.#secondsSince(this.#lastTryMs) > RETRY_SECONDS;
    if (this.scheduled && retried) {
      this.scheduled = false;
      this.saveInBackground();
      return;
    }
    if (!retried || stats.dirty === 0) return;
    const point = reachedPoint(
      savePoints(config.text('save')),
      stats.dirty,
      Math.floor(clock.nowMs() / 1000) - Math.floor(this.lastSaveMs / 1000),
    );
    if (point === undefined) return;
    log('notice', `${point.changes} changes in ${point.seconds} seconds. Saving...`);
    this.saveInBackground();
  }

  #ended(file: BackgroundFile, end: BackgroundFileEnd): void {
    const running = this.#running;
    // Given up before: there may be another one already.
    if (running?.file !== file) return;
    const { log } = this.#deps;
    if (end.outcome === 'written') {
      this.#saved(running.dirtyBefore);
      log('notice', 'Background saving terminated with success');
    } else if (end.outcome === 'failed') {
      if (end.failure !== undefined) this.#place.logFailure(end.failure, file.tempPath);
      log('warning', 'Background saving error');
      this.lastSucceeded = false;
    } else if (end.outcome === 'killed') {
      log('warning', `Background saving terminated by signal ${end.signal}`);
      this.lastSucceeded = false;
    }
    this.#finish(running, end.outcome === 'written');
  }

  #finish({ file, snapshot, onEnd }: Running, written: boolean): void {
    this.#running = undefined;
    this.lastSeconds = this.#secondsSince(file.startedAtMs);
    this.#deps.background.end(snapshot);
    onEnd?.(written);
  }

  /** What the file holds are all but the writes since there were `dirtyBefore`. */
  #saved(dirtyBefore: number): void {
    const { clock, log, stats } = this.#deps;
    log('notice', 'DB saved on disk');
    stats.dirty = Math.max(0, stats.dirty - dirtyBefore);
    this.lastSaveMs = clock.nowMs();
    this.lastSucceeded = true;
  }

  #failed(error: unknown): false {
    if (!(error instanceof WriteError)) throw error;
    this.#place.logFailure(error.failure, this.#place.tempPath);
    return false;
  }

  #writing(pieces: Iterable<Buffer>): Generator<void, void> {
    const syncBytes = this.#deps.config.flag('rdb-save-incremental-fsync') ? SYNC_BYTES : 0;
    return writingFile(this.#place.tempPath, this.#place.path, pieces, syncBytes);
  }

  #encoder(): RdbEncoder {
    const { clock, config, databases, libraries, replication } = this.#deps;
    const functionCodes = libraries.all().map(({ code }) => code);
    const { position } = replication;
    return new RdbEncoder({ config, databases, nowMs: clock.nowMs(), functionCodes, replication: position });
  }

  #secondsSince(unixMs: number): number {
    return Math.floor(this.#deps.clock.nowMs() / 1000) - Math.floor(unixMs / 1000);
  }
}
