/** Owns the throttle: how many keys may be moved a second, by all moves of a plan together. */
import { type Clock, delay } from '../../core/clock.ts';

/** Keys go in small portions, so that they flow evenly. */
const portionMs = 100;

export class Pace {
  readonly #clock: Clock;
  readonly #keysPerSecond: number;
  /** When the keys that were let through so far are paid for, on the monotonic clock. */
  #paidMs = Number.NEGATIVE_INFINITY;

  constructor(keysPerSecond: number, clock: Clock) {
    this.#keysPerSecond = keysPerSecond;
    this.#clock = clock;
  }

  /** The most keys that should go at once. */
  get portionKeys(): number {
    return Math.max(1, Math.floor((this.#keysPerSecond * portionMs) / 1000));
  }

  /** Waits until so many keys may go. */
  async pass(keys: number): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const startMs = Math.max(nowMs, this.#paidMs);
    this.#paidMs = startMs + (keys * 1000) / this.#keysPerSecond;
    if (startMs > nowMs) await delay(this.#clock, startMs - nowMs);
  }
}
