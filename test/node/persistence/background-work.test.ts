import { describe, expect, it } from 'vitest';
import { ConfigStore } from '../../../src/node/config/store.ts';
import { BackgroundWork } from '../../../src/node/persistence/background-work.ts';
import { KeyDelay } from '../../../src/node/persistence/key-delay.ts';
import { RdbEncoder } from '../../../src/node/persistence/rdb-encoder.ts';
import { reachedPoint, savePoints } from '../../../src/node/persistence/save-points.ts';
import { testKeyspace } from '../../helpers/keyspace.ts';

describe('work in the background', () => {
  function scene() {
    const { databases, db, clock } = testKeyspace();
    const work = new BackgroundWork(clock);
    const encoder = () =>
      new RdbEncoder({
        config: new ConfigStore(),
        databases,
        nowMs: 1,
        functionCodes: [],
      });
    return {
      work,
      db,
      clock,
      begin: (kind: 'rdb' | 'aof' | 'sync') => work.begin(kind, databases, encoder()),
    };
  }

  it('is one at a time', () => {
    const { work, begin } = scene();
    const first = begin('rdb');
    expect(work.kind).toBe('rdb');
    expect(() => begin('sync')).toThrow('other work');
    work.end(first);
    expect(work.kind).toBeUndefined();
    const second = begin('sync');
    // The end of what is over already ends nothing.
    work.end(first);
    expect(work.kind).toBe('sync');
    work.end(second);
    expect(work.totalCount).toBe(2);
  });

  it('calls those that wait in their order, until one of them begins', () => {
    const { work, begin, clock } = scene();
    const called: string[] = [];
    work.onIdle(() => called.push('rewrite'));
    work.onIdle(() => {
      called.push('save');
      begin('rdb');
    });
    work.onIdle(() => called.push('replicas'));
    work.end(begin('sync'));
    expect(called).toEqual([]);
    clock.advance(1);
    expect(called).toEqual(['rewrite', 'save']);
  });

  it('counts what it had to keep aside', () => {
    const { work, db, begin } = scene();
    for (let n = 0; n < 10; n++) db.set(`key${n}`, 'x'.repeat(1000));
    const snapshot = begin('rdb');
    for (let n = 0; n < 4; n++) db.set(`key${n}`, 'changed');
    db.set('key0', 'changed again');
    db.set('new', 'not of that moment');
    expect(snapshot.keptBytes).toBeGreaterThan(4000);
    expect(snapshot.keptBytes).toBeLessThan(5000);
    for (const _piece of snapshot.pieces());
    expect(snapshot.keysWritten).toBe(10);
    expect(snapshot.keysTotal).toBe(10);
    work.end(snapshot);
    expect(work.lastKeptBytes).toEqual({ rdb: snapshot.keptBytes, aof: 0, sync: 0 });
  });
});

describe('save points', () => {
  it('are reached by enough changes since a save that is longer ago', () => {
    const points = savePoints('3600 1 300 100');
    expect(points).toEqual([
      { seconds: 3600, changes: 1 },
      { seconds: 300, changes: 100 },
    ]);
    expect(reachedPoint(points, 99, 3600)).toBeUndefined();
    expect(reachedPoint(points, 1, 3601)).toBe(points[0]);
    expect(reachedPoint(points, 100, 300)).toBeUndefined();
    expect(reachedPoint(points, 100, 301)).toBe(points[1]);
    expect(savePoints('')).toEqual([]);
  });
});

describe('the delay of keys', () => {
  it('adds up to whole milliseconds', () => {
    const delay = new KeyDelay(400);
    expect(delay.any).toBe(true);
    delay.owe(2);
    expect(delay.takeMs()).toBe(0);
    delay.owe(4);
    expect(delay.takeMs()).toBe(2);
    delay.owe(1);
    expect(delay.takeMs()).toBe(0);
  });

  it('is a part of a microsecond when negative, and none when zero', () => {
    const delay = new KeyDelay(-10);
    delay.owe(10_000);
    expect(delay.takeMs()).toBe(1);
    expect(new KeyDelay(0).any).toBe(false);
  });
});
