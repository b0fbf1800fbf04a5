/**
 * Owns the artificial slowness of saving and loading: so many microseconds a key, or fewer when negative (-10: a tenth of a
 * microsecond). It adds up what is owed, and whoever works on keys waits so long. Source: Redis debug.c debugDelay.
 */
export class KeyDelay {
  readonly #keyMs: number;
  #owedMs = 0;

  /** As rdb-key-save-delay and key-load-delay say it. */
  constructor(microseconds: number) {
    this.#keyMs = (microseconds < 0 ? -1 / microseconds : microseconds) / 1000;
  }

  get any(): boolean {
    return this.#keyMs > 0;
  }

  owe(keys: number): void {
    this.#owedMs += keys * this.#keyMs;
  }

  /** Whole milliseconds to wait now; they are no longer owed. */
  takeMs(): number {
    const whole = Math.floor(this.#owedMs);
    this.#owedMs -= whole;
    return whole;
  }
}
