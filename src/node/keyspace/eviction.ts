/**
 * Owns the eviction of keys while more memory is in use than maxmemory allows: as many as it takes, but for a bounded time; what
 * is left then is done a little later, between the commands of clients. Never decides which key goes (eviction-pool.ts).
 * Source: Redis evict.c performEvictions, evictionTimeProc, evictionTimeLimitUs; config.c updateMaxmemory.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import type { Config, Log, Stats } from '../parts/basics.ts';
import type { Eviction, EvictionResult, MemoryUse } from '../parts/memory.ts';
import type { EvictionPool } from './eviction-pool.ts';
import type { MemorySum } from './memory.ts';

/** The clock is asked once in so many keys. */
const KEYS_PER_TIME_CHECK = 16;

/** How long one run may take. Source: evict.c evictionTimeLimitUs. */
export function evictionLimitMs(tenacity: number): number {
  if (tenacity <= 10) return 0.05 * tenacity;
  return tenacity < 100 ? 0.5 * 1.15 ** (tenacity - 10) : Number.POSITIVE_INFINITY;
}

export interface EvictionDeps {
  readonly clock: Clock;
  readonly config: Config;
  readonly log: Log;
  readonly stats: Stats;
  readonly memory: MemoryUse;
  /** Of all databases. */
  readonly memorySum: MemorySum;
  readonly pool: EvictionPool;
  /** Whether keys may be deleted now: not while loading, paused, or where the master decides. */
  maySafely(): boolean;
  /** A run that evicted took so long. */
  onCycle(elapsedMs: number): void;
}

export class KeyEviction implements Eviction {
  limited = false;
  outOfMemory = false;
  readonly #deps: EvictionDeps;
  #maxBytes = 0;
  #canEvict = false;
  /** Present while what is left of a run is to be done later. */
  #later: Timer | undefined;

  constructor(deps: EvictionDeps) {
    this.#deps = deps;
    const { config } = deps;
    const read = (): void => {
      this.#maxBytes = config.number('maxmemory');
      this.limited = this.#maxBytes > 0;
      this.#canEvict = config.text('maxmemory-policy') !== 'noeviction';
    };
    read();
    config.onChange('maxmemory-policy', read);
    config.onChange('maxmemory', () => {
      read();
      if (this.limited) this.#limitChanged();
    });
  }

  makeRoom(): EvictionResult {
    const excess = this.#excessBytes();
    if (excess > 0 && !this.#deps.maySafely()) return 'ok';
    const result = excess > 0 ? this.#run(excess) : 'ok';
    this.#measure(result !== 'ok');
    return result;
  }

  stop(): void {
    this.#later?.cancel();
    this.#later = undefined;
  }

  /** How far above the limit the node is; what evictions make grow themselves is left out. */
  #excessBytes(): number {
    const { memory } = this.#deps;
    const used = memory.usedBytes;
    return used <= this.#maxBytes ? 0 : used - memory.notCountedBytes - this.#maxBytes;
  }

  #run(excess: number): EvictionResult {
    if (!this.#canEvict) return 'failed';
    const { clock, config, pool, memorySum, onCycle } = this.#deps;
    const limitMs = evictionLimitMs(config.number('maxmemory-eviction-tenacity'));
    const startMs = clock.monotonicMs();
    const endBytes = memorySum.bytes - excess;
    let failed = false;
    for (let evicted = 1; memorySum.bytes > endBytes && !failed; evicted++) {
      const choice = pool.next();
      if (choice === undefined) failed = true;
      else choice.database.evict(choice.entry);
      if (evicted % KEYS_PER_TIME_CHECK !== 0 || clock.monotonicMs() - startMs <= limitMs) continue;
      this.#goOnLater();
      break;
    }
    onCycle(clock.monotonicMs() - startMs);
    if (failed) return 'failed';
    return this.#later === undefined ? 'ok' : 'running';
  }

  #goOnLater(): void {
    this.#later ??= this.#deps.clock.after(0, () => {
      this.#later = undefined;
      if (this.limited) this.makeRoom();
    });
  }

  /** How long the limit is exceeded at a stretch; INFO tells. */
  #measure(exceeded: boolean): void {
    const { stats, clock } = this.#deps;
    if (exceeded === stats.evictionExceededSinceMs > 0) return;
    const nowMs = clock.monotonicMs();
    if (!exceeded) stats.evictionExceededMs += nowMs - stats.evictionExceededSinceMs;
    stats.evictionExceededSinceMs = exceeded ? nowMs : 0;
  }

  #limitChanged(): void {
    const { log, memory } = this.#deps;
    const used = memory.usedBytes - memory.notCountedBytes;
    if (used > this.#maxBytes)
      log(
        'warning',
        `WARNING: the new maxmemory value set via CONFIG SET (${this.#maxBytes}) is smaller than the current memory usage (${used}). ` +
          'This will result in key eviction and/or the inability to accept new write commands depending on the maxmemory-policy.',
      );
    this.#goOnLater();
  }
}
