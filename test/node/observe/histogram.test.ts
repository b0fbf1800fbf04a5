import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram } from '../../../src/node/observe/histogram.ts';

describe('Histogram', () => {
  it('tells percentiles to two digits', () => {
    const durations = fc.array(fc.double({ min: 0.001, max: 999_999, noNaN: true }), {
      minLength: 1,
      maxLength: 300,
    });
    fc.assert(
      fc.property(durations, fc.constantFrom(50, 90, 99, 99.9, 100), (values, percent) => {
        const histogram = new Histogram();
        for (const value of values) histogram.record(value);
        expect(histogram.count).toBe(values.length);
        const sorted = [...values].sort((a, b) => a - b);
        const rank = Math.max(1, Math.trunc((percent / 100) * values.length + 0.5));
        const exact = sorted[rank - 1] as number;
        const told = histogram.percentile(percent);
        expect(told).toBeGreaterThanOrEqual(exact - 0.001);
        expect(told).toBeLessThanOrEqual(exact * 1.01 + 0.001);
      }),
    );
  });

  it('counts what is longer than a second as a second', () => {
    const histogram = new Histogram();
    histogram.record(5_000_000);
    expect(histogram.percentile(100)).toBeLessThan(1_010_000);
  });

  it('adds up by powers of two', () => {
    const histogram = new Histogram();
    for (const value of [0.5, 1.5, 3, 3, 100]) histogram.record(value);
    expect(histogram.cumulative()).toEqual([
      { upToMicroseconds: 1, count: 1 },
      { upToMicroseconds: 2, count: 2 },
      { upToMicroseconds: 4, count: 4 },
      { upToMicroseconds: 128, count: 5 },
    ]);
  });
});
