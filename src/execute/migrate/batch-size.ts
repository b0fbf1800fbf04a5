/**
 * Owns how many keys go into one MIGRATE. It blocks its source, and clients there wait: so the size follows measured
 * time towards the longest pause that is allowed, unless the operator gave it. Sizes are keys.
 *
 * A MIGRATE takes a time of its own, the way to the target and back, and a time for each key. Only the keys can be made
 * fewer: where the way takes most of the pause, small batches would make many pauses out of one. What is what shows when
 * batches differ in size: a line is laid through the latest of them.
 */

const firstSize = 100;
const largestSize = 1000;
/** A full batch whose keys take less than this share of what they may can be larger. */
const shortShare = 0.4;
/** How much a measurement counts for when the next has come. */
const memory = 0.9;
/** Batches tell the way from the keys when their sizes differ by this share of their mean. */
const telling = 0.05;

export class BatchSize {
  readonly #fixed: number | undefined;
  readonly #longMs: number;
  readonly #line = new Line();
  #size: number;
  /** What a MIGRATE takes however few its keys are, as far as that is known. */
  #wayMs = 0;
  #former: { readonly keys: number; readonly tookMs: number } | undefined;

  /** `fixed`: the size given by the operator. `maxPauseMs`: what one MIGRATE may take. */
  constructor(fixed: number | undefined, maxPauseMs: number) {
    this.#fixed = fixed;
    this.#longMs = maxPauseMs;
    this.#size = fixed ?? firstSize;
  }

  get keys(): number {
    return this.#size;
  }

  /**
   * A MIGRATE of `keys` keys took the source `tookMs`. Replies to two that stood in line come together, after the time of
   * both: so each is seen with the one before it.
   */
  learn(keys: number, tookMs: number): void {
    if (this.#fixed !== undefined || keys === 0) return;
    const former = this.#former ?? { keys, tookMs };
    this.#former = { keys, tookMs };
    this.#judge((keys + former.keys) / 2, (tookMs + former.tookMs) / 2, keys >= this.#size);
  }

  /** `full`: the batch was as large as it may be. */
  #judge(keys: number, tookMs: number, full: boolean): void {
    this.#line.add(keys, tookMs);
    this.#wayMs = this.#line.atZero() ?? this.#wayMs;
    // As long as the way takes, the keys may take, too, whatever the pause.
    const forKeysMs = Math.max(this.#longMs - this.#wayMs, this.#wayMs);
    const keysTookMs = Math.max(0, tookMs - this.#wayMs);
    if (keysTookMs > forKeysMs) {
      // Straight to what would have fitted: values can be a thousand times larger than those before.
      this.#size = Math.max(1, Math.min(largestSize, Math.floor((keys * forKeysMs) / keysTookMs)));
    } else if (keysTookMs < forKeysMs * shortShare && full) {
      this.#size = Math.min(largestSize, this.#size * 2);
    }
  }
}

/** The straight line through points, of which later ones count for more. */
class Line {
  #weight = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #xy = 0;

  add(x: number, y: number): void {
    this.#weight = this.#weight * memory + 1;
    this.#x = this.#x * memory + x;
    this.#y = this.#y * memory + y;
    this.#xx = this.#xx * memory + x * x;
    this.#xy = this.#xy * memory + x * y;
  }

  /** Where it meets x = 0, never below 0 nor above the mean; undefined while the points stand above one another. */
  atZero(): number | undefined {
    const [x, y] = [this.#x / this.#weight, this.#y / this.#weight];
    const variance = this.#xx / this.#weight - x * x;
    if (variance < (telling * x) ** 2) return undefined;
    const slope = (this.#xy / this.#weight - x * y) / variance;
    return Math.min(y, Math.max(0, y - slope * x));
  }
}
