/**
 * Owns math.random of scripts: the same numbers for the same seed on every machine, as Redis makes them.
 * Source: Redis rand.c redisLrand48 (the 48-bit generator of POSIX).
 */

const MULTIPLIER = 0x5deece66dn;
const INCREMENT = 0xbn;
const MASK = (1n << 48n) - 1n;
/** The low bits of every seed. */
const SEED_LOW = 0x330en;
/** The state before any seed. */
const FIRST_STATE = 0x1234abcd330en;

export class ScriptRandom {
  #state = FIRST_STATE;

  seed(value: number): void {
    this.#state = (BigInt.asUintN(32, BigInt(value)) << 16n) | SEED_LOW;
  }

  /** 0 to 2^31 - 1. */
  next(): number {
    this.#state = (this.#state * MULTIPLIER + INCREMENT) & MASK;
    return Number(this.#state >> 17n);
  }
}

/** As REDIS_LRAND48_MAX. */
export const RANDOM_MAX = 0x7fffffff;
