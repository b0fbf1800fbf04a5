import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../src/core/random.ts';
import { setType } from '../../../../src/node/types/set/row.ts';
import { MemberSet } from '../../../../src/node/types/set/set.ts';
import { digestOf, throughRdb, valueHost } from '../../../helpers/values.ts';

const host = valueHost({ 'set-max-intset-entries': 10 });

const isNumber = (text: string): boolean =>
  /^(?:0|-?[1-9]\d{0,18})$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
const bySize = (texts: Iterable<string>): string[] =>
  [...texts].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));

function setOf(count: number): MemberSet {
  const set = new MemberSet(host);
  for (let n = 0; n < count; n++) set.add(`${n}`);
  return set;
}

describe('a set', () => {
  it('is like a Set, whatever becomes of its encoding, with RDB and copies in between', () => {
    const number = fc.oneof(
      fc.integer({ min: -20, max: 20 }),
      fc.integer(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, -32768, 32767, 32768, 2n ** 63n - 1n, -(2n ** 63n)),
    );
    const member = fc.oneof(
      { weight: 15, arbitrary: number.map(String) },
      { weight: 1, arbitrary: fc.constantFrom('', '007', '-0', '+1', 'a', '9223372036854775808', '1.0') },
    );
    const operation = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), member }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), member }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('rdb' as const, 'copy' as const) }) },
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        let set = new MemberSet(host);
        const model = new Set<string>();
        let large = false;
        for (const op of operations) {
          if (op.do === 'add') {
            const isNew = !model.has(op.member);
            model.add(op.member);
            expect(set.add(op.member)).toBe(isNew);
            large ||= model.size > 10 || !isNumber(op.member);
          } else if (op.do === 'delete') {
            expect(set.delete(op.member)).toBe(model.delete(op.member));
          } else if (model.size > 0) {
            const before = set;
            set = op.do === 'copy' ? set.copy() : throughRdb(setType, set, host);
            // Copied as it is; read anew by what is there.
            if (op.do === 'rdb') large = model.size > 10 || ![...model].every(isNumber);
            expect(digestOf(setType, set)).toBe(digestOf(setType, before));
            before.add('only there');
          }
          expect(set.encoding).toBe(large ? 'hashtable' : 'intset');
          expect(set.size).toBe(model.size);
          if (large) expect([...set].sort()).toEqual([...model].sort());
          else expect([...set]).toEqual(bySize(model));
          for (const each of model) expect(set.has(each)).toBe(true);
          expect(set.has('never added')).toBe(false);
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each([7, 300])(
    'of %i members is scanned whole, and gives each at random with the same chance',
    (count) => {
      const set = setOf(count);
      const visited = new Set<string>();
      let cursor = 0;
      do cursor = set.scan(cursor, (member) => visited.add(member));
      while (cursor !== 0);
      expect(visited.size).toBe(count);
      const random = seededRandom(9);
      const seen = new Map<string, number>();
      for (let i = 0; i < count * 100; i++) {
        const member = set.random(random);
        seen.set(member, (seen.get(member) ?? 0) + 1);
      }
      let chiSquare = 0;
      for (const member of visited) chiSquare += ((seen.get(member) ?? 0) - 100) ** 2 / 100;
      // Of `count` - 1 degrees of freedom: six deviations above what is to be expected.
      expect(chiSquare).toBeLessThan(count + 6 * Math.sqrt(2 * count));
    },
  );

  it('is rewritten as commands of at most 64 members', () => {
    const commands = [...setType.rewrite('k', setOf(130))];
    expect(commands.map((command) => command.length)).toEqual([66, 66, 4]);
    expect(commands.every(([name, key]) => name === 'SADD' && key === 'k')).toBe(true);
    expect(new Set(commands.flatMap((command) => command.slice(2))).size).toBe(130);
  });

  it('takes more memory the more it holds', () => {
    const large = setOf(2000).memoryBytes;
    expect(setOf(3).memoryBytes).toBeLessThan(500);
    expect(large).toBeGreaterThan(2000 * 40);
    expect(large).toBeLessThan(2000 * 200);
  });
});
