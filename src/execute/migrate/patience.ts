/**
 * Owns how long what should pass by itself is tried again: with pauses that grow for as long as nothing goes on, and not
 * for ever.
 */
import { type Clock, delay } from '../../core/clock.ts';

/** Without any progress for this long, it is given up. */
const patienceMs = 30_000;
const firstPauseMs = 20;
const longestPauseMs = 1000;

export class Patience {
  readonly #clock: Clock;
  #pauseMs = firstPauseMs;
  #progressMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#progressMs = clock.monotonicMs();
  }

  /** Something went well: whatever fails next is the first to fail. */
  renew(): void {
    this.#pauseMs = firstPauseMs;
    this.#progressMs = this.#clock.monotonicMs();
  }

  /** Since the last progress. */
  get waitedMs(): number {
    return this.#clock.monotonicMs() - this.#progressMs;
  }

  /** `mostMs`: after how long, where that is another time than usual. */
  isOver(mostMs = patienceMs): boolean {
    return this.waitedMs > mostMs;
  }

  /** Before the next try. */
  async pause(): Promise<void> {
    await delay(this.#clock, this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
  }
}
