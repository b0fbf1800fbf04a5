import { describe, expect, it } from 'vitest';
import { BatchSize } from '../../src/execute/steps/move-slots/batch-size.ts';

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
    size.learn(200, 100);
    expect(size.keys).toBe(100);
  });

  it('is what the operator said', () => {
    const size = new BatchSize(7, 5);
    size.learn(7, 0.1);
    size.learn(7, 1000);
    expect(size.keys).toBe(7);
  });
});
