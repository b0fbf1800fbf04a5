/**
 * Owns the writing of a snapshot into a file while the node goes on: it makes the pieces, a few milliseconds at a time, and a small
 * process writes them (writer-process.ts), so that the disk never holds the node up, and who looks for the child of a BGSAVE
 * finds one. The death of that process is the failure of the save. Its start costs what fork costs: about a millisecond for a
 * hundred megabytes of memory.
 * Never knows what the file is for. Source: Redis server.c redisFork, checkChildrenDone; rdb.c rdbSaveBackground.
 *
 *     const file = new BackgroundFile({ ..., snapshot, onEnd: (end) => background.end(snapshot) ... });
 *     if (file.pid === undefined) ...               // no process can be had: onEnd is not called
 *     file.kill();                                  // gives it up: onEnd follows, and nothing is left of the file
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { Clock, Timer } from '../../core/clock.ts';
import { KeyDelay } from './key-delay.ts';
import type { Snapshot } from './snapshot.ts';
import { type WriteFailure, writerProgram } from './writer-process.ts';

/** How a background file came out. */
export type BackgroundFileEnd =
  | { readonly outcome: 'written' }
  | { readonly outcome: 'failed'; readonly failure: WriteFailure | undefined }
  /** By somebody's signal. */
  | { readonly outcome: 'killed'; readonly signal: number }
  /** By `kill`. */
  | { readonly outcome: 'given up' };

export interface BackgroundFileOptions {
  readonly clock: Clock;
  readonly snapshot: Snapshot;
  /** An absolute path. */
  readonly directory: string;
  /** The name of the temp file before and behind the process id: "temp-", ".rdb". */
  readonly tempName: readonly [before: string, behind: string];
  /** What the finished file takes the place of, an absolute path; undefined leaves it under its temp name. */
  readonly target: string | undefined;
  /** As ps shows the process. */
  readonly title: string;
  /** Synced now and then, so that the end need not wait for all of it. */
  readonly incrementalSync: boolean;
  /** As rdb-key-save-delay. The snapshot gives one piece a key then. */
  readonly keyDelayMicroseconds: number;
  readonly onEnd: (end: BackgroundFileEnd) => void;
}

/** Work of one turn of the event loop; then the clients have theirs. */
const TURN_MS = 2;
/** Source: server.h REDIS_AUTOSYNC_BYTES. */
const SYNC_BYTES = 4 * 1024 * 1024;

export class BackgroundFile {
  /** Of the process; undefined when none could be started: nothing more happens then. */
  readonly pid: number | undefined;
  /** Unix ms. */
  readonly startedAtMs: number;
  /** How long the start of the process kept the node. */
  readonly startMicroseconds: number;
  readonly #options: BackgroundFileOptions;
  readonly #process: ChildProcess;
  readonly #input: Writable;
  readonly #delay: KeyDelay;
  readonly #pieces: Iterator<Buffer, void>;
  readonly #errorText: string[] = [];
  readonly #ended: Promise<void>;
  #timer: Timer | undefined;
  #givenUp = false;

  constructor(options: BackgroundFileOptions) {
    const { clock, directory, tempName, target, title, incrementalSync } = options;
    this.#options = options;
    this.#delay = new KeyDelay(options.keyDelayMicroseconds);
    this.#pieces = options.snapshot.pieces();
    this.startedAtMs = clock.nowMs();
    const beforeMs = clock.monotonicMs();
    const [before, behind] = tempName;
    const args = [join(directory, before), behind, target ?? '', String(incrementalSync ? SYNC_BYTES : 0)];
    this.#process = spawn(process.execPath, ['-e', writerProgram, ...args], {
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
      argv0: title,
      env: {},
    });
    this.startMicroseconds = Math.round((clock.monotonicMs() - beforeMs) * 1000);
    this.pid = this.#process.pid;
    this.#input = this.#process.stdin as Writable;
    this.#ended = new Promise((resolve) => this.#listen(resolve));
    if (this.pid !== undefined) this.#timer = clock.after(0, () => this.#turn());
  }

  /** Where the file is until it is put in place. */
  get tempPath(): string {
    const [before, behind] = this.#options.tempName;
    return join(this.#options.directory, `${before}${this.pid}${behind}`);
  }

  /** Gives it up. Resolves when the process is gone, and its file too. */
  kill(): Promise<void> {
    this.#givenUp = true;
    this.#process.kill('SIGKILL');
    return this.#ended;
  }

  #listen(resolve: () => void): void {
    // Its end tells more than what writing to it says.
    for (const stream of this.#process.stdio) stream?.on('error', () => {});
    this.#process.on('error', resolve);
    this.#process.stderr?.setEncoding('latin1').on('data', (text: string) => this.#errorText.push(text));
    this.#input.on('drain', () => this.#turn());
    this.#process.on('close', (code, signal) => {
      this.#timer?.cancel();
      const end = this.#endOf(code, signal);
      if (signal !== null) rmSync(this.tempPath, { force: true });
      this.#options.onEnd(end);
      resolve();
    });
  }

  #endOf(code: number | null, signal: NodeJS.Signals | null): BackgroundFileEnd {
    if (code === 0) return { outcome: 'written' };
    if (this.#givenUp) return { outcome: 'given up' };
    if (signal !== null) return { outcome: 'killed', signal: constants.signals[signal] };
    return { outcome: 'failed', failure: parseFailure(this.#errorText.join('')) };
  }

  /** Makes pieces for a while, or until the process has enough of them. */
  #turn(): void {
    const { clock, snapshot } = this.#options;
    this.#timer?.cancel();
    if (this.#input.destroyed || this.#input.writableNeedDrain) return;
    const endMs = clock.monotonicMs() + TURN_MS;
    let waitMs = 0;
    do {
      const before = snapshot.keysWritten;
      const next = this.#pieces.next();
      if (next.done) {
        this.#complete();
        return;
      }
      // Goes on when it is drained.
      if (!this.#input.write(next.value)) return;
      this.#delay.owe(snapshot.keysWritten - before);
      waitMs = this.#delay.takeMs();
    } while (waitMs === 0 && clock.monotonicMs() < endMs);
    this.#timer = clock.after(waitMs, () => this.#turn());
  }

  #complete(): void {
    // Only what the system has taken as a whole is complete.
    this.#input.end(() => {
      const word = this.#process.stdio[3] as Writable;
      if (!this.#givenUp) word.end('complete');
    });
  }
}

function parseFailure(text: string): WriteFailure | undefined {
  try {
    return JSON.parse(text) as WriteFailure;
  } catch {
    // Not the program's own words: the process could not even start.
    return undefined;
  }
}
