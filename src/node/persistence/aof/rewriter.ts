/**
 * Owns the rewriting of the append only file: a new base is made of a snapshot while writes go on into a new increment, and takes
 * the place of everything before that increment. When a rewrite begins on its own, when it waits, and how it came out.
 * Never knows the steps on disk (folder.ts). Source: Redis aof.c rewriteAppendOnlyFileBackground, backgroundRewriteDoneHandler;
 * server.c serverCron.
 */
import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import type { Clock } from '../../../core/clock.ts';
import type { Config, Log } from '../../parts/basics.ts';
import type { Database } from '../../parts/keyspace.ts';
import { BackgroundFile, type BackgroundFileEnd } from '../background-file.ts';
import type { BackgroundWork } from '../background-work.ts';
import type { Snapshot, SnapshotEncoder } from '../snapshot.ts';
import { AofError } from './failure.ts';
import type { AofFolder } from './folder.ts';
import type { BaseFormat } from './manifest.ts';
import { RewriteLimit } from './rewrite-limit.ts';
import type { AofWriter } from './writer.ts';

/**
 * 'off': nothing is written. 'waiting': it was turned on, and the first base is yet to be made; writes gather in a temporary
 * increment. 'on': there is a base, and increments follow it.
 */
export type AofState = 'off' | 'waiting' | 'on';

export interface RewriterDeps {
  readonly clock: Clock;
  readonly config: Config;
  readonly log: Log;
  readonly databases: readonly Database[];
  readonly background: BackgroundWork;
  readonly folder: AofFolder;
  readonly writer: AofWriter;
  readonly state: () => AofState;
  /** A base was made of the data of the beginning. */
  readonly onDone: () => void;
  /** Of a data set in that format, now. */
  readonly encoder: (format: BaseFormat) => SnapshotEncoder;
}

interface Running {
  readonly snapshot: Snapshot;
  readonly file: BackgroundFile;
  readonly format: BaseFormat;
}

const RETRY_MS = 1000;

export class Rewriter {
  /** One begins as soon as it can. */
  scheduled = false;
  lastStatus: 'ok' | 'err' = 'ok';
  /** -1 before the first. */
  lastSeconds = -1;
  count = 0;
  readonly #deps: RewriterDeps;
  readonly #limit = new RewriteLimit();
  #running: Running | undefined;
  /** Of those that were given up: until nothing is left of them. */
  readonly #leaving = new Set<Promise<void>>();
  #notBeforeMs = 0;

  constructor(deps: RewriterDeps) {
    this.#deps = deps;
    deps.background.onIdle(() => {
      if (this.scheduled) this.#startOnItsOwn();
    });
  }

  get running(): boolean {
    return this.#running !== undefined;
  }

  get consecutiveFailures(): number {
    return this.#limit.failures;
  }

  /** Of the rewrite that is under way; -1 without. */
  get currentSeconds(): number {
    const running = this.#running;
    return running === undefined ? -1 : this.#secondsSince(running.file.startedAtMs);
  }

  #secondsSince(unixMs: number): number {
    return Math.floor(this.#deps.clock.nowMs() / 1000) - Math.floor(unixMs / 1000);
  }

  /** As soon as other work is done, whatever failed before. */
  schedule(): void {
    this.scheduled = true;
    this.#limit.failures = 0;
  }

  /** Begins now, if that is possible; otherwise the log says why not. */
  start(): boolean {
    const { background, folder, writer, log, config, databases, encoder } = this.#deps;
    if (background.kind !== undefined) return false;
    try {
      folder.make();
      // What the disk does not take is no part of any file yet; it would be in the base, and again behind it.
      writer.flush(true);
      if (writer.waitingBytes > 0) throw new AofError(`Can't rewrite the AOF: ${writer.error}`);
      this.#openIncrement();
    } catch (error) {
      if (!(error instanceof AofError)) throw error;
      log('warning', error.message);
      this.lastStatus = 'err';
      return false;
    }
    this.count++;
    const format = config.flag('aof-use-rdb-preamble') ? 'rdb' : 'aof';
    const keyDelay = config.number('rdb-key-save-delay');
    const snapshot = background.begin('aof', databases, encoder(format), keyDelay !== 0);
    const file = this.#write(snapshot, keyDelay);
    if (file.pid === undefined) {
      background.end(snapshot);
      this.lastStatus = 'err';
      log('warning', "Can't rewrite append only file in background: no process can be started");
      return false;
    }
    background.latestBeginMicroseconds = file.startMicroseconds;
    this.#running = { snapshot, file, format };
    this.scheduled = false;
    log('notice', `Background append only file rewriting started by pid ${file.pid}`);
    return true;
  }

  #openIncrement(): void {
    const { folder, writer, state } = this.#deps;
    if (state() === 'on') writer.switchTo(folder.openIncrement(), 0);
    else if (state() === 'waiting') writer.switchTo(folder.openTemporaryIncrement(), 0);
  }

  #write(snapshot: Snapshot, keyDelayMicroseconds: number): BackgroundFile {
    const { clock, config, folder } = this.#deps;
    return new BackgroundFile({
      clock,
      snapshot,
      directory: folder.pathBeside('.'),
      tempName: ['temp-rewriteaof-bg-', '.aof'],
      target: undefined,
      title: 'redis-aof-rewrite',
      incrementalSync: config.flag('aof-rewrite-incremental-fsync'),
      keyDelayMicroseconds,
      onEnd: (end) => {
        // One that was given up may end when there is another already.
        if (this.#running?.snapshot === snapshot) this.#ended(this.#running, end);
      },
    });
  }

  #ended(running: Running, end: BackgroundFileEnd): void {
    const { background, writer, folder, state } = this.#deps;
    const { snapshot, file } = running;
    const succeeded = this.#judge(running, end);
    if (succeeded !== undefined) {
      this.lastStatus = succeeded ? 'ok' : 'err';
      this.#limit.failures = succeeded ? 0 : this.#limit.failures + 1;
    }
    this.lastSeconds = this.#secondsSince(file.startedAtMs);
    this.#running = undefined;
    background.end(snapshot);
    if (succeeded) {
      this.#deps.onDone();
      this.#deps.log('notice', 'Background AOF rewrite finished successfully');
    } else if (state() === 'waiting') {
      writer.forget();
      folder.removeTemporaryIncrement();
      this.scheduled = true;
    }
  }

  /** Puts the new base in place, if there is one. Undefined when it counts as neither success nor failure. */
  #judge({ file, format }: Running, end: BackgroundFileEnd): boolean | undefined {
    const { log, folder, state } = this.#deps;
    switch (end.outcome) {
      case 'given up':
        return undefined;
      case 'killed':
        log('warning', `Background AOF rewrite terminated by signal ${end.signal}`);
        return end.signal === constants.signals.SIGUSR1 ? undefined : false;
      case 'failed':
        log('warning', 'Background AOF rewrite terminated with error');
        return false;
      case 'written':
        log('notice', 'Background AOF rewrite terminated with success');
        try {
          const increments = { on: 'listed', waiting: 'temporary', off: 'none' } as const;
          folder.installBase(file.tempPath, format, increments[state()]);
          return true;
        } catch (error) {
          if (!(error instanceof AofError)) throw error;
          log('warning', error.message);
          folder.removeUnused(file.tempPath);
          return false;
        }
    }
  }

  /** Gives up the rewrite that is under way. */
  kill(): void {
    const running = this.#running;
    if (running === undefined) return;
    const { log, background } = this.#deps;
    log('notice', `Killing running AOF rewrite child: ${running.file.pid}`);
    this.#running = undefined;
    const gone = running.file.kill().then(() => {
      this.#leaving.delete(gone);
    });
    this.#leaving.add(gone);
    background.end(running.snapshot);
  }

  /** The process ends at once: the half-written file goes. */
  abandon(): void {
    const path = this.#running?.file.tempPath;
    this.kill();
    if (path !== undefined) rmSync(path, { force: true });
  }

  /** Resolves when nothing is left of what was given up. */
  async gone(): Promise<void> {
    await Promise.all(this.#leaving);
  }

  /** From time to time: one that is scheduled, or due because the AOF has grown. */
  tick(): void {
    if (this.scheduled) this.#startOnItsOwn();
    else if (this.#deps.state() === 'on') this.#startIfGrown();
  }

  #mayStart(): boolean {
    const { clock, background, log } = this.#deps;
    const nowMs = clock.nowMs();
    if (background.kind !== undefined || nowMs < this.#notBeforeMs) return false;
    return !this.#limit.forbids(nowMs, (minutes) =>
      log(
        'warning',
        `Background AOF rewrite has repeatedly failed and triggered the limit, will retry in ${minutes} minutes`,
      ),
    );
  }

  #startOnItsOwn(): void {
    if (!this.#mayStart()) return;
    if (!this.start()) this.#notBeforeMs = this.#deps.clock.nowMs() + RETRY_MS;
  }

  #startIfGrown(): void {
    const { config, writer, log, background } = this.#deps;
    const wantedPercent = config.number('auto-aof-rewrite-percentage');
    if (wantedPercent === 0 || background.kind !== undefined) return;
    if (writer.totalBytes <= config.number('auto-aof-rewrite-min-size')) return;
    const growthPercent = Math.floor((writer.totalBytes * 100) / (writer.baseBytes || 1)) - 100;
    if (growthPercent < wantedPercent || !this.#mayStart()) return;
    log('notice', `Starting automatic rewriting of AOF on ${growthPercent}% growth`);
    if (!this.start()) this.#notBeforeMs = this.#deps.clock.nowMs() + RETRY_MS;
  }
}
