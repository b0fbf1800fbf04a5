/**
 * Owns how many keys go into one MIGRATE. It blocks its source, and clients there wait: so the size follows measured
 * time, unless the operator gave it. Sizes are keys.
 */

const firstSize = 100;
const largestSize = 1000;
const shortMs = 2;
const longMs = 5;

export class BatchSize {
  readonly #fixed: number | undefined;
  #size: number;

  /** `fixed`: the size given by the operator. */
  constructor(fixed: number | undefined) {
    this.#fixed = fixed;
    this.#size = fixed ?? firstSize;
  }

  get keys(): number {
    return this.#size;
  }

  /** A MIGRATE of `keys` keys took the source `tookMs`. */
  learn(keys: number, tookMs: number): void {
    if (this.#fixed !== undefined || keys === 0) return;
    if (tookMs > longMs) {
      // Straight to what would have fitted: values can be a thousand times larger than those before.
      this.#size = Math.max(1, Math.floor((keys * longMs) / tookMs));
    } else if (tookMs < shortMs && keys >= this.#size) {
      this.#size = Math.min(largestSize, this.#size * 2);
    }
  }
}
