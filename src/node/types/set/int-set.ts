/** Owns whole numbers in ascending order, each once, as Redis keeps small sets of numbers. Source: Redis intset.c. */
import type { Int64 } from '../../../core/int64.ts';

export class IntSet implements Iterable<Int64> {
  readonly #numbers: Int64[];

  constructor(ascending: readonly Int64[] = []) {
    this.#numbers = [...ascending];
  }

  get size(): number {
    return this.#numbers.length;
  }

  /** The `place`-th smallest. */
  at(place: number): Int64 {
    return this.#numbers[place] as Int64;
  }

  has(value: Int64): boolean {
    return this.#numbers[this.#placeOf(value)] === value;
  }

  /** Whether it is new. */
  add(value: Int64): boolean {
    const numbers = this.#numbers;
    const last = numbers.at(-1);
    if (last === undefined || last < value) {
      numbers.push(value);
      return true;
    }
    const place = this.#placeOf(value);
    if (numbers[place] === value) return false;
    numbers.splice(place, 0, value);
    return true;
  }

  /** Whether it was there. */
  delete(value: Int64): boolean {
    const place = this.#placeOf(value);
    if (this.#numbers[place] !== value) return false;
    this.#numbers.splice(place, 1);
    return true;
  }

  [Symbol.iterator](): IterableIterator<Int64> {
    return this.#numbers[Symbol.iterator]();
  }

  /** Of the first number that is not less. */
  #placeOf(value: Int64): number {
    const numbers = this.#numbers;
    let low = 0;
    let high = numbers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((numbers[middle] as Int64) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
