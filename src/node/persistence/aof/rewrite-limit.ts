/**
 * Owns how long automatic rewrites pause when they fail again and again: each leaves a small file behind. Pure.
 * Source: Redis aof.c aofRewriteLimited.
 */

const FAILURES_IN_A_ROW = 3;
const FIRST_DELAY_MINUTES = 1;
const LONGEST_DELAY_MINUTES = 60;

export class RewriteLimit {
  /** Since the last success, or since one was asked for by hand. */
  failures = 0;
  #delayMinutes = 0;
  /** Unix ms; 0 while no pause is under way. */
  #untilMs = 0;

  /** Whether no rewrite may begin on its own; `onPause` hears of the minutes when a pause begins. */
  forbids(nowMs: number, onPause: (minutes: number) => void): boolean {
    if (this.failures < FAILURES_IN_A_ROW) {
      this.#delayMinutes = 0;
      this.#untilMs = 0;
      return false;
    }
    if (this.#untilMs !== 0) {
      if (nowMs < this.#untilMs) return true;
      this.#untilMs = 0;
      return false;
    }
    this.#delayMinutes = Math.min(LONGEST_DELAY_MINUTES, this.#delayMinutes * 2 || FIRST_DELAY_MINUTES);
    this.#untilMs = nowMs + this.#delayMinutes * 60_000;
    onPause(this.#delayMinutes);
    return true;
  }
}
