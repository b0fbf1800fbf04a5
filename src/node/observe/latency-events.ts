/**
 * Owns the delays that LATENCY tells of: of each kind of event the longest one a second, in the last seconds in which there were any.
 * Source: Redis latency.c latencyAddSample, analyzeLatencyForEvent.
 */
import type { Clock } from '../../core/clock.ts';
import type { Config } from '../parts/basics.ts';

/** So many seconds with delays are kept of each event. */
const MAX_SAMPLES = 160;

export interface LatencySample {
  /** Unix seconds. */
  readonly timeSeconds: number;
  readonly latencyMs: number;
}

/** The delays of one event, the oldest first; never empty. */
export interface LatencySeries {
  readonly event: string;
  readonly samples: readonly LatencySample[];
  /** The longest one since LATENCY RESET. */
  readonly maxMs: number;
}

export class LatencyEvents {
  /** Microseconds from which on a delay counts; Infinity for never. */
  fromMicroseconds = Number.POSITIVE_INFINITY;
  readonly #clock: Clock;
  readonly #series = new Map<string, { event: string; samples: LatencySample[]; maxMs: number }>();

  constructor(config: Config, clock: Clock) {
    this.#clock = clock;
    const read = (): void => {
      const thresholdMs = config.number('latency-monitor-threshold');
      this.fromMicroseconds = thresholdMs === 0 ? Number.POSITIVE_INFINITY : thresholdMs * 1000;
    };
    read();
    config.onChange('latency-monitor-threshold', read);
  }

  /** Something took so long; kept when it is long enough. */
  add(event: string, microseconds: number): void {
    if (microseconds < this.fromMicroseconds) return;
    const sample = {
      timeSeconds: Math.trunc(this.#clock.nowMs() / 1000),
      latencyMs: Math.trunc(microseconds / 1000),
    };
    const series = this.#series.get(event);
    if (series === undefined) {
      this.#series.set(event, { event, samples: [sample], maxMs: sample.latencyMs });
      return;
    }
    series.maxMs = Math.max(series.maxMs, sample.latencyMs);
    const { samples } = series;
    const last = samples.at(-1);
    if (last?.timeSeconds === sample.timeSeconds) {
      if (sample.latencyMs > last.latencyMs) samples[samples.length - 1] = sample;
      return;
    }
    samples.push(sample);
    if (samples.length > MAX_SAMPLES) samples.shift();
  }

  all(): Iterable<LatencySeries> {
    return this.#series.values();
  }

  find(event: string): LatencySeries | undefined {
    return this.#series.get(event);
  }

  /** Forgets the event, its name in any case, or all without one. How many there were. */
  reset(event?: string): number {
    let count = 0;
    for (const name of [...this.#series.keys()]) {
      if (event !== undefined && name.toLowerCase() !== event.toLowerCase()) continue;
      this.#series.delete(name);
      count++;
    }
    return count;
  }
}
