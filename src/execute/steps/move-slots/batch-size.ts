/**
 * Owns how many keys go into one MIGRATE. It blocks its source, and clients there wait: so the size follows measured
 * time towards the longest pause that is allowed, unless the operator gave it. Sizes are keys.
 */

const firstSize = 100;
const largestSize = 1000;
/** A full batch that takes less than this share of the pause may be larger. */
const shortShare = 0.4;

export class BatchSize {
  readonly #fixed: number | undefined;
  readonly #longMs: number;
  #size: number;

  /** `fixed`: the size given by the operator. `maxPauseMs`: what one MIGRATE may take. */
  constructor(fixed: number | undefined, maxPauseMs: number) {
    this.#fixed = fixed;
    this.#longMs = maxPauseMs;
    this.#size = fixed ?? firstSize;
  }

  get keys(): number {
    return this.#size;
  }

  /** A MIGRATE of `keys` keys took the source `tookMs`. */
  learn(keys: number, tookMs: number): void {
    if (this.#fixed !== undefined || keys === 0) return;
    if (tookMs > this.#longMs) {
      // Straight to what would have fitted: values can be a thousand times larger than those before.
      this.#size = Math.max(1, Math.floor((keys * this.#longMs) / tookMs));
    } else if (tookMs < this.#longMs * shortShare && keys >= this.#size) {
      this.#size = Math.min(largestSize, this.#size * 2);
    }
  }
}
