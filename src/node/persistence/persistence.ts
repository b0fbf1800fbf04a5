/**
 * Owns the files of the data set as one part: what is read at the start, what is written while the node runs, what is left to
 * write at its end. The saves are in rdb-saves.ts, the append only file in aof/; this file puts them together.
 * Source: Redis server.c loadDataFromDisk, writeCommandsDeniedByDiskError, finishShutdown.
 */
import type { Timer } from '../../core/clock.ts';
import type { NodeParts } from '../parts/node.ts';
import type { Persistence, ReloadOptions, SaveBeforeEnd } from '../parts/persistence.ts';
import type { StreamPosition } from '../parts/replication.ts';
import { AppendOnlyFile } from './aof/aof.ts';
import { BackgroundWork } from './background-work.ts';
import { infoLines } from './info.ts';
import { LoadError, type LoadFileDeps, type LoadFileOptions, loadFile, loadFileNow } from './load-file.ts';
import { Loading } from './loading.ts';
import { RdbPlace } from './rdb-place.ts';
import { RdbSaves } from './rdb-saves.ts';

export type PersistenceDeps = Pick<
  NodeParts,
  | 'clock'
  | 'config'
  | 'log'
  | 'stats'
  | 'databases'
  | 'dispatch'
  | 'propagation'
  | 'replication'
  | 'memberHasher'
  | 'scripts'
  | 'server'
  | 'fatal'
>;

const RDB_REFUSAL =
  'MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk. Commands that may ' +
  'modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting ' +
  'fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.';

/** How often a save that is due is looked for. */
const TICK_MS = 100;

/** The log is told at most so often that a replica cannot keep what it applies. */
const TELL_PERIOD_MS = 10_000;

class NodePersistence implements Persistence {
  readonly background: BackgroundWork;
  readonly progress: Loading;
  readonly saves: RdbSaves;
  readonly aof: AppendOnlyFile;
  position: StreamPosition | undefined;
  skipChecksum = false;
  readonly #deps: PersistenceDeps;
  readonly #place: RdbPlace;
  #lastLoad = { keysLoaded: 0, keysExpired: 0 };
  #timer: Timer | undefined;
  #masterWritesToldAtMs = 0;
  /** Clients may come before the reading begins: until it has ended, there is nothing to serve, and nothing to save. */
  #unread = true;
  #closed = false;

  constructor(deps: PersistenceDeps) {
    const { clock, config, log, stats, databases, dispatch, propagation, replication, memberHasher } = deps;
    const { scripts, server } = deps;
    const fatal = (reason: string): void => deps.fatal(reason);
    this.#deps = {
      ...{ clock, config, log, stats, databases, dispatch, propagation, replication, memberHasher },
      ...{ scripts, server, fatal },
    };
    this.background = new BackgroundWork(clock);
    this.progress = new Loading(clock);
    const { libraries } = scripts;
    this.#place = new RdbPlace({ config, log, pid: process.pid });
    this.saves = new RdbSaves({ ...this.#deps, libraries, background: this.background, place: this.#place });
    this.aof = new AppendOnlyFile({
      ...this.#deps,
      config: server.config,
      libraries,
      background: this.background,
      progress: this.progress,
    });
    this.background.onIdle(() => this.#saveIfDue());
  }

  get loading(): boolean {
    return this.#unread || (this.progress.active && !this.progress.async);
  }

  get refusal(): string | undefined {
    return this.saves.refusesWrites ? RDB_REFUSAL : this.aof.refusal;
  }

  get totalForks(): number {
    return this.background.totalCount;
  }

  get latestForkMicroseconds(): number {
    return this.background.latestBeginMicroseconds;
  }

  masterWrites(): void {
    const { config, clock, log, fatal } = this.#deps;
    if (!config.flag('replica-ignore-disk-write-errors')) {
      fatal('Replica was unable to write command to disk.');
      return;
    }
    if (clock.nowMs() < this.#masterWritesToldAtMs + TELL_PERIOD_MS) return;
    this.#masterWritesToldAtMs = clock.nowMs();
    log('warning', 'Replica is applying a command even though it is unable to write to disk.');
  }

  infoLines(): string[] {
    const { background, progress, saves, aof } = this;
    const { stats, clock } = this.#deps;
    const { loading } = this;
    const view = { nowMs: clock.nowMs(), stats, background, loading, progress, saves };
    return infoLines({ ...view, lastLoad: this.#lastLoad }, aof.infoLines(), aof.sizeLines());
  }

  beforeReplies(): void {
    this.aof.flush();
  }

  async load(asReplica: boolean): Promise<void> {
    this.aof.open();
    // An RDB file beside an append only file is older, or of another history.
    await (this.#deps.config.flag('appendonly') ? this.aof.load() : this.#loadRdb(asReplica));
    if (this.#closed) return;
    this.#unread = false;
    this.aof.start();
  }

  async #loadRdb(asReplica: boolean): Promise<void> {
    const { clock, log } = this.#deps;
    const startMs = clock.monotonicMs();
    const options: LoadFileOptions = {
      ...this.#loadOptions(asReplica, false),
      onExpired: (dbIndex, key, position) => this.#tellOfExpired(dbIndex, key, position),
    };
    const loader = await loadFile(this.#place.path, this.#loadDeps(), options, () => this.#closed);
    if (loader === undefined) return;
    this.#lastLoad = loader;
    this.position = loader.position;
    log('notice', `DB loaded from disk: ${((clock.monotonicMs() - startMs) / 1000).toFixed(3)} seconds`);
  }

  /** Replicas that will go on from where this file stood must lose the key too. Source: rdb.c RDBFLAGS_FEED_REPL. */
  #tellOfExpired(dbIndex: number, key: string, position: StreamPosition | undefined): void {
    if (position === undefined) return;
    const { config, propagation, replication } = this.#deps;
    replication.restore(position);
    propagation.feed(dbIndex, [config.flag('lazyfree-lazy-expire') ? 'UNLINK' : 'DEL', key]);
  }

  reload({ save, flush, merge }: ReloadOptions): string | undefined {
    const { databases, dispatch, stats, log } = this.#deps;
    if (save && !this.saves.save()) return 'ERR';
    const dirty = stats.dirty;
    if (flush) {
      for (const database of databases) if (database.size > 0) database.clear();
      dispatch.databasesFlushed();
    }
    stats.dirty = dirty;
    try {
      const asReplica = this.#deps.replication.role === 'replica';
      const loader = loadFileNow(this.#place.path, this.#loadDeps(), {
        ...this.#loadOptions(asReplica, merge),
        functions: merge ? 'replace' : flush ? 'flush' : 'append',
      });
      if (loader === undefined) return 'ERR Error trying to load the RDB dump';
      this.#lastLoad = loader;
    } catch (error) {
      if (!(error instanceof LoadError)) throw error;
      log('warning', error.message);
      return 'ERR Error trying to load the RDB dump';
    }
    log('warning', 'DB reloaded by DEBUG RELOAD');
    return undefined;
  }

  flushed(): void {
    if (this.#deps.config.text('save') !== '') this.saves.save();
  }

  start(): void {
    this.#timer = this.#deps.clock.every(TICK_MS, () => {
      this.aof.tick();
      this.#saveIfDue();
    });
  }

  /** Not what is read just now, from disk or from a master. */
  #saveIfDue(): void {
    // Half of a script is no state to be saved.
    const ready = !this.loading && !this.#deps.replication.loading && !this.#deps.propagation.nested;
    if (ready) this.saves.tick();
  }

  async saveBeforeEnd({ save, nosave, force }: SaveBeforeEnd): Promise<boolean> {
    const { config, log } = this.#deps;
    if (this.saves.inProgress) log('warning', 'There is a child saving an .rdb. Killing it!');
    await this.saves.kill();
    if (!this.aof.prepareEnd(force)) return false;
    // What is half read must not take the place of the file it is read from.
    const wanted = !this.loading && (save || (!nosave && config.text('save') !== ''));
    if (!wanted) return true;
    log('notice', 'Saving the final RDB snapshot before exiting.');
    if (await this.saves.saveInTurns()) return true;
    log(
      'warning',
      force ? 'Error trying to save the DB. Exit anyway.' : "Error trying to save the DB, can't exit.",
    );
    return force;
  }

  abandon(): void {
    this.saves.abandon();
    this.aof.abandon();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.saves.kill();
    await this.aof.close();
  }

  #loadDeps(): LoadFileDeps {
    return { ...this.#deps, libraries: this.#deps.scripts.libraries, progress: this.progress };
  }

  /** What is expired is a master's to leave out; a replica waits for its master's word. */
  #loadOptions(asReplica: boolean, replace: boolean): LoadFileOptions {
    const { skipChecksum } = this;
    return {
      dropExpiredAtMs: asReplica ? undefined : this.#deps.clock.nowMs(),
      replace,
      functions: 'flush',
      skipChecksum,
    };
  }
}

export function createPersistence(deps: PersistenceDeps): Persistence {
  return new NodePersistence(deps);
}
