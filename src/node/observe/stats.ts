/** Owns the counters of one node, as INFO shows them and CONFIG RESETSTAT clears them. Source: server.c resetServerStats. */
import type { Stats } from '../parts/basics.ts';

/** Samples that an "instantaneous" rate is the mean of. Source: server.h STATS_METRIC_SAMPLES. */
const SAMPLES = 16;

function zeroCounters() {
  return {
    commandsProcessed: 0,
    connectionsReceived: 0,
    rejectedConnections: 0,
    netInputBytes: 0,
    netOutputBytes: 0,
    replicationInputBytes: 0,
    replicationOutputBytes: 0,
    keyspaceHits: 0,
    keyspaceMisses: 0,
    expiredKeys: 0,
    evictedKeys: 0,
    evictedClients: 0,
    evictionExceededMs: 0,
    evictionExceededSinceMs: 0,
    errorReplies: 0,
    fullSyncs: 0,
    partialSyncsOk: 0,
    partialSyncsRefused: 0,
    readsProcessed: 0,
    writesProcessed: 0,
    unexpectedErrorReplies: 0,
  };
}

/** A counter's growth a second, over the last samples. */
class Rate {
  readonly #samples: number[] = new Array<number>(SAMPLES).fill(0);
  #next = 0;
  #lastMs = 0;
  #lastCount = 0;

  sample(count: number, nowMs: number): void {
    const elapsedMs = nowMs - this.#lastMs;
    if (this.#lastMs > 0 && elapsedMs > 0) {
      this.#samples[this.#next] = (Math.max(0, count - this.#lastCount) * 1000) / elapsedMs;
      this.#next = (this.#next + 1) % SAMPLES;
    }
    this.#lastMs = nowMs;
    this.#lastCount = count;
  }

  get perSecond(): number {
    return this.#samples.reduce((sum, value) => sum + value, 0) / SAMPLES;
  }
}

/** All counters; what other rooms do not count is here beside what they do. */
export type NodeStats = Stats &
  ReturnType<typeof zeroCounters> & {
    /** By error code ("ERR", "MOVED"): how many replies. */
    readonly errors: Map<string, number>;
    readonly commandRate: Rate;
    readonly inputRate: Rate;
    readonly outputRate: Rate;
    readonly replicationInputRate: Rate;
    readonly replicationOutputRate: Rate;
    peakMemoryBytes: number;
    reset(): void;
  };

export function createStats(): NodeStats {
  return {
    ...zeroCounters(),
    dirty: 0,
    migrateCachedSockets: 0,
    errors: new Map(),
    commandRate: new Rate(),
    inputRate: new Rate(),
    outputRate: new Rate(),
    replicationInputRate: new Rate(),
    replicationOutputRate: new Rate(),
    peakMemoryBytes: 0,
    reset() {
      Object.assign(this, zeroCounters());
      this.errors.clear();
    },
  };
}
