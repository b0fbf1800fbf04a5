/**
 * Owns time: every part that waits or asks what time it is does so through a Clock, so that the same
 * machine runs on the system's time and in a simulation. Never touched directly elsewhere: Date.now, setTimeout.
 */

/** A running timer. `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Unix time in milliseconds, as Redis's mstime(). May jump with the system's clock. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start, with fractions; never goes back. */
  monotonicMs(): number;
  /** Calls `fn` once after `delayMs`. */
  after(delayMs: number, fn: () => void): Timer;
  /** Calls `fn` every `periodMs` until cancelled. */
  every(periodMs: number, fn: () => void): Timer;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fn) {
    const handle = setTimeout(fn, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  every(periodMs, fn) {
    const handle = setInterval(fn, periodMs);
    return { cancel: () => clearInterval(handle) };
  },
};

/** Node's timers take no longer delays. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** As Clock.after, however long the delay is. */
export function afterLong(clock: Clock, delayMs: number, fn: () => void): Timer {
  if (delayMs <= LONGEST_TIMER_MS) return clock.after(delayMs, fn);
  let timer = clock.after(LONGEST_TIMER_MS, () => {
    timer = afterLong(clock, delayMs - LONGEST_TIMER_MS, fn);
  });
  return { cancel: () => timer.cancel() };
}

/** Resolves after `delayMs` on `clock`. */
export function delay(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
