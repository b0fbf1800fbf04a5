import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/core/random.ts';
import { KeyEntry } from '../../../src/node/keyspace/entry.ts';
import { Hasher } from '../../../src/node/keyspace/hasher.ts';
import { slotOf } from '../../../src/node/keyspace/slot-of.ts';
import { Store } from '../../../src/node/keyspace/store.ts';
import { WeightedChoice } from '../../../src/node/keyspace/weighted-choice.ts';
import { keySlot } from '../../../src/protocol/slots/key-slot.ts';

function filled(slotted: boolean, count: number): Store {
  const store = new Store(new Hasher(seededRandom(1)), slotted);
  for (let i = 0; i < count; i++) store.insert(new KeyEntry(`key:${i}`, `${i}`, 0));
  return store;
}

describe.each([
  ['one table', false],
  ['a table for each slot', true],
])('Store with %s', (_name, slotted) => {
  it('finds, removes and lists its entries', () => {
    const store = filled(slotted, 3000);
    expect(store.size).toBe(3000);
    expect(store.find('key:77')?.value).toBe('77');
    expect(store.remove('key:77')?.value).toBe('77');
    expect(store.remove('key:77')).toBeUndefined();
    expect(store.find('key:77')).toBeUndefined();
    expect(new Set([...store.entries()].map((entry) => entry.key)).size).toBe(2999);
    store.clear();
    expect(store.size).toBe(0);
    expect([...store.entries()]).toEqual([]);
  });

  it('scans everything once, with cursors that fit 2^46', () => {
    const store = filled(slotted, 3000);
    const seen: string[] = [];
    let cursor = 0;
    do {
      cursor = store.scan(cursor, (entry) => seen.push(entry.key));
      expect(cursor).toBeLessThan(2 ** 46);
    } while (cursor !== 0);
    expect(seen.length).toBe(3000);
    expect(new Set(seen).size).toBe(3000);
  });

  it('chooses among all entries', () => {
    const store = filled(slotted, 30);
    const random = seededRandom(2);
    const seen = new Set<string>();
    for (let i = 0; i < 3000; i++) seen.add(store.random(random)?.key ?? '');
    expect(seen.size).toBe(30);
    store.clear();
    expect(store.random(random)).toBeUndefined();
  });
});

describe('the slot index', () => {
  it('counts and lists the keys of a slot', () => {
    const store = filled(true, 0);
    for (let i = 0; i < 100; i++) store.insert(new KeyEntry(`{tag}${i}`, '', 0));
    store.insert(new KeyEntry('other', '', 0));
    const slot = keySlot('{tag}');
    expect(store.countInSlot(slot)).toBe(100);
    expect(store.keysInSlot(slot, 10).length).toBe(10);
    expect(new Set(store.keysInSlot(slot, 1000)).size).toBe(100);
    expect(store.keysInSlot(slot, 0)).toEqual([]);
    for (let i = 0; i < 100; i++) store.remove(`{tag}${i}`);
    expect(store.countInSlot(slot)).toBe(0);
    expect(store.keysInSlot(slot, 10)).toEqual([]);
    expect(store.size).toBe(1);
  });

  it('remembers the slot of the last key', () => {
    for (const key of ['foo', 'foo', 'bar', '{foo}x', '', 'foo']) expect(slotOf(key)).toBe(keySlot(key));
  });
});

describe('WeightedChoice', () => {
  it('gives each place the chance of its weight', () => {
    const choice = new WeightedChoice(16);
    expect(choice.choose(seededRandom(1))).toBeUndefined();
    const weights = [0, 1, 0, 0, 5, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 4];
    weights.forEach((weight, place) => {
      choice.add(place, weight);
    });
    choice.add(4, 3);
    choice.add(4, -3);
    const random = seededRandom(9);
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 20_000; i++) {
      const place = choice.choose(random) ?? -1;
      counts[place] = (counts[place] ?? 0) + 1;
    }
    weights.forEach((weight, place) => {
      expect(Math.abs((counts[place] ?? 0) - weight * 1000)).toBeLessThan(weight === 0 ? 1 : 400);
    });
    choice.clear();
    expect(choice.choose(random)).toBeUndefined();
  });
});
