import { describe, expect, it } from 'vitest';
import { translateRedisTrib } from '../../../src/cli/dialects/redis-trib.ts';

const translated = (line: string, canAsk = false): string =>
  translateRedisTrib(line.split(' '), canAsk).join(' ');

describe('the dialect of redis-trib.rb', () => {
  it.each([
    ['fix --timeout 1000 a:1', 'fix --yes --timeout 1000 a:1'],
    [
      'rebalance --use-empty-masters --auto-weights a:1',
      'rebalance --yes --use-empty-masters --auto-weights a:1',
    ],
    ['add-node --slave --master-id x n:1 a:1', 'add-node --yes --slave --master-id x n:1 a:1'],
    ['del-node a:1 x', 'del-node --yes a:1 x'],
    ['set-timeout a:1 2000', 'set-timeout --yes a:1 2000'],
    ['import --from s:1 a:1', 'import --yes --from s:1 a:1'],
  ])('%s goes ahead in a script, and asks on a terminal', (line, expected) => {
    expect(translated(line)).toBe(expected);
    expect(translated(line, true)).toBe(line);
  });

  it.each([
    'create --replicas 1 a:1 b:1 c:1',
    'reshard --from all --to x --slots 1 a:1',
    'rebalance --simulate a:1',
    'fix --dry-run a:1',
    'fix --yes a:1',
    'del-node --help',
    'drain a:1 x',
    'call a:1 fix',
  ])('%s is left as it is', (line) => {
    expect(translated(line)).toBe(line);
  });
});
