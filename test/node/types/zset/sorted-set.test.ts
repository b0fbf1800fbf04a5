import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../src/core/random.ts';
import { sortedSetType } from '../../../../src/node/types/zset/row.ts';
import { ScoreTree } from '../../../../src/node/types/zset/score-tree.ts';
import { SortedSet } from '../../../../src/node/types/zset/sorted-set.ts';
import { digestOf, throughRdb, valueHost } from '../../../helpers/values.ts';

const MAX_ENTRIES = 8;
const MAX_LENGTH = 6;
const host = valueHost({ 'zset-max-listpack-entries': MAX_ENTRIES, 'zset-max-listpack-value': MAX_LENGTH });

type Pair = readonly [member: string, score: number];

const inOrder = ([memberA, a]: Pair, [memberB, b]: Pair): number => {
  const isFirst = a === b ? memberA < memberB : a < b;
  return isFirst ? -1 : 1;
};

const sorted = (model: ReadonlyMap<string, number>): Pair[] => [...model].sort(inOrder);

const pairs = (set: SortedSet): Pair[] =>
  Array.from(set.members(), ({ key, score }) => [key, score] as const);

const member = fc.oneof(
  fc.constantFrom('', '0', '-1', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'longer than that'),
  fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);
const score = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.double({ noNaN: true }),
  fc.constantFrom(Infinity, -Infinity, 0, -0, 1e17, 2 ** 53),
);
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('set' as const), member, score }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), member }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('removeRange' as const), start: fc.nat(9), count: fc.nat(4) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('rdb' as const, 'copy' as const) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** A sorted set beside a Map, and whether it must be a hash table by now. */
class Both {
  set = new SortedSet(host);
  readonly model = new Map<string, number>();
  large = false;

  apply(op: Operation): void {
    const { set, model } = this;
    if (op.do === 'set') {
      const found = set.find(op.member);
      expect(found?.score).toBe(model.get(op.member));
      this.large ||= found === undefined && (model.size >= MAX_ENTRIES || op.member.length > MAX_LENGTH);
      if (found === undefined) set.add(op.member, op.score);
      else set.update(found, op.score);
      // A listpack has no negative zero.
      model.set(op.member, this.large ? op.score : op.score + 0);
    } else if (op.do === 'delete') {
      expect(set.delete(op.member)).toBe(model.delete(op.member));
    } else if (op.do === 'removeRange') {
      const expected = sorted(model).slice(op.start, op.start + op.count);
      expect(set.removeRange(op.start, op.count).map(({ key }) => key)).toEqual(expected.map(([key]) => key));
      for (const [key] of expected) model.delete(key);
    } else if (model.size > 0) this.#replace(op.do);
  }

  #replace(by: 'rdb' | 'copy'): void {
    const { set, model } = this;
    this.set = by === 'copy' ? set.copy() : throughRdb(sortedSetType, set, host);
    // Copied as it is; read anew by what is there.
    const fits = model.size <= MAX_ENTRIES && [...model.keys()].every((key) => key.length <= MAX_LENGTH);
    if (by === 'rdb') this.large = !fits;
    if (!this.large) for (const [key, value] of model) model.set(key, value + 0);
    else expect(digestOf(sortedSetType, this.set)).toBe(digestOf(sortedSetType, set));
    if (set.find('only there') === undefined) set.add('only there', 5);
  }

  check(): void {
    const { set, model } = this;
    const expected = sorted(model);
    expect(set.encoding).toBe(this.large ? 'skiplist' : 'listpack');
    expect(set.size).toBe(model.size);
    expect(pairs(set)).toEqual(expected);
    for (const [rank, [key, value]] of expected.entries()) {
      expect(set.rank(key)).toBe(rank);
      expect(set.score(key)).toBe(value);
    }
    expect(set.rank('never set')).toBeUndefined();
    const seen = new Map<string, string>();
    let cursor = 0;
    do cursor = set.scan(cursor, (key, text) => seen.set(key, text));
    while (cursor !== 0);
    expect(new Map([...seen].map(([key, text]) => [key, Number(text.replace('inf', 'Infinity'))]))).toEqual(
      model,
    );
  }
}

describe('a sorted set', () => {
  it('is like a sorted array, whatever becomes of its encoding, with RDB and copies in between', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const both = new Both();
        for (const op of operations) {
          both.apply(op);
          both.check();
        }
      }),
      { numRuns: 200 },
    );
  });

  it('gives every member to a scan that was there all the time, while others come and go', () => {
    const random = seededRandom(7);
    const set = SortedSet.from(
      host,
      Array.from({ length: 3000 }, (_, n) => ({ key: `m${n}`, score: random.below(100) })),
    );
    const kept = (key: string): boolean => Number(key.slice(1)) % 3 === 0;
    const seen = new Set<string>();
    let cursor = 0;
    let next = 3000;
    do {
      cursor = set.scan(cursor, (key) => seen.add(key));
      for (let i = 0; i < 3; i++) {
        const gone = `m${random.below(next)}`;
        if (!kept(gone)) set.delete(gone);
        const moved = set.find(`m${random.below(3000)}`);
        if (moved !== undefined) set.update(moved, random.below(100));
      }
      if (random.below(2) === 0) set.add(`m${next++}`, random.below(100));
    } while (cursor !== 0);
    for (let n = 0; n < 3000; n += 3) expect(seen.has(`m${n}`)).toBe(true);
  });

  it('is written anew by commands of a bounded length', () => {
    const members = Array.from({ length: 70 }, (_, n) => ({ key: `m${n}`, score: n / 2 }));
    const commands = [...sortedSetType.rewrite('k', SortedSet.from(host, members))];
    expect(commands.map((command) => command.length)).toEqual([130, 14]);
    expect(commands[0]?.slice(0, 6)).toEqual(['ZADD', 'k', '0', 'm0', '0.5', 'm1']);
  });
});

describe('the tree of scores', () => {
  interface Entry {
    readonly key: string;
    readonly score: number;
  }
  const precedes = (a: Entry, b: Entry): boolean =>
    a.score < b.score || (a.score === b.score && a.key < b.key);

  it('keeps thousands in order and counted, as they come in any order and go again', () => {
    const random = seededRandom(11);
    for (const pattern of ['ascending', 'descending', 'random', 'equal'] as const) {
      const scoreOf = (n: number): number =>
        pattern === 'equal' ? 1 : pattern === 'random' ? random.below(500) : pattern === 'ascending' ? n : -n;
      const entries = Array.from({ length: 6000 }, (_, n): Entry => ({ key: `k${n}`, score: scoreOf(n) }));
      const tree = pattern === 'random' ? ScoreTree.from(entries.slice(0, 3000)) : new ScoreTree<Entry>();
      for (const entry of entries.slice(tree.size)) tree.insert(entry);
      let left = entries.toSorted((a, b) => (precedes(a, b) ? -1 : 1));
      expect([...tree.entries()]).toEqual(left);
      // Down to nothing, in parts that empty nodes here and thin them there.
      while (left.length > 0) {
        const start = random.below(left.length);
        const gone = new Set(left.slice(start, start + 1 + random.below(300)));
        for (const entry of left) if (random.below(20) === 0) gone.add(entry);
        for (const entry of gone) tree.remove(entry);
        left = left.filter((entry) => !gone.has(entry));
        expect(tree.size).toBe(left.length);
        const rank = random.below(left.length + 1);
        expect(tree.slice(rank, 50)).toEqual(left.slice(rank, rank + 50));
        const at = left[rank];
        if (at === undefined) continue;
        expect(tree.countBefore((score, key) => precedes({ key, score }, at))).toBe(rank);
        expect(tree.findMember(at.key)).toBe(at);
      }
      expect([...tree.entries()]).toEqual([]);
      tree.insert({ key: 'again', score: 1 });
      expect(tree.slice(0, 5)).toEqual([{ key: 'again', score: 1 }]);
    }
  });
});
