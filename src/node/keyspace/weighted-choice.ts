/**
 * Owns the choice of one of many places with a chance in proportion to its weight, in logarithmic time (a Fenwick
 * tree of prefix sums).
 */
import type { Random } from '../../core/random.ts';

export class WeightedChoice {
  readonly #sums: Uint32Array;
  readonly #highestBit: number;
  #total = 0;

  /** `places` must be a power of two. */
  constructor(places: number) {
    this.#sums = new Uint32Array(places + 1);
    this.#highestBit = places;
  }

  add(place: number, weight: number): void {
    const sums = this.#sums;
    for (let i = place + 1; i < sums.length; i += i & -i) sums[i] = (sums[i] as number) + weight;
    this.#total += weight;
  }

  clear(): void {
    this.#sums.fill(0);
    this.#total = 0;
  }

  /** Undefined when all weights are zero. */
  choose(random: Random): number | undefined {
    if (this.#total === 0) return undefined;
    let rest = random.below(this.#total);
    let place = 0;
    for (let bit = this.#highestBit; bit > 0; bit >>= 1) {
      const sum = this.#sums[place + bit];
      if (sum === undefined || sum > rest) continue;
      place += bit;
      rest -= sum;
    }
    return place;
  }
}
