/**
 * Owns the choice of the next key to evict: by the policies that weigh keys against each other the best of a few that were
 * taken at random, and of those that earlier choices left over; by the random ones any key, database after database.
 * Source: Redis evict.c evictionPoolPopulate and the choice in performEvictions.
 */
import type { Config } from '../parts/basics.ts';
import type { AccessTracker } from './access.ts';
import type { KeyDatabase } from './database.ts';
import type { KeyEntry } from './entry.ts';

/** How many candidates are kept. Source: evict.c EVPOOL_SIZE. */
const POOL_SIZE = 16;
const MAX_FREQUENCY = 255;

/** A key that may be gone by the time that it is chosen. */
interface Candidate {
  readonly database: KeyDatabase;
  readonly key: string;
  /** The greatest goes first. */
  readonly score: number;
}

export interface Choice {
  readonly database: KeyDatabase;
  readonly entry: KeyEntry;
}

export interface EvictionPoolDeps {
  readonly config: Config;
  readonly databases: readonly KeyDatabase[];
  readonly access: AccessTracker;
}

export class EvictionPool {
  readonly #deps: EvictionPoolDeps;
  /** By score, the best one last. */
  #candidates: Candidate[] = [];
  #policy = '';
  #nextDatabase = 0;

  constructor(deps: EvictionPoolDeps) {
    this.#deps = deps;
    const read = (): void => {
      this.#policy = deps.config.text('maxmemory-policy');
      this.#candidates = [];
    };
    read();
    deps.config.onChange('maxmemory-policy', read);
  }

  /** Undefined when there is no key that the policy lets go. */
  next(): Choice | undefined {
    if (this.#policy === 'noeviction') return undefined;
    const volatile = this.#policy.startsWith('volatile-');
    return this.#policy.endsWith('-random') ? this.#anyKey(volatile) : this.#bestKey(volatile);
  }

  #anyKey(volatile: boolean): Choice | undefined {
    const { databases } = this.#deps;
    for (let tries = databases.length; tries > 0; tries--) {
      this.#nextDatabase = (this.#nextDatabase + 1) % databases.length;
      const database = databases[this.#nextDatabase] as KeyDatabase;
      const entry = database.sample(1, volatile)[0];
      if (entry !== undefined) return { database, entry };
    }
    return undefined;
  }

  #bestKey(volatile: boolean): Choice | undefined {
    while (this.#populate(volatile)) {
      for (let best = this.#candidates.pop(); best !== undefined; best = this.#candidates.pop()) {
        const { database, key } = best;
        const entry = database.peekEvenExpired(key);
        if (entry !== undefined && (!volatile || entry.timeToLive !== undefined)) return { database, entry };
      }
    }
    return undefined;
  }

  /** Takes a sample of every database, so that none of them is spared. False when there is no key at all. */
  #populate(volatile: boolean): boolean {
    const { databases, config } = this.#deps;
    const samples = config.number('maxmemory-samples');
    let any = false;
    for (const database of databases) {
      if ((volatile ? database.expiringCount : database.size) === 0) continue;
      any = true;
      for (const entry of database.sample(samples, volatile)) this.#consider(database, entry);
    }
    return any;
  }

  #consider(database: KeyDatabase, entry: KeyEntry): void {
    const candidates = this.#candidates;
    const score = this.#score(entry);
    let place = candidates.length;
    while (place > 0 && (candidates[place - 1] as Candidate).score > score) place--;
    if (place === 0 && candidates.length === POOL_SIZE) return;
    const { key } = entry;
    if (candidates[place - 1]?.key === key && candidates[place - 1]?.database === database) return;
    candidates.splice(place, 0, { database, key, score });
    if (candidates.length > POOL_SIZE) candidates.shift();
  }

  #score(entry: KeyEntry): number {
    const { access } = this.#deps;
    if (this.#policy === 'volatile-ttl') return -entry.expireAtMs;
    return access.lfu ? MAX_FREQUENCY - access.frequency(entry.access) : access.idleMs(entry.access);
  }
}
