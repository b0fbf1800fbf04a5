import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatRanges, rangesOf, SlotSet } from '../../../src/protocol/slots/slot-set.ts';

const slots = fc.array(fc.integer({ min: 0, max: 16383 }), { maxLength: 200 });

describe('SlotSet', () => {
  it('behaves as a set of numbers', () => {
    fc.assert(
      fc.property(slots, slots, (added, removed) => {
        const model = new Set<number>();
        const set = new SlotSet();
        for (const slot of added) {
          expect(set.add(slot)).toBe(!model.has(slot));
          model.add(slot);
        }
        for (const slot of removed) expect(set.delete(slot)).toBe(model.delete(slot));
        expect(set.size).toBe(model.size);
        expect([...set]).toEqual([...model].sort((a, b) => a - b));
      }),
    );
  });

  it('comes back from its bitmap and from its ranges', () => {
    fc.assert(
      fc.property(slots, (members) => {
        const set = new SlotSet(members);
        expect(SlotSet.fromBitmap(set.bitmap).equals(set)).toBe(true);
        expect(SlotSet.fromRanges(set.ranges()).equals(set)).toBe(true);
        expect(SlotSet.fromBitmap(set.bitmap).size).toBe(set.size);
      }),
    );
  });

  it('uses the bit order of the cluster bus', () => {
    expect([...new SlotSet([0, 9, 16383]).bitmap.entries()].filter(([, byte]) => byte !== 0)).toEqual([
      [0, 1],
      [1, 2],
      [2047, 128],
    ]);
  });

  it('writes ranges as CLUSTER NODES does', () => {
    expect(new SlotSet([5, 0, 1, 2, 16383, 16382]).toString()).toBe('0-2 5 16382-16383');
    expect(formatRanges(rangesOf([]))).toBe('');
  });

  it('refuses what is no slot', () => {
    for (const slot of [-1, 16384, 1.5, Number.NaN]) expect(() => new SlotSet([slot])).toThrow(RangeError);
    expect(() => SlotSet.fromBitmap(new Uint8Array(2047))).toThrow(RangeError);
  });

  it('a copy is independent', () => {
    const set = new SlotSet([1]);
    const copy = set.copy();
    copy.add(2);
    expect([...set]).toEqual([1]);
  });
});
