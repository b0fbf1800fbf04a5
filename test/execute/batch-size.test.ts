import { describe, expect, it } from 'vitest';
import { BatchSize } from '../../src/execute/migrate/batch-size.ts';

describe('the size of a MIGRATE', () => {
  it('grows while full ones are short, up to a bound', () => {
    const size = new BatchSize(undefined, 5);
    const first = size.keys;
    size.learn(first, 0.5);
    expect(size.keys).toBe(first * 2);
    for (let round = 0; round < 20; round++) size.learn(size.keys, 0.5);
    expect(size.keys).toBe(1000);
  });

  it('does not grow by what a small one took', () => {
    const size = new BatchSize(undefined, 5);
    const first = size.keys;
    size.learn(1, 0.1);
    expect(size.keys).toBe(first);
  });

  it('falls at once to what would have been short enough, but not below one', () => {
    const size = new BatchSize(undefined, 5);
    size.learn(100, 500);
    expect(size.keys).toBe(1);
    const other = new BatchSize(undefined, 5);
    other.learn(100, 10);
    expect(other.keys).toBe(50);
  });

  it('goes towards the pause that is allowed', () => {
    const size = new BatchSize(undefined, 50);
    size.learn(100, 15);
    expect(size.keys).toBe(200);
    size.learn(200, 40);
    expect(size.keys).toBe(200);
    size.learn(200, 160);
    expect(size.keys).toBe(100);
  });

  it('does not fall for a way that takes long by itself: that would only make more pauses', () => {
    const took = (keys: number): number => 2.4 + keys * 0.01;
    const size = new BatchSize(undefined, 2.5);
    const sizes: number[] = [];
    let left = 0;
    // A slot has 61 keys: what is left of it when the batch is smaller goes by itself.
    const next = (): number => {
      if (left === 0) left = 61;
      const keys = Math.min(left, size.keys);
      left -= keys;
      return keys;
    };
    for (let round = 0; round < 100; round++) {
      const [first, second] = [next(), next()];
      size.learn(first, took(first) + took(second));
      size.learn(second, 0);
      sizes.push(size.keys);
    }
    // By time alone it would end at a single key.
    expect(Math.min(...sizes)).toBeGreaterThan(20);
    expect(Math.min(...sizes.slice(10))).toBeGreaterThan(40);
  });

  it('falls for large values over a long way as well', () => {
    const size = new BatchSize(undefined, 2.5);
    for (let round = 0; round < 30; round++) size.learn(round % 2 === 0 ? 60 : 20, 2.4);
    size.learn(60, 600);
    expect(size.keys).toBe(1);
  });

  it('is what the operator said', () => {
    const size = new BatchSize(7, 5);
    size.learn(7, 0.1);
    size.learn(7, 1000);
    expect(size.keys).toBe(7);
  });
});
