/**
 * Owns what is remembered about the use of a key, in 24 bits: the second of its last use (LRU), or with an LFU policy
 * the minute of its last decay and a counter that grows ever more slowly. Source: Redis evict.c (LRU_CLOCK,
 * LFUDecrAndReturn, LFULogIncr), object.c OBJECT IDLETIME and FREQ.
 */
import type { Clock } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import type { Config } from '../parts/basics.ts';

const CLOCK_MASK = 0xffffff;
const LFU_INITIAL_COUNT = 5;
const LFU_MAX_COUNT = 255;

export class AccessTracker {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #config: Config;
  #seconds = 0;
  #lfu = false;
  #logFactor = 10;
  #decayMinutes = 1;

  constructor(deps: { readonly clock: Clock; readonly random: Random; readonly config: Config }) {
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#config = deps.config;
    for (const name of ['maxmemory-policy', 'lfu-log-factor', 'lfu-decay-time'])
      deps.config.onChange(name, () => this.#readConfig());
    this.#readConfig();
    this.tick();
  }

  /** Whether the eviction policy counts uses (LFU). */
  get lfu(): boolean {
    return this.#lfu;
  }

  /** Reads the clock anew; called several times a second, so that a command does not have to. */
  tick(): void {
    this.#seconds = Math.floor(this.#clock.nowMs() / 1000) & CLOCK_MASK;
  }

  /** For a new key. */
  initial(): number {
    return this.#lfu ? (this.#minutes() << 8) | LFU_INITIAL_COUNT : this.#seconds;
  }

  /** After a use. */
  used(access: number): number {
    if (!this.#lfu) return this.#seconds;
    return (this.#minutes() << 8) | this.#increment(this.frequency(access));
  }

  /** Milliseconds since the last use, in whole seconds. Without an LFU policy only. */
  idleMs(access: number): number {
    return ((this.#seconds - access) & CLOCK_MASK) * 1000;
  }

  /** The counter, less what has decayed since. With an LFU policy only. */
  frequency(access: number): number {
    const count = access & 0xff;
    if (this.#decayMinutes === 0) return count;
    const elapsedMinutes = (this.#minutes() - (access >> 8)) & 0xffff;
    return Math.max(0, count - Math.floor(elapsedMinutes / this.#decayMinutes));
  }

  /** What RESTORE's IDLETIME gives. */
  fromIdleSeconds(seconds: number): number {
    return this.#lfu ? this.initial() : (this.#seconds - seconds) & CLOCK_MASK;
  }

  /** What RESTORE's FREQ gives, 0 to 255. */
  fromFrequency(count: number): number {
    return this.#lfu ? (this.#minutes() << 8) | count : this.#seconds;
  }

  #minutes(): number {
    return Math.floor(this.#clock.nowMs() / 60_000) & 0xffff;
  }

  #increment(count: number): number {
    if (count === LFU_MAX_COUNT) return count;
    const base = Math.max(0, count - LFU_INITIAL_COUNT);
    const chance = 1 / (base * this.#logFactor + 1);
    return this.#random.below(0x40000000) / 0x40000000 < chance ? count + 1 : count;
  }

  #readConfig(): void {
    this.#lfu = this.#config.text('maxmemory-policy').endsWith('-lfu');
    this.#logFactor = this.#config.number('lfu-log-factor');
    this.#decayMinutes = this.#config.number('lfu-decay-time');
  }
}
