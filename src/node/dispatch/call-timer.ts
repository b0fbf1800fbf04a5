/**
 * Owns the time of commands: when they begin, and how long they take. Asking the clock takes as long as a short command does,
 * so commands that are always brief share the time of their run evenly; all others are timed one by one.
 */
import type { Clock } from '../../core/clock.ts';
import type { CommandStats } from '../command/table.ts';
import { Histogram } from '../observe/histogram.ts';

export class CallTimer {
  /** Unix ms of the last `begin`. */
  readAtMs = 0;
  /** Whether durations are kept for percentiles (latency-tracking). */
  tracksLatency = true;
  readonly #clock: Clock;
  /** Monotonic time of the end of what was timed last, which is where the next command begins. */
  #markMs = 0;
  /** To add to the monotonic time for Unix time. */
  #wallOffsetMs = 0;
  /** Brief commands since the mark: whose they are, and how many in a row. */
  readonly #run: { stats: CommandStats; count: number }[] = [];
  #runCount = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Bytes have come: the first request in them begins now. */
  begin(): void {
    this.#markMs = this.#clock.monotonicMs();
    this.readAtMs = this.#clock.nowMs();
    this.#wallOffsetMs = this.readAtMs - this.#markMs;
  }

  /** Unix ms at which the next command begins, exact to the run of brief ones before it. */
  unixMs(): number {
    return Math.floor(this.#markMs + this.#wallOffsetMs);
  }

  /** A brief command has ended. */
  brief(stats: CommandStats): void {
    this.#runCount++;
    const last = this.#run.at(-1);
    if (last?.stats === stats) last.count++;
    else this.#run.push({ stats, count: 1 });
  }

  /** Ends a run of brief commands: to be called before a command that is timed, and when no request is left. */
  settle(): void {
    if (this.#runCount === 0) return;
    const share = this.#elapsed() / this.#runCount;
    for (const { stats, count } of this.#run) this.#add(stats, share, count, true);
    this.#run.length = 0;
    this.#runCount = 0;
  }

  /** A command that began `startedMs` ago on this timer has ended. Microseconds it took. */
  timed(stats: CommandStats, startedMs: number, ended: boolean): number {
    this.#elapsed();
    const microseconds = (this.#markMs - startedMs) * 1000;
    this.#add(stats, microseconds, 1, ended);
    return microseconds;
  }

  /** A command whose wait began earlier, and was counted then, has been served. Microseconds that the serving took. */
  served(stats: CommandStats, startedMs: number): number {
    this.#elapsed();
    const microseconds = (this.#markMs - startedMs) * 1000;
    stats.microseconds += microseconds;
    if (this.tracksLatency) {
      stats.latency ??= new Histogram();
      stats.latency.record(microseconds);
    }
    return microseconds;
  }

  /** Monotonic ms at which the next command begins. */
  get markMs(): number {
    return this.#markMs;
  }

  /** Microseconds since the mark, which moves to now. */
  #elapsed(): number {
    const nowMs = this.#clock.monotonicMs();
    const microseconds = (nowMs - this.#markMs) * 1000;
    this.#markMs = nowMs;
    return microseconds;
  }

  #add(stats: CommandStats, microseconds: number, count: number, ended: boolean): void {
    stats.calls += count;
    stats.microseconds += microseconds * count;
    if (!this.tracksLatency || !ended) return;
    stats.latency ??= new Histogram();
    stats.latency.record(microseconds, count);
  }
}
