/**
 * Owns the deletion of expired keys that nobody asks for: several times a second it looks through the keys with a time
 * to live, for longer when many of them turn out expired, never longer than its share of the time.
 * Source: the behaviour of Redis expire.c activeExpireCycle, the slow cycle.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import type { Config } from '../parts/basics.ts';
import type { ActiveExpiry } from '../parts/keyspace.ts';
import type { KeyDatabase, KeyspaceHooks } from './database.ts';

const KEYS_PER_ROUND = 20;
const TIME_PERCENT = 25;
const ACCEPTABLE_STALE_PERCENT = 10;
/** The clock is asked once in so many rounds. */
const ROUNDS_PER_TIME_CHECK = 16;
const REPLICA_KEYS_PER_TIME_CHECK = 64;
const REPLICA_LIMIT_MS = 1;
/** Databases looked at in one cycle, unless the last one ran out of time. */
const DATABASES_PER_CYCLE = 16;

export interface ActiveExpiryDeps {
  readonly clock: Clock;
  readonly config: Config;
  readonly hooks: KeyspaceHooks;
  readonly databases: readonly KeyDatabase[];
  /** Runs at the beginning of each cycle, `hz` times a second. */
  readonly onTick: () => void;
  /** How long a cycle took. */
  readonly onExpiryCycle?: (elapsedMs: number) => void;
}

export class ActiveExpiryCycle implements ActiveExpiry {
  enabled = true;
  staleRatio = 0;
  timeCapReachedCount = 0;
  timeUsedMs = 0;
  readonly #deps: ActiveExpiryDeps;
  /** Where each database's look goes on; it walks downward, so that removals do not make it miss a key. */
  readonly #places: number[];
  #nextDatabase = 0;
  #ranOutOfTime = false;
  #timer: Timer | undefined;

  constructor(deps: ActiveExpiryDeps) {
    this.#deps = deps;
    this.#places = deps.databases.map(() => -1);
    deps.config.onChange('hz', () => {
      if (this.#timer !== undefined) this.start();
    });
  }

  start(): void {
    this.stop();
    this.#timer = this.#deps.clock.every(1000 / this.#hz(), () => {
      this.#deps.onTick();
      if (this.enabled) this.cycle();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** One cycle. Nothing is deleted while loading, or while writes are paused; a replica leaves it to its master. */
  cycle(): void {
    const { hooks } = this.#deps;
    if (hooks.isLoading() || hooks.isPaused()) return;
    if (hooks.isReplica()) this.#replicaCycle();
    else this.#masterCycle();
  }

  /** What clients wrote to a writable replica, it ends itself. Source: expire.c expireSlaveKeys. */
  #replicaCycle(): void {
    const { clock, databases } = this.#deps;
    const startMs = clock.monotonicMs();
    const nowMs = clock.nowMs();
    let seen = 0;
    for (const database of databases) {
      for (const timeToLive of database.expiring.own()) {
        if (nowMs > timeToLive.atMs) database.expire(timeToLive.entry);
        if (++seen % REPLICA_KEYS_PER_TIME_CHECK === 0 && clock.monotonicMs() - startMs > REPLICA_LIMIT_MS)
          return;
      }
    }
  }

  #masterCycle(): void {
    const { clock, databases, config } = this.#deps;
    const effort = config.number('active-expire-effort') - 1;
    const keysPerRound = KEYS_PER_ROUND + Math.floor((KEYS_PER_ROUND / 4) * effort);
    const acceptableStale = (ACCEPTABLE_STALE_PERCENT - effort) / 100;
    const limitMs = (TIME_PERCENT + 2 * effort) * (1000 / this.#hz() / 100);
    const startMs = clock.monotonicMs();
    const count = this.#ranOutOfTime ? databases.length : Math.min(DATABASES_PER_CYCLE, databases.length);
    this.#ranOutOfTime = false;
    let sampled = 0;
    let expired = 0;
    let rounds = 0;
    for (let i = 0; i < count && !this.#ranOutOfTime; i++) {
      const index = this.#nextDatabase % databases.length;
      const database = databases[index] as KeyDatabase;
      this.#nextDatabase = index + 1;
      for (;;) {
        if (database.expiring.size === 0) {
          database.averageTtlMs = 0;
          break;
        }
        const round = this.#round(database, keysPerRound);
        sampled += round.sampled;
        expired += round.expired;
        if (++rounds % ROUNDS_PER_TIME_CHECK === 0 && clock.monotonicMs() - startMs > limitMs) {
          this.#ranOutOfTime = true;
          this.timeCapReachedCount++;
          break;
        }
        if (round.expired <= round.sampled * acceptableStale) break;
      }
    }
    const elapsedMs = clock.monotonicMs() - startMs;
    this.timeUsedMs += elapsedMs;
    this.#deps.onExpiryCycle?.(elapsedMs);
    this.staleRatio = (sampled > 0 ? expired / sampled : 0) * 0.05 + this.staleRatio * 0.95;
  }

  /** Looks at up to `keys` keys of one database, each once. */
  #round(database: KeyDatabase, keys: number): { sampled: number; expired: number } {
    const nowMs = this.#deps.clock.nowMs();
    const { expiring } = database;
    const sampled = Math.min(keys, expiring.size);
    let place = this.#places[database.index] as number;
    let expired = 0;
    let restMs = 0;
    for (let i = 0; i < sampled; i++) {
      const timeToLive = expiring.at(place) ?? expiring.at(expiring.size - 1);
      if (timeToLive === undefined) break;
      place = timeToLive.place - 1;
      if (nowMs > timeToLive.atMs) {
        database.expire(timeToLive.entry);
        expired++;
      } else {
        restMs += timeToLive.atMs - nowMs;
      }
    }
    this.#places[database.index] = place;
    if (sampled > expired) this.#averageTtl(database, restMs / (sampled - expired));
    return { sampled, expired };
  }

  /** A running average: the new sample weighs a fiftieth. */
  #averageTtl(database: KeyDatabase, sampleMs: number): void {
    const before = database.averageTtlMs === 0 ? sampleMs : database.averageTtlMs;
    database.averageTtlMs = Math.floor(before / 50) * 49 + Math.floor(sampleMs / 50);
  }

  #hz(): number {
    return Math.max(1, this.#deps.config.number('hz'));
  }
}
