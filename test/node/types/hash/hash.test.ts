import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../src/core/random.ts';
import { Hash } from '../../../../src/node/types/hash/hash.ts';
import { hashType } from '../../../../src/node/types/hash/row.ts';
import { digestOf, throughRdb, valueHost } from '../../../helpers/values.ts';

const host = valueHost({ 'hash-max-listpack-entries': 8, 'hash-max-listpack-value': 6 });

const sorted = (entries: Iterable<readonly [string, string]>): (readonly [string, string])[] =>
  [...entries].sort(([a], [b]) => (a < b ? -1 : 1));

/** A large one of fields f0, f1 ... */
function tableOf(count: number): Hash {
  const hash = new Hash(host);
  for (let n = 0; n < count; n++) hash.set(`f${n}`, `v${n}`);
  return hash;
}

function scanAll(hash: Hash, between: (visited: ReadonlySet<string>) => void = () => {}): Set<string> {
  const visited = new Set<string>();
  let cursor = 0;
  do {
    cursor = hash.scan(cursor, (field) => visited.add(field));
    between(visited);
  } while (cursor !== 0);
  return visited;
}

describe('a hash', () => {
  it('is like a Map, whatever becomes of its encoding, with RDB and copies in between', () => {
    const text = fc.oneof(
      fc.constantFrom('', '0', '-1', '12345', '9223372036854775807', 'a', 'b', 'c'),
      fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    );
    const operation = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('set' as const), field: text, value: text }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), field: text }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('rdb' as const, 'copy' as const) }) },
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        let hash = new Hash(host);
        let model = new Map<string, string>();
        let large = false;
        for (const op of operations) {
          if (op.do === 'set') {
            const isNew = !model.has(op.field);
            model.set(op.field, op.value);
            expect(hash.set(op.field, op.value)).toBe(isNew);
            large ||= model.size > 8 || op.field.length > 6 || op.value.length > 6;
          } else if (op.do === 'delete') {
            expect(hash.delete(op.field)).toBe(model.delete(op.field));
          } else if (model.size > 0) {
            const before = hash;
            hash = op.do === 'copy' ? hash.copy() : throughRdb(hashType, hash, host);
            // Copied as it is; read anew by what is there.
            const fits = model.size <= 8 && [...model].flat().every((each) => each.length <= 6);
            if (op.do === 'rdb' && large && fits) {
              large = false;
              // In the order of the table that was written.
              expect(sorted(hash.entries())).toEqual(sorted(model));
              model = new Map(hash.entries());
            }
            expect(digestOf(hashType, hash)).toBe(digestOf(hashType, before));
            before.set('only there', 'x');
          }
          expect(hash.encoding).toBe(large ? 'hashtable' : 'listpack');
          expect(hash.size).toBe(model.size);
          if (large) expect(sorted(hash.entries())).toEqual(sorted(model));
          else expect([...hash.entries()]).toEqual([...model]);
          for (const [field, value] of model) expect(hash.get(field)).toBe(value);
          expect(hash.get('never set')).toBeUndefined();
          expect(scanAll(hash)).toEqual(new Set(model.keys()));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('gives every field to a scan that was there all the time, while others come and go', () => {
    const random = seededRandom(42);
    const hash = tableOf(3000);
    const kept = (field: string): boolean => Number(field.slice(1)) % 3 === 0;
    let next = 3000;
    const visited = scanAll(hash, () => {
      for (let i = 0; i < 4; i++) {
        const field = `f${random.below(3000)}`;
        if (!kept(field)) hash.delete(field);
        if (random.below(3) === 0) hash.set(`g${next++}`, 'x');
      }
    });
    for (let n = 0; n < 3000; n += 3) expect(visited.has(`f${n}`)).toBe(true);
  });

  it.each([5, 200])('of %i fields gives each at random with the same chance', (count) => {
    const pick = tableOf(count).fieldSampler(seededRandom(5));
    const seen = new Map<string, number>();
    const picks = count * 100;
    for (let i = 0; i < picks; i++) {
      const field = pick();
      seen.set(field, (seen.get(field) ?? 0) + 1);
    }
    let chiSquare = 0;
    for (let n = 0; n < count; n++) chiSquare += ((seen.get(`f${n}`) ?? 0) - 100) ** 2 / 100;
    // Of `count` - 1 degrees of freedom: six deviations above what is to be expected.
    expect(chiSquare).toBeLessThan(count + 6 * Math.sqrt(2 * count));
  });

  it('is rewritten as commands of at most 64 fields', () => {
    const commands = [...hashType.rewrite('k', tableOf(150))];
    expect(commands.map((command) => command.length)).toEqual([130, 130, 46]);
    expect(commands.every(([name, key]) => name === 'HMSET' && key === 'k')).toBe(true);
    expect(new Set(commands.flatMap((command) => command.slice(2))).size).toBe(300);
  });

  it('takes more memory the more it holds', () => {
    const small = tableOf(2).memoryBytes;
    const large = tableOf(2000).memoryBytes;
    expect(small).toBeGreaterThan(100);
    expect(large).toBeGreaterThan(2000 * 60);
    expect(large).toBeLessThan(2000 * 300);
  });

  it('keeps what came packed in a listpack, however long its texts are', () => {
    const entries = new Map([['field', 'a long value']]);
    const read = { type: 'hash', size: 1, entries } as const;
    expect(hashType.fromRdb(read, host)?.encoding).toBe('hashtable');
    expect(hashType.fromRdb({ ...read, packed: true }, host)?.encoding).toBe('listpack');
    expect(hashType.fromRdb('text', host)).toBeUndefined();
  });
});
