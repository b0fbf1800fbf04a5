/**
 * Owns the append only file as one thing: whether it is on, its start and its end, and what others see of it. The parts do the
 * work: folder.ts the files, load.ts the reading, writer.ts the writing, rewriter.ts the rewriting.
 * Source: Redis aof.c startAppendOnly, stopAppendOnly, aofOpenIfNeededOnServerStart; replication.c restartAOFAfterSYNC.
 */
import { systemErrorText } from '../../config/special.ts';
import type { ConfigStore } from '../../config/store.ts';
import type { NodeParts } from '../../parts/node.ts';
import type { Aof } from '../../parts/persistence.ts';
import type { FunctionLibraries } from '../../parts/scripts.ts';
import type { BackgroundWork } from '../background-work.ts';
import type { Loading } from '../loading.ts';
import { RdbEncoder } from '../rdb-encoder.ts';
import { currentPieces, type SnapshotEncoder } from '../snapshot.ts';
import { WriteError, writingFile } from '../write-file.ts';
import { CommandEncoder } from './command-encoder.ts';
import { type Disk, systemDisk } from './disk.ts';
import { AofError } from './failure.ts';
import { AofFolder } from './folder.ts';
import { infoLines, sizeLines } from './info.ts';
import { loadAof } from './load.ts';
import { type BaseFormat, withNewBase } from './manifest.ts';
import { type AofState, Rewriter } from './rewriter.ts';
import { AofWriter } from './writer.ts';

export interface AppendOnlyFileDeps
  extends Pick<
    NodeParts,
    'clock' | 'log' | 'stats' | 'databases' | 'memberHasher' | 'dispatch' | 'propagation' | 'server' | 'fatal'
  > {
  readonly config: ConfigStore;
  readonly background: BackgroundWork;
  readonly progress: Loading;
  readonly libraries: FunctionLibraries;
}

/** Of the writes, those that a script does not keep from it. */
const FOR_THE_AOF = 1;
const RESTART_TRIES = 10;
const RESTART_RETRY_MS = 1000;

export class AppendOnlyFile implements Aof {
  readonly #deps: AppendOnlyFileDeps;
  readonly #disk: Disk;
  readonly #folder: AofFolder;
  readonly #writer: AofWriter;
  readonly #rewriter: Rewriter;
  #state: AofState = 'off';
  #unsubscribe: (() => void) | undefined;
  #closed = false;

  constructor(deps: AppendOnlyFileDeps, disk: Disk = systemDisk) {
    const { clock, config, log, databases, background, fatal } = deps;
    this.#deps = deps;
    this.#disk = disk;
    this.#folder = new AofFolder({ disk, config, log });
    this.#writer = new AofWriter({
      ...{ disk, clock, config, log, fatal },
      snapshotUnderWay: () => background.kind !== undefined,
      waited: (event, microseconds) => deps.server.latency.add(event, microseconds),
    });
    this.#rewriter = new Rewriter({
      ...{ clock, config, log, databases, background },
      folder: this.#folder,
      writer: this.#writer,
      state: () => this.#state,
      onDone: () => this.#rewritten(),
      encoder: (format) => this.#encoder(format),
    });
  }

  #encoder(format: BaseFormat): SnapshotEncoder {
    const { clock, config, databases, libraries } = this.#deps;
    const nowMs = clock.nowMs();
    const functionCodes = libraries.all().map(({ code }) => code);
    if (format === 'rdb') return new RdbEncoder({ config, databases, nowMs, functionCodes, aofBase: true });
    const notedSeconds = config.flag('aof-timestamp-enabled') ? Math.floor(nowMs / 1000) : undefined;
    return new CommandEncoder({ notedSeconds, functionLibraries: functionCodes });
  }

  /** Why writes of clients are to be refused, if they are. */
  get refusal(): string | undefined {
    const { error } = this.#writer;
    return this.#state === 'off' || error === undefined
      ? undefined
      : `MISCONF Errors writing to the AOF file: ${error}`;
  }

  get waitingBytes(): number {
    return this.#writer.waitingBytes;
  }

  get extraWriteMs(): number {
    return this.#writer.extraWriteMs;
  }

  set extraWriteMs(durationMs: number) {
    this.#writer.extraWriteMs = durationMs;
  }

  /** The manifest of the start, whether the AOF is on or not. Throws an AofError. */
  open(): void {
    this.#folder.readManifest();
  }

  /** At the start, with the AOF on: reads it into the databases. Rejects with an AofError. */
  async load(): Promise<void> {
    const { clock, log } = this.#deps;
    const startMs = clock.monotonicMs();
    if (!(await this.#loadFiles())) return;
    const seconds = ((clock.monotonicMs() - startMs) / 1000).toFixed(3);
    log('notice', `DB loaded from append only file: ${seconds} seconds`);
  }

  async #loadFiles(): Promise<boolean> {
    const { clock, config, log, databases, memberHasher, libraries, dispatch, progress, propagation } =
      this.#deps;
    propagation.muted = true;
    try {
      return await loadAof({
        ...{ clock, config, log, databases, memberHasher, libraries, dispatch, progress },
        disk: this.#disk,
        folder: this.#folder,
        stopped: () => this.#closed,
      });
    } finally {
      propagation.muted = false;
    }
  }

  /** The data are loaded: from now on what is written goes into the AOF, if it is on. Throws an AofError. */
  start(): void {
    const { config, log } = this.#deps;
    const folder = this.#folder;
    if (config.flag('appendonly')) {
      folder.make();
      const { base, increments } = folder.manifest;
      const isNew = base === undefined && increments.length === 0;
      const { file, name } = folder.openAtStart(isNew ? this.#makeBase() : folder.manifest);
      log(
        'notice',
        `${increments.length > 0 ? 'Opening' : 'Creating'} AOF incr file ${name} on server start`,
      );
      this.#writer.switchTo(file, folder.sizeOf(name));
      this.#measure(folder.manifest.base === undefined ? 0 : folder.sizeOf(folder.manifest.base.name));
      this.#state = 'on';
      this.#subscribe();
    }
    folder.removeHistory();
    config.onApply('appendonly', () => this.#follow());
    config.onChange('aof-disable-auto-gc', () => folder.removeHistory());
  }

  /** A base of the data as they are. */
  #makeBase() {
    const { config, log, databases } = this.#deps;
    const folder = this.#folder;
    const format = config.flag('aof-use-rdb-preamble') ? 'rdb' : 'aof';
    const manifest = withNewBase(folder.manifest, folder.prefix, format);
    const name = manifest.base?.name ?? '';
    const temporary = folder.pathBeside(`temp-rewriteaof-${process.pid}.aof`);
    try {
      const pieces = currentPieces(databases, this.#encoder(format));
      for (const _ of writingFile(temporary, folder.pathOf(name), pieces, 0));
    } catch (error) {
      if (!(error instanceof WriteError)) throw error;
      throw new AofError(`Write error writing append only file on disk: ${systemErrorText(error.failure)}`);
    }
    log('notice', `Creating AOF base file ${name} on server start`);
    return manifest;
  }

  #measure(baseBytes: number): void {
    this.#writer.totalBytes = this.#folder.sizeBytes();
    this.#writer.baseBytes = baseBytes;
  }

  #rewritten(): void {
    if (this.#state === 'off') return;
    this.#state = 'on';
    const { base } = this.#folder.manifest;
    const baseBytes = base === undefined ? 0 : this.#folder.sizeOf(base.name);
    this.#writer.totalBytes = this.#writer.baseBytes = baseBytes + this.#writer.sizeBytes;
  }

  #subscribe(): void {
    this.#unsubscribe ??= this.#deps.propagation.subscribe((dbIndex, argv) => {
      // While the first base is waited for, what is written now will be in it.
      if (this.#state === 'on' || this.#rewriter.running) this.#writer.feed(dbIndex, argv);
    }, FOR_THE_AOF);
  }

  /** CONFIG SET appendonly. The text of the refusal when it cannot be turned on. */
  #follow(): string | undefined {
    const wanted = this.#deps.config.flag('appendonly');
    if (!wanted && this.#state !== 'off') this.#turnOff();
    if (!wanted || this.#state !== 'off' || this.#turnOn()) return undefined;
    return 'Unable to turn on AOF. Check server logs.';
  }

  #turnOff(): void {
    this.#writer.stop();
    const wasWaiting = this.#state === 'waiting';
    this.#state = 'off';
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#rewriter.scheduled = false;
    if (wasWaiting && this.#rewriter.running) this.#folder.removeTemporaryIncrement();
    this.#rewriter.kill();
  }

  #turnOn(): boolean {
    const { log, background, propagation } = this.#deps;
    const rewriter = this.#rewriter;
    this.#state = 'waiting';
    this.#subscribe();
    if (this.#writer.error !== undefined) log('warning', 'AOF reopen, just ignore the last error.');
    this.#writer.forget();
    if (background.kind !== undefined && background.kind !== 'aof') {
      rewriter.scheduled = true;
      log(
        'warning',
        'AOF was enabled but there is already another background operation. An AOF background was scheduled to start when possible.',
      );
      return true;
    }
    if (propagation.nested) {
      rewriter.scheduled = true;
      log(
        'warning',
        'AOF was enabled during a transaction. An AOF background was scheduled to start when possible.',
      );
      return true;
    }
    if (rewriter.running) {
      // It does not gather the writes of its time.
      log(
        'warning',
        'AOF was enabled but there is already an AOF rewriting in background. Stopping background AOF and starting a rewrite now.',
      );
      rewriter.kill();
    }
    if (rewriter.start()) return true;
    this.#turnOff();
    log(
      'warning',
      "Redis needs to enable the AOF but can't trigger a background AOF rewrite operation. Check the above logs for more info about the error.",
    );
    return false;
  }

  rewrite(): 'started' | 'scheduled' | 'under way' | 'failed' {
    const { background, propagation } = this.#deps;
    if (this.#rewriter.running) return 'under way';
    if (background.kind !== undefined || propagation.nested) {
      this.#rewriter.schedule();
      return 'scheduled';
    }
    return this.#rewriter.start() ? 'started' : 'failed';
  }

  stopForSync(): void {
    if (this.#state !== 'off') this.#turnOff();
  }

  startAfterSync(): void {
    this.#restart(1);
  }

  #restart(attempt: number): void {
    const { clock, config, log, fatal } = this.#deps;
    if (!config.flag('appendonly') || this.#state !== 'off' || this.#closed || this.#turnOn()) return;
    log(
      'warning',
      'Failed enabling the AOF after successful master synchronization! Trying it again in one second.',
    );
    if (attempt < RESTART_TRIES) clock.after(RESTART_RETRY_MS, () => this.#restart(attempt + 1));
    else
      fatal(
        "FATAL: this replica instance finished the synchronization with its master, but the AOF can't be turned on. Exiting now.",
      );
  }

  async reload(): Promise<void> {
    const { databases, dispatch, libraries, stats, log, fatal } = this.#deps;
    if (this.#state !== 'off') this.#writer.flush(true);
    for (const database of databases) if (database.size > 0) database.clear();
    dispatch.databasesFlushed();
    libraries.clear();
    try {
      this.#folder.readManifest();
      this.#folder.removeHistory();
      if (!(await this.#loadFiles())) throw new AofError('There is no append only file to load');
    } catch (error) {
      if (!(error instanceof AofError)) throw error;
      fatal(error.message);
      return;
    }
    stats.dirty = 0;
    log('warning', 'Append Only File loaded by DEBUG LOADAOF');
  }

  /** What must be on disk before replies are sent. */
  flush(): void {
    this.#writer.flush();
  }

  tick(): void {
    this.#rewriter.tick();
    this.#writer.tick();
  }

  /** The node is about to end: everything is written and synced. False when it must not end. */
  prepareEnd(force: boolean): boolean {
    const { log } = this.#deps;
    if (this.#rewriter.running) {
      if (this.#state === 'waiting') {
        log('warning', `Writing initial AOF${force ? '. Exit anyway.' : ", can't exit."}`);
        if (!force) return false;
      }
      log('warning', 'There is a child rewriting the AOF. Killing it!');
      this.#rewriter.kill();
    }
    if (this.#state === 'off') return true;
    log('notice', 'Calling fsync() on the AOF file.');
    this.#writer.flush(true);
    this.#writer.syncNow();
    return true;
  }

  /** The process ends at once: no half-written file stays. */
  abandon(): void {
    this.#rewriter.abandon();
  }

  /** What is under way is given up; resolves when all files are closed. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#state !== 'off') this.#turnOff();
    this.#rewriter.kill();
    await this.#rewriter.gone();
    await this.#writer.closed();
  }

  /** From aof_enabled to aof_last_cow_size. */
  infoLines(): string[] {
    return infoLines(this.#state !== 'off', this.#rewriter, this.#writer, this.#deps.background);
  }

  /** Only while appendonly says yes. */
  sizeLines(): string[] {
    return this.#deps.config.flag('appendonly') ? sizeLines(this.#rewriter, this.#writer) : [];
  }
}
