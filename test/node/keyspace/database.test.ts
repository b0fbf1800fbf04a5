import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeyDatabase } from '../../../src/node/keyspace/database.ts';
import { testKeyspace } from '../../helpers/keyspace.ts';

describe('the gate of a database', () => {
  it('tells of each change, and of each key that is new', () => {
    const { db, told, stats } = testKeyspace();
    db.set('a', '1');
    db.set('a', '2');
    db.replaceValue('a', '3');
    db.setExpire('a', 5_000_000_000_000);
    db.editString('a').writeAt(1, 'x');
    db.changed('a', 2);
    expect(db.delete('a')).toBe(true);
    expect(db.delete('a')).toBe(false);
    expect(told).toEqual(['n new a', ...new Array<string>(6).fill('touched a')]);
    expect(stats.dirty).toBe(7);
  });

  it('counts hits and misses of readers only', () => {
    const { db, told, stats } = testKeyspace();
    db.set('a', '1');
    db.lookupRead('a');
    db.lookupNoTouch('a');
    db.lookupRead('b');
    db.lookupNoTouch('b', false);
    db.lookupWrite('a');
    db.lookupWrite('b');
    db.peek('b');
    expect([stats.keyspaceHits, stats.keyspaceMisses]).toEqual([2, 2]);
    expect(told.filter((line) => line.startsWith('m '))).toEqual(['m keymiss b']);
  });

  it('keeps the time to live with replaceValue and drops it with set', () => {
    const { db } = testKeyspace();
    db.set('a', '1', 5_000_000_000_000);
    db.replaceValue('a', '2');
    expect(db.peek('a')?.expireAtMs).toBe(5_000_000_000_000);
    expect(db.expiringCount).toBe(1);
    db.set('a', '3');
    expect(db.peek('a')?.expireAtMs).toBe(-1);
    expect(db.expiringCount).toBe(0);
  });

  it('moves and recreates with one write each', () => {
    const { db, databases, told, stats } = testKeyspace({ databases: 2 });
    const other = databases[1] as KeyDatabase;
    db.set('a', '1', 5_000_000_000_000, 'raw');
    db.set('b', '2');
    told.length = 0;
    db.moveTo('a', db, 'b');
    expect(told).toEqual(['touched a', 'n new b', 'touched b']);
    expect(db.peek('b')).toMatchObject({ value: '1', expireAtMs: 5_000_000_000_000, encodingHint: 'raw' });
    db.moveTo('b', other, 'b');
    expect([db.size, db.expiringCount, other.size, other.expiringCount]).toEqual([0, 0, 1, 1]);
    other.recreate('b', 'x', -1, 'auto');
    expect(other.peek('b')).toMatchObject({ value: 'x', expireAtMs: -1 });
    expect(stats.dirty).toBe(5);
  });

  it('forgets everything at once', () => {
    const { db, told, stats } = testKeyspace({ slotted: true });
    for (let i = 0; i < 10; i++) db.set(`k${i}`, 'v', i % 2 === 0 ? 5_000_000_000_000 : -1);
    stats.dirty = 0;
    told.length = 0;
    db.clear();
    expect(told).toEqual(['flushed']);
    expect([db.size, db.expiringCount, stats.dirty]).toEqual([0, 0, 10]);
  });

  it('remembers when a key was used, or how often', () => {
    const test = testKeyspace();
    const { db, clock } = test;
    test.start();
    db.set('a', '1');
    clock.advance(5000);
    db.lookupNoTouch('a');
    const entry = db.peek('a');
    if (entry === undefined) throw new Error('a is gone');
    expect(db.idleMs(entry)).toBe(5000);
    db.lookupRead('a');
    expect(db.idleMs(entry)).toBe(0);
    db.setUsage('a', { idleSeconds: 100 });
    expect(db.idleMs(entry)).toBe(100_000);
    test.setConfig('maxmemory-policy', 'allkeys-lfu');
    db.setUsage('a', { frequency: 40 });
    expect(db.frequency(entry)).toBe(40);
    clock.advance(3 * 60_000);
    expect(db.frequency(entry)).toBe(37);
    test.setConfig('lfu-log-factor', '0');
    db.lookupRead('a');
    expect(db.frequency(entry)).toBe(38);
    db.set('b', '1');
    expect(db.frequency(db.peek('b') ?? entry)).toBe(5);
    test.close();
  });
});

describe('expired keys', () => {
  const expired = (): ReturnType<typeof testKeyspace> => {
    const test = testKeyspace();
    test.db.set('a', '1', test.clock.nowMs() + 100);
    test.clock.advance(101);
    test.told.length = 0;
    return test;
  };

  it('live through the millisecond they end in', () => {
    const { db, clock } = testKeyspace();
    db.set('a', '1', clock.nowMs() + 100);
    clock.advance(100);
    expect(db.peek('a')).toBeDefined();
    clock.advance(1);
    expect(db.peek('a')).toBeUndefined();
  });

  it('are deleted by a master when somebody asks, and their deletion goes out', () => {
    for (const look of ['lookupRead', 'lookupNoTouch', 'lookupWrite'] as const) {
      const { db, told, stats } = expired();
      expect(db[look]('a')).toBeUndefined();
      expect(told.slice(0, 3)).toEqual(['x expired a', 'touched a', 'DEL a']);
      expect([db.size, stats.expiredKeys]).toEqual([0, 1]);
    }
  });

  it('are deleted before they are set anew, or deleted', () => {
    const setting = expired();
    setting.db.set('a', '2');
    expect(setting.told).toEqual(['x expired a', 'touched a', 'DEL a', 'n new a', 'touched a']);
    const deleting = expired();
    expect(deleting.db.delete('a')).toBe(false);
    expect(deleting.told).toEqual(['x expired a', 'touched a', 'DEL a']);
  });

  it('are left alone by peek', () => {
    const { db, told } = expired();
    expect(db.peek('a')).toBeUndefined();
    expect([db.size, told]).toEqual([1, []]);
  });

  it('are hidden, not deleted, by a replica; its master still sees and deletes them', () => {
    const { db, told, state } = expired();
    state.replica = true;
    expect(db.lookupRead('a')).toBeUndefined();
    expect(db.lookupWrite('a')).toBeUndefined();
    expect(db.randomKey()).toBe('a');
    expect(db.size).toBe(1);
    state.servingMaster = true;
    expect(db.lookupWrite('a')?.value).toBe('1');
    expect(db.delete('a')).toBe(true);
    expect(told).toEqual(['m keymiss a', 'touched a']);
  });

  it('are deleted on a writable replica by a command that writes', () => {
    const { db, state } = expired();
    Object.assign(state, { replica: true, writableReplica: true });
    expect(db.lookupRead('a')).toBeUndefined();
    expect(db.size).toBe(1);
    expect(db.lookupWrite('a')).toBeUndefined();
    expect(db.size).toBe(0);
  });

  it('stay while writes are paused, and are no matter while loading', () => {
    const { db, state } = expired();
    state.paused = true;
    expect(db.lookupRead('a')).toBeUndefined();
    expect(db.size).toBe(1);
    Object.assign(state, { paused: false, loading: true });
    expect(db.lookupRead('a')?.value).toBe('1');
  });

  it('are passed over by randomKey', () => {
    const { db, clock } = testKeyspace();
    db.set('lives', '1');
    for (let i = 0; i < 20; i++) db.set(`dies${i}`, '1', clock.nowMs() + 1);
    clock.advance(10);
    for (let i = 0; i < 50; i++) expect(db.randomKey()).toBe('lives');
  });
});

describe('active expiry', () => {
  it('deletes what nobody asks for, and only what is due', () => {
    const test = testKeyspace({ databases: 3 });
    for (const db of test.databases) {
      for (let i = 0; i < 500; i++) db.set(`short${i}`, '1', test.clock.nowMs() + 500);
      for (let i = 0; i < 300; i++) db.set(`long${i}`, '1', test.clock.nowMs() + 3_600_000);
      for (let i = 0; i < 300; i++) db.set(`ever${i}`, '1');
    }
    test.start();
    test.clock.advance(400);
    expect(test.databases.map((db) => db.size)).toEqual([1100, 1100, 1100]);
    test.clock.advance(10_000);
    expect(test.databases.map((db) => db.size)).toEqual([600, 600, 600]);
    expect(test.stats.expiredKeys).toBe(1500);
    expect(test.told.filter((line) => line === 'x expired short7').length).toBe(3);
    expect(test.db.averageTtlMs).toBeGreaterThan(3_000_000);
    test.close();
    test.db.set('late', '1', test.clock.nowMs() + 1);
    test.clock.advance(5000);
    expect(test.db.size).toBe(601);
  });

  it.each(['replica', 'loading', 'paused'] as const)('does nothing while %s', (what) => {
    const test = testKeyspace();
    test.db.set('a', '1', test.clock.nowMs() + 1);
    test.state[what] = true;
    test.start();
    test.clock.advance(1000);
    expect(test.db.size).toBe(1);
    test.state[what] = false;
    test.clock.advance(1000);
    expect(test.db.size).toBe(0);
    test.close();
  });

  it('deletes on a writable replica what its own clients let expire', () => {
    const { db, clock, state, stats, ...test } = testKeyspace();
    test.start();
    Object.assign(state, { replica: true, writableReplica: true });
    db.set('own', '1', clock.nowMs() + 10);
    db.set('persisted', '1', clock.nowMs() + 10);
    db.setExpire('persisted', -1);
    db.set('adopted', '1', clock.nowMs() + 10);
    state.servingMaster = true;
    db.set('from master', '1', clock.nowMs() + 10);
    db.setExpire('adopted', clock.nowMs() + 20);
    state.servingMaster = false;
    clock.advance(1000);
    expect(stats.expiredKeys).toBe(1);
    expect(db.size).toBe(3);
    db.set('own', '1', clock.nowMs() + 10);
    db.clear();
    clock.advance(1000);
    expect(stats.expiredKeys).toBe(1);
    test.close();
  });

  it('can be switched off', () => {
    const test = testKeyspace();
    test.db.set('a', '1', test.clock.nowMs() + 1);
    test.activeExpiry.enabled = false;
    test.start();
    test.clock.advance(1000);
    expect(test.db.size).toBe(1);
    test.close();
  });

  it('keeps its pace when hz changes', () => {
    const test = testKeyspace();
    test.start();
    test.setConfig('hz', '100');
    test.db.set('a', '1', test.clock.nowMs() + 1);
    test.clock.advance(15);
    expect(test.db.size).toBe(0);
    test.close();
  });
});

describe('a database as a model sees it', () => {
  it('agrees with a Map of values and times', () => {
    const key = fc.integer({ min: 0, max: 12 }).map((n) => `k${n}`);
    const operation = fc.oneof(
      fc.record({ do: fc.constant('set' as const), key, ttl: fc.option(fc.integer({ min: 1, max: 50 })) }),
      fc.record({ do: fc.constant('delete' as const), key }),
      fc.record({ do: fc.constant('persist' as const), key }),
      fc.record({ do: fc.constant('expire' as const), key, ttl: fc.integer({ min: 1, max: 50 }) }),
      fc.record({ do: fc.constant('move' as const), key, to: key }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 20 }) }),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 80 }), fc.boolean(), (operations, slotted) => {
        const { db, clock } = testKeyspace({ slotted });
        const model = new Map<string, { value: string; until: number }>();
        const alive = (name: string): { value: string; until: number } | undefined => {
          const found = model.get(name);
          return found !== undefined && clock.nowMs() <= found.until ? found : undefined;
        };
        operations.forEach((op, n) => {
          if (op.do === 'wait') clock.advance(op.ms);
          else if (op.do === 'set') {
            const until = op.ttl === null ? Infinity : clock.nowMs() + op.ttl;
            db.set(op.key, `${n}`, op.ttl === null ? -1 : until);
            model.set(op.key, { value: `${n}`, until });
          } else if (op.do === 'delete') {
            expect(db.delete(op.key)).toBe(alive(op.key) !== undefined);
            model.delete(op.key);
          } else if (op.do === 'move') {
            const found = alive(op.key);
            expect(db.lookupWrite(op.key)?.value).toBe(found?.value);
            if (found === undefined || op.key === op.to) return;
            db.moveTo(op.key, db, op.to);
            model.delete(op.key);
            model.set(op.to, found);
          } else {
            const found = alive(op.key);
            const until = op.do === 'persist' ? Infinity : clock.nowMs() + op.ttl;
            if (db.lookupWrite(op.key) === undefined) expect(found).toBeUndefined();
            else db.setExpire(op.key, op.do === 'persist' ? -1 : until);
            if (found !== undefined) found.until = until;
          }
        });
        for (let i = 0; i <= 12; i++) expect(db.lookupRead(`k${i}`)?.value).toBe(alive(`k${i}`)?.value);
        const living = [...model.keys()].filter((name) => alive(name) !== undefined);
        expect(db.size).toBe(living.length);
        expect(db.expiringCount).toBe(living.filter((name) => alive(name)?.until !== Infinity).length);
      }),
      { numRuns: 200 },
    );
  });
});
