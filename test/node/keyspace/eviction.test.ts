import { describe, expect, it } from 'vitest';
import { evictionLimitMs, KeyEviction } from '../../../src/node/keyspace/eviction.ts';
import { EvictionPool } from '../../../src/node/keyspace/eviction-pool.ts';
import { type TestKeyspace, testKeyspace } from '../../helpers/keyspace.ts';

const KEYS = 40;

interface Scene {
  readonly keyspace: TestKeyspace;
  readonly eviction: KeyEviction;
  readonly logged: string[];
  readonly cyclesMs: number[];
  /** How many keys there are in each database. */
  counts(): number[];
  /** As many bytes as are in use, less what this many average keys take. */
  limitTo(fewerKeys: number): void;
}

function scene(policy: string, options: { slotted?: boolean; databases?: number } = {}): Scene {
  const keyspace = testKeyspace(options);
  const { clock, config, stats, memorySum, databases } = keyspace;
  const logged: string[] = [];
  const cyclesMs: number[] = [];
  keyspace.setConfig('maxmemory-policy', policy);
  const eviction = new KeyEviction({
    ...{ clock, config, stats, memorySum },
    log: (_level, line) => logged.push(line),
    memory: {
      get usedBytes() {
        return memorySum.bytes + 1000;
      },
      ...{ startupBytes: 0, keyBytes: 0, clientBytes: 0, replicaBytes: 1000 },
      ...{ aofBytes: 0, scriptBytes: 0, cacheBytes: 0, notCountedBytes: 1000 },
    },
    pool: new EvictionPool({ ...keyspace, config }),
    maySafely: () => !keyspace.state.loading,
    onCycle: (elapsedMs) => cyclesMs.push(elapsedMs),
  });
  return {
    ...{ keyspace, eviction, logged, cyclesMs },
    counts: () => databases.map(({ size }) => size),
    limitTo(fewerKeys) {
      const keys = databases.reduce((sum, { size }) => sum + size, 0);
      keyspace.setConfig('maxmemory', String(Math.floor((memorySum.bytes * (keys - fewerKeys)) / keys)));
    },
  };
}

/** `key0` was used longest ago, and ends last. Every other one has a time to live. */
function fill({ keyspace: { db, clock, access } }: Scene): void {
  for (let n = 0; n < KEYS; n++) {
    db.set(`key${n}`, 'value', n % 2 === 0 ? clock.nowMs() + 1_000_000 - n * 2000 : -1);
    clock.advance(1000);
    access.tick();
  }
}

const names = ({ keyspace: { db } }: Scene): string[] => [...db.entries()].map(({ key }) => key);
const isVolatile = (name: string): boolean => Number(name.slice(3)) % 2 === 0;

describe('the time of one run', () => {
  it.each([
    [0, 0],
    [1, 0.05],
    [10, 0.5],
    [11, 0.575],
    [20, 2.02],
    [100, Number.POSITIVE_INFINITY],
  ])('with a tenacity of %i is %f ms', (tenacity, limitMs) => {
    expect(evictionLimitMs(tenacity)).toBeCloseTo(limitMs, 2);
  });
});

describe.each([false, true])('eviction, slots: %s', (slotted) => {
  it('takes what was used longest ago (allkeys-lru)', () => {
    const it = scene('allkeys-lru', { slotted });
    // So that all keys are looked at.
    it.keyspace.setConfig('maxmemory-samples', '400');
    fill(it);
    it.keyspace.db.lookupRead('key0');
    it.keyspace.clock.advance(1000);
    it.limitTo(10);
    it.keyspace.clock.advance(1);
    expect(it.eviction.makeRoom()).toBe('ok');
    const left = names(it);
    expect(left).toContain('key0');
    expect(left).toContain(`key${KEYS - 1}`);
    const lost = Array.from({ length: KEYS }, (_, n) => n).filter((n) => !left.includes(`key${n}`));
    expect(lost.length).toBeGreaterThanOrEqual(9);
    // Neighbours of a sample are not all keys: the oldest half is all that may go.
    expect(Math.max(...lost)).toBeLessThan(KEYS / 2);
    expect(it.keyspace.stats.evictedKeys).toBe(lost.length);
  });
});

describe('eviction', () => {
  it.each(['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl'])(
    'leaves keys alone that have no time to live (%s)',
    (policy) => {
      const it = scene(policy);
      fill(it);
      it.limitTo(KEYS - 1);
      expect(it.eviction.makeRoom()).toBe('failed');
      expect(names(it).some(isVolatile)).toBe(false);
      expect(it.counts()).toEqual([KEYS / 2]);
    },
  );

  it('takes what ends next (volatile-ttl)', () => {
    const it = scene('volatile-ttl');
    it.keyspace.setConfig('maxmemory-samples', '400');
    fill(it);
    it.limitTo(5);
    it.keyspace.clock.advance(1);
    expect(it.eviction.makeRoom()).toBe('ok');
    const lost = Array.from({ length: KEYS }, (_, n) => `key${n}`).filter(
      (name) => !names(it).includes(name),
    );
    expect(lost).toEqual(['key30', 'key32', 'key34', 'key36', 'key38']);
  });

  it('takes what is used least (allkeys-lfu)', () => {
    const it = scene('allkeys-lfu');
    it.keyspace.setConfig('maxmemory-samples', '400');
    it.keyspace.setConfig('lfu-log-factor', '0');
    fill(it);
    for (let n = 10; n < KEYS; n++) for (let use = 0; use < 5; use++) it.keyspace.db.lookupRead(`key${n}`);
    it.limitTo(8);
    it.keyspace.clock.advance(1);
    expect(it.eviction.makeRoom()).toBe('ok');
    expect(names(it).filter((name) => Number(name.slice(3)) >= 10)).toHaveLength(KEYS - 10);
  });

  it.each(['allkeys-lru', 'allkeys-lfu', 'allkeys-random'])(
    'takes everything if it has to (%s)',
    (policy) => {
      const it = scene(policy, { databases: 3 });
      fill(it);
      it.keyspace.databases[2]?.set('elsewhere', 'value');
      it.keyspace.setConfig('maxmemory-eviction-tenacity', '100');
      it.keyspace.setConfig('maxmemory', '1');
      expect(it.eviction.makeRoom()).toBe('running');
      expect(it.counts()).toEqual([0, 0, 0]);
      expect(it.keyspace.memorySum.bytes).toBe(0);
      it.keyspace.clock.advance(1);
      it.keyspace.db.set('key', 'value');
      expect(it.eviction.makeRoom()).toBe('ok');
      expect(it.counts()).toEqual([0, 0, 0]);
    },
  );

  it('takes from all databases in turn (allkeys-random)', () => {
    const it = scene('allkeys-random', { databases: 2 });
    for (const db of it.keyspace.databases) for (let n = 0; n < 50; n++) db.set(`key${n}`, 'value');
    it.limitTo(60);
    it.eviction.makeRoom();
    expect(it.counts()).toEqual([20, 20]);
  });

  it('never takes anything with noeviction, nor when it is not safe', () => {
    const it = scene('noeviction');
    fill(it);
    it.limitTo(10);
    expect(it.eviction.makeRoom()).toBe('failed');
    it.keyspace.setConfig('maxmemory-policy', 'allkeys-lru');
    it.keyspace.state.loading = true;
    expect(it.eviction.makeRoom()).toBe('ok');
    expect(it.counts()).toEqual([KEYS]);
  });

  it('tells what follows: the event, the end of what watches it, the deletion for replicas', () => {
    const it = scene('allkeys-lru');
    it.keyspace.db.set('key', 'value');
    it.keyspace.told.length = 0;
    it.keyspace.setConfig('maxmemory', '1');
    it.eviction.makeRoom();
    expect(it.keyspace.told).toEqual(['e evicted key', 'touched key', 'DEL key']);
  });

  it('ends when its time is over, and goes on later', () => {
    const it = scene('allkeys-random');
    it.keyspace.setConfig('maxmemory-eviction-tenacity', '0');
    fill(it);
    // The clock stands still while it runs: a run ends behind its first look, if any time has passed by then.
    const { clock } = it.keyspace;
    const read = clock.monotonicMs.bind(clock);
    let ticks = 0;
    clock.monotonicMs = () => read() + ticks++;
    it.keyspace.setConfig('maxmemory', '1');
    expect(it.eviction.makeRoom()).toBe('running');
    expect(it.counts()).toEqual([KEYS - 16]);
    expect(it.keyspace.stats.evictionExceededSinceMs).toBeGreaterThan(0);
    clock.advance(1);
    expect(it.counts()).toEqual([0]);
    expect(it.eviction.makeRoom()).toBe('ok');
    expect(it.keyspace.stats.evictionExceededSinceMs).toBe(0);
    expect(it.keyspace.stats.evictionExceededMs).toBeGreaterThan(0);
    expect(it.cyclesMs.length).toBeGreaterThanOrEqual(2);
    it.eviction.stop();
  });

  it('begins by itself when the limit becomes smaller than what is in use, and says so', () => {
    const it = scene('allkeys-random');
    it.keyspace.setConfig('maxmemory-eviction-tenacity', '100');
    fill(it);
    it.limitTo(10);
    expect(it.counts()).toEqual([KEYS]);
    expect(it.logged[0]).toMatch(
      /^WARNING: the new maxmemory value set via CONFIG SET \(\d+\) is smaller than/,
    );
    it.keyspace.clock.advance(1);
    expect(it.counts()[0]).toBeLessThan(KEYS - 8);
    it.keyspace.setConfig('maxmemory', '100000000');
    expect(it.logged).toHaveLength(1);
  });
});
