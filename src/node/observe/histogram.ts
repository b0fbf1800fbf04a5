/**
 * Owns histograms of durations with two significant digits, from 1 ns to about 1 s: a logarithm of two picks the bucket,
 * 128 linear steps the place in it. Source: the layout of HdrHistogram, as Redis uses it for latency tracking.
 */
import type { LatencyHistogram } from '../command/table.ts';

const stepBits = 7;
const steps = 1 << stepBits;
const maxNanoseconds = 1_000_000_000;

function indexOf(nanoseconds: number): number {
  const shift = 31 - Math.clz32(nanoseconds | (2 * steps - 1)) - stepBits;
  return (shift << stepBits) + (nanoseconds >> shift);
}

/** The largest duration that falls on `index`. */
function highest(index: number): number {
  const shift = Math.max(0, (index >> stepBits) - 1);
  return ((index - (shift << stepBits) + 1) << shift) - 1;
}

const size = indexOf(maxNanoseconds) + 1;

export class Histogram implements LatencyHistogram {
  count = 0;
  readonly #counts = new Uint32Array(size);

  record(microseconds: number, times = 1): void {
    const nanoseconds = Math.min(maxNanoseconds, Math.max(1, Math.trunc(microseconds * 1000)));
    const index = indexOf(nanoseconds);
    this.#counts[index] = (this.#counts[index] as number) + times;
    this.count += times;
  }

  percentile(percent: number): number {
    const wanted = Math.max(1, Math.trunc((Math.min(percent, 100) / 100) * this.count + 0.5));
    let seen = 0;
    for (let index = 0; index < size; index++) {
      seen += this.#counts[index] as number;
      if (seen >= wanted) return highest(index) / 1000;
    }
    return 0;
  }

  cumulative(): { readonly upToMicroseconds: number; readonly count: number }[] {
    const rows: { upToMicroseconds: number; count: number }[] = [];
    let seen = 0;
    let index = 0;
    for (let upToMicroseconds = 1; seen < this.count; upToMicroseconds *= 2) {
      const before = seen;
      const limit = upToMicroseconds * 1024;
      while (index < size && highest(index) <= limit) seen += this.#counts[index++] as number;
      if (index >= size) seen = this.count;
      if (seen > before) rows.push({ upToMicroseconds, count: seen });
    }
    return rows;
  }
}
