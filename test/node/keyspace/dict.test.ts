import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/core/random.ts';
import { Dict, type DictEntry } from '../../../src/node/keyspace/dict.ts';
import { Hasher } from '../../../src/node/keyspace/hasher.ts';

interface Item extends DictEntry<Item> {
  value: number;
}

const item = (key: string, value = 0): Item => ({ key, hash: 0, next: undefined, value });
const newDict = (seed = 7): Dict<Item> => new Dict<Item>(new Hasher(seededRandom(seed)));

/** Every operation moves a bucket: ends a rehash that is under way. */
function settle(dict: Dict<Item>): void {
  while (dict.rehashing && dict.size > 0) dict.find('');
}

function filled(count: number, prefix = 'key:'): Dict<Item> {
  const dict = newDict();
  for (let i = 0; i < count; i++) dict.insert(item(prefix + i, i));
  return dict;
}

describe('Dict', () => {
  it('holds what a Map holds, whatever is done in whatever order', () => {
    const key = fc.integer({ min: 0, max: 60 }).map((n) => `k${n}`);
    const operation = fc.oneof(
      fc.record({ do: fc.constant('put' as const), key, value: fc.integer() }),
      fc.record({ do: fc.constant('remove' as const), key }),
      fc.record({ do: fc.constant('find' as const), key }),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 400 }), fc.nat(), (operations, seed) => {
        const dict = newDict(seed);
        const model = new Map<string, number>();
        for (const op of operations) {
          if (op.do === 'put') {
            const found = dict.find(op.key);
            expect(found?.value).toBe(model.get(op.key));
            if (found === undefined) dict.insert(item(op.key, op.value));
            else found.value = op.value;
            model.set(op.key, op.value);
          } else if (op.do === 'remove') {
            expect(dict.remove(op.key)?.value).toBe(model.get(op.key));
            model.delete(op.key);
          } else expect(dict.find(op.key)?.value).toBe(model.get(op.key));
          expect(dict.size).toBe(model.size);
        }
        const entries = [...dict.entries()].map((entry) => [entry.key, entry.value] as const);
        expect(new Map(entries)).toEqual(model);
        expect(entries.length).toBe(model.size);
      }),
      { numRuns: 200 },
    );
  });

  it('makes room for what is said to come while it is empty, within bounds', () => {
    const dict = newDict();
    dict.reserve(1000);
    expect(dict.bucketCount).toBe(1024);
    for (let i = 0; i < 1000; i++) {
      dict.insert(item(`key:${i}`, i));
      expect(dict.rehashing).toBe(false);
    }
    dict.reserve(5000);
    expect(dict.bucketCount).toBe(1024);
    const misled = newDict();
    misled.reserve(Number.MAX_SAFE_INTEGER);
    expect(misled.bucketCount).toBe(1 << 20);
  });

  it('grows by doubling and shrinks when almost empty, a step at a time', () => {
    const dict = filled(1000);
    settle(dict);
    expect(dict.bucketCount).toBe(1024);
    for (let i = 0; i < 990; i++) dict.remove(`key:${i}`);
    settle(dict);
    expect(dict.bucketCount).toBeLessThanOrEqual(128);
    for (let i = 990; i < 1000; i++) expect(dict.find(`key:${i}`)?.value).toBe(i);
    expect(dict.find('key:5')).toBeUndefined();
  });

  it('gives all that stays from the first scan call to the last, while it grows and shrinks', () => {
    const sizes = fc.integer({ min: 1, max: 400 });
    fc.assert(
      fc.property(sizes, sizes, sizes, fc.nat(), fc.boolean(), (stay, come, go, seed, finish) => {
        const random = seededRandom(seed);
        const dict = newDict(seed);
        for (let i = 0; i < stay; i++) dict.insert(item(`stay:${i}`));
        for (let i = 0; i < go; i++) dict.insert(item(`go:${i}`));
        const seen = new Set<string>();
        let coming = 0;
        let going = 0;
        let cursor = 0;
        let calls = 0;
        do {
          cursor = dict.scan(cursor, (entry) => seen.add(entry.key));
          for (let n = random.below(20); n > 0 && coming < come; n--) dict.insert(item(`come:${coming++}`));
          for (let n = random.below(20); n > 0 && going < go; n--) dict.remove(`go:${going++}`);
          if (finish) settle(dict);
          expect(++calls).toBeLessThan(100_000);
        } while (cursor !== 0);
        for (let i = 0; i < stay; i++) expect(seen.has(`stay:${i}`)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('scans to an end from any cursor, a nonsense one too', () => {
    const dict = filled(50);
    for (const start of [1, 12345, 2 ** 32 - 1, 2 ** 40 + 3]) {
      let cursor = start;
      let calls = 0;
      do cursor = dict.scan(cursor, () => undefined);
      while (cursor !== 0 && ++calls < 1000);
      expect(cursor).toBe(0);
    }
    expect(newDict().scan(7, () => undefined)).toBe(0);
  });

  it('lets the entry just given be removed while all are gone through', () => {
    const dict = filled(500);
    const seen: string[] = [];
    for (const entry of dict.entries()) {
      seen.push(entry.key);
      dict.remove(entry.key);
    }
    expect(new Set(seen).size).toBe(500);
    expect(dict.size).toBe(0);
    dict.insert(item('after'));
    expect(dict.find('after')).toBeDefined();
    expect(dict.find('key:1')).toBeUndefined();
  });

  it('goes on moving entries after a look through them was left early', () => {
    const dict = filled(513);
    expect(dict.rehashing).toBe(true);
    for (const _ of dict.entries()) break;
    settle(dict);
    expect(dict.rehashing).toBe(false);
  });

  it('chooses at random so that all have a similar chance', () => {
    const dict = filled(64);
    const random = seededRandom(3);
    const counts = new Map<string, number>();
    for (let i = 0; i < 64_000; i++) {
      const key = dict.random(random)?.key ?? '';
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(64);
    expect(Math.min(...counts.values())).toBeGreaterThan(300);
    expect(Math.max(...counts.values())).toBeLessThan(3000);
  });

  it('finds the last ones of a table that was large', () => {
    const dict = filled(4096);
    settle(dict);
    const iteration = dict.entries();
    iteration.next();
    for (let i = 1; i < 4096; i++) dict.remove(`key:${i}`);
    expect(dict.bucketCount).toBeGreaterThan(4000);
    expect(dict.random(seededRandom(5))?.key).toBe('key:0');
    expect(dict.sample(10, seededRandom(5)).length).toBeLessThanOrEqual(1);
    iteration.return?.();
    expect(newDict().random(seededRandom(1))).toBeUndefined();
  });

  it('is empty after clear, and can be filled again', () => {
    const dict = filled(100);
    dict.clear();
    expect([...dict.entries()]).toEqual([]);
    expect(dict.find('key:1')).toBeUndefined();
    dict.insert(item('a'));
    expect(dict.find('a')?.key).toBe('a');
  });
});
