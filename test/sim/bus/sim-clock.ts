/** Owns time in simulations: jumps from one scheduled call to the next. Calls of the same moment run in order. */
import type { Clock, Timer } from '../../../src/core/clock.ts';

interface Call {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

export class SimClock implements Clock {
  #nowMs = 1_700_000_000_000;
  readonly #startMs = this.#nowMs;
  /** Latest first, so that the next one is popped off the end. */
  readonly #calls: Call[] = [];
  #order = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs;
  }

  after(delayMs: number, fn: () => void): Timer {
    const call: Call = { atMs: this.#nowMs + delayMs, order: this.#order++, run: fn };
    let [low, high] = [0, this.#calls.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#calls[middle] as Call;
      if (other.atMs > call.atMs || (other.atMs === call.atMs && other.order > call.order)) low = middle + 1;
      else high = middle;
    }
    this.#calls.splice(low, 0, call);
    return {
      cancel() {
        call.run = undefined;
      },
    };
  }

  every(periodMs: number, fn: () => void): Timer {
    let timer: Timer;
    const again = (): void => {
      timer = this.after(periodMs, () => {
        again();
        fn();
      });
    };
    again();
    return { cancel: () => timer.cancel() };
  }

  /** Runs everything due within `durationMs`; stops early when `until` says so, asked every 25 ms. */
  run(durationMs: number, until: () => boolean = () => false): boolean {
    const endMs = this.#nowMs + durationMs;
    let askedMs = this.#nowMs;
    for (;;) {
      const call = this.#calls.at(-1);
      if (call === undefined || call.atMs > endMs) break;
      if (call.atMs >= askedMs + 25) {
        if (until()) return true;
        askedMs = call.atMs;
      }
      this.#calls.pop();
      this.#nowMs = call.atMs;
      call.run?.();
    }
    this.#nowMs = endMs;
    return until();
  }
}
