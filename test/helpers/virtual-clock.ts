/** Owns time in tests: a Clock that only moves when told to, running due timers in order. */
import type { Clock, Timer } from '../../src/core/clock.ts';

interface Scheduled {
  atMs: number;
  readonly periodMs: number | undefined;
  readonly order: number;
  readonly fn: () => void;
}

export class VirtualClock implements Clock {
  #nowMs: number;
  readonly #startMs: number;
  #timers: Scheduled[] = [];
  #count = 0;

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs;
  }

  after(delayMs: number, fn: () => void): Timer {
    return this.#schedule(delayMs, undefined, fn);
  }

  every(periodMs: number, fn: () => void): Timer {
    return this.#schedule(periodMs, periodMs, fn);
  }

  /** Moves on, stopping at each timer that is due. */
  advance(byMs: number): void {
    const endMs = this.#nowMs + byMs;
    for (;;) {
      const [next] = this.#timers
        .filter((timer) => timer.atMs <= endMs)
        .sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      if (next === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      if (next.periodMs === undefined) this.#timers = this.#timers.filter((timer) => timer !== next);
      else next.atMs += next.periodMs;
      next.fn();
    }
    this.#nowMs = endMs;
  }

  #schedule(delayMs: number, periodMs: number | undefined, fn: () => void): Timer {
    const timer: Scheduled = { atMs: this.#nowMs + delayMs, periodMs, order: this.#count++, fn };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }
}
