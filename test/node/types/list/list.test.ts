import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHUNK_SIZE } from '../../../../src/node/types/list/chunk.ts';
import { List } from '../../../../src/node/types/list/list.ts';
import { listType } from '../../../../src/node/types/list/row.ts';
import { digestOf, throughRdb, valueHost } from '../../../helpers/values.ts';

const host = valueHost({});

function listOf(elements: Iterable<string>): List {
  const list = new List();
  for (const element of elements) list.pushTail(element);
  return list;
}

/** Few different ones, so that some are equal. */
const element = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'c', '12', '-1', '9223372036854775807', 'x'.repeat(70)),
  fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);
/** Of many elements at a time: chunks fill, split and join. */
const many = fc.record({ element, count: fc.nat({ max: 3 * CHUNK_SIZE }) });
/** A place among those that there are, as a part of one. */
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

const operation = fc.oneof(
  fc.record({ do: fc.constantFrom('pushHead' as const, 'pushTail' as const), many }),
  fc.record({ do: fc.constantFrom('popHead' as const, 'popTail' as const), count: fc.nat({ max: 200 }) }),
  fc.record({ do: fc.constantFrom('insert' as const, 'set' as const), place, element }),
  fc.record({ do: fc.constant('removeRange' as const), place, part: place }),
  fc.record({
    do: fc.constant('removeEqual' as const),
    element,
    limit: fc.nat({ max: 300 }),
    back: fc.boolean(),
  }),
  fc.record({ do: fc.constantFrom('rdb' as const, 'copy' as const) }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** The same on the list and on an array; the list that goes on. */
function apply(list: List, model: string[], op: Operation): List {
  switch (op.do) {
    case 'pushHead':
    case 'pushTail':
      for (let i = 0; i < op.many.count; i++) {
        // Different ones among equal ones.
        const pushed = i % 3 === 0 ? String(i) : op.many.element;
        list[op.do](pushed);
        if (op.do === 'pushHead') model.unshift(pushed);
        else model.push(pushed);
      }
      return list;
    case 'popHead':
    case 'popTail':
      for (let i = Math.min(op.count, model.length); i > 0; i--)
        expect(list[op.do]()).toBe(op.do === 'popHead' ? model.shift() : model.pop());
      return list;
    case 'insert': {
      const index = Math.floor(op.place * (model.length + 1));
      list.insert(index, op.element);
      model.splice(index, 0, op.element);
      return list;
    }
    case 'set': {
      if (model.length === 0) return list;
      const index = Math.floor(op.place * model.length);
      list.set(index, op.element);
      model[index] = op.element;
      return list;
    }
    case 'removeRange': {
      const start = Math.floor(op.place * model.length);
      const count = Math.floor(op.part * (model.length - start + 1));
      list.removeRange(start, count);
      model.splice(start, count);
      return list;
    }
    case 'removeEqual': {
      let removed = 0;
      while (removed < op.limit) {
        const at = op.back ? model.lastIndexOf(op.element) : model.indexOf(op.element);
        if (at < 0) break;
        model.splice(at, 1);
        removed++;
      }
      expect(list.removeEqual(op.element, op.limit, op.back)).toBe(removed);
      return list;
    }
    case 'rdb':
    case 'copy': {
      if (model.length === 0) return list;
      const other = op.do === 'copy' ? list.copy() : throughRdb(listType, list, host);
      expect(digestOf(listType, other)).toBe(digestOf(listType, list));
      list.pushHead('only there');
      return other;
    }
  }
}

describe('a list', () => {
  it('is like an array, with RDB and copies in between', () => {
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 25 }),
        fc.array(place, { maxLength: 5 }),
        (operations, places) => {
          let list = new List();
          const model: string[] = [];
          for (const op of operations) {
            list = apply(list, model, op);
            expect(list.size).toBe(model.length);
            for (const each of places) {
              const index = Math.floor(each * model.length);
              expect(list.at(index)).toBe(model[index]);
              expect(list.slice(index, Math.min(200, model.length - index))).toEqual(
                model.slice(index, index + 200),
              );
            }
          }
          expect([...list.elements()]).toEqual(model);
          expect(list.at(model.length)).toBeUndefined();
          expect(list.at(-1)).toBeUndefined();
        },
      ),
      { numRuns: 150 },
    );
  });

  it('finds an element as often as it is there, from both ends, among so many only', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 400 }),
        fc.nat({ max: 420 }),
        (model, limit) => {
          const list = listOf(model);
          const all = model.flatMap((each, index) => (each === 'a' ? [index] : []));
          expect([...list.placesOf('a', limit)]).toEqual(all.filter((index) => index < limit));
          expect([...list.lastPlacesOf('a', limit)]).toEqual(
            all.filter((index) => index >= model.length - limit).reverse(),
          );
        },
      ),
    );
  });

  it('is a queue for ever', () => {
    const list = listOf(['0', '1']);
    let wrong = 0;
    for (let i = 2; i < 100_000; i++) {
      list.pushTail(String(i));
      if (list.popHead() !== String(i - 2)) wrong++;
    }
    expect(wrong).toBe(0);
    expect([...list.elements()]).toEqual(['99998', '99999']);
  });

  it('is written anew by commands of a bounded length', () => {
    const list = listOf(Array.from({ length: 150 }, (_, i) => String(i)));
    const commands = [...listType.rewrite('k', list)];
    expect(commands.map((command) => command.length)).toEqual([66, 66, 24]);
    expect(commands.flatMap((command) => command.slice(2))).toEqual([...list.elements()]);
    expect(commands.every(([name, key]) => name === 'RPUSH' && key === 'k')).toBe(true);
  });

  it('takes more memory the more it holds', () => {
    const [short, long] = [listOf(['a']), listOf(Array.from({ length: 1000 }, () => 'x'.repeat(100)))];
    expect(short.memoryBytes).toBeLessThan(400);
    expect(long.memoryBytes).toBeGreaterThan(100_000);
    expect(long.memoryBytes).toBeLessThan(300_000);
  });
});
