/**
 * Owns the choice of the slots that one master gives to another, so that few ranges are left: first what joins on to
 * ranges of the target, then whole ranges, and at most one range is cut. Pure. Loads are of any unit: slots, keys,
 * bytes.
 */
import { SLOT_COUNT } from '../protocol/slots/key-slot.ts';
import { rangesOf, type SlotRange, type SlotSet } from '../protocol/slots/slot-set.ts';

/** What each slot counts, by its number. */
export type SlotLoads = ArrayLike<number>;

export interface Wanted {
  /** The slots come to at least this, where they can. */
  readonly load: number;
  /** And never to more than this. */
  readonly most: number;
}

/** Sums of fractions are equal when they differ by no more. */
export const tolerance = 1e-6;

interface Run {
  readonly slots: readonly number[];
  readonly load: number;
}

/** Takes the slots out of `own` and puts them into `targetOwn`; returns them, ascending. */
export function pickSlots(own: SlotSet, targetOwn: SlotSet, loads: SlotLoads, wanted: Wanted): number[] {
  const picked: number[] = [];
  let left = wanted;
  const take = ({ slots, load }: Run): void => {
    for (const slot of slots) {
      own.delete(slot);
      targetOwn.add(slot);
      picked.push(slot);
    }
    left = { load: left.load - load, most: left.most - load };
  };
  // A round ends early where a slot is too heavy for what is left: the next one goes around it.
  for (let before = -1; left.load > tolerance && picked.length > before; ) {
    before = picked.length;
    for (const { range, end } of joining(own, targetOwn, loads, left.most))
      takeFrom(range, end, loads, left, take);
    const wholes = rangesOf(light(own, loads, left.most)).map((range) => whole(range, loads));
    wholes.sort((a, b) => b.load - a.load);
    for (const run of wholes) if (run.load > 0 && run.load <= left.load + tolerance) take(run);
    // What is cut is cut from the heaviest: that leaves the longest pieces.
    const [heaviest] = rangesOf(light(own, loads, left.most)).sort(
      (a, b) => loadIn(b, loads) - loadIn(a, loads),
    );
    if (heaviest !== undefined) takeFrom(heaviest, 'low', loads, left, take);
  }
  return picked.sort((a, b) => a - b);
}

type End = 'low' | 'high';

/** Ranges that have the target's slots at one end. */
function joining(
  own: SlotSet,
  targetOwn: SlotSet,
  loads: SlotLoads,
  most: number,
): { readonly range: SlotRange; readonly end: End }[] {
  return rangesOf(light(own, loads, most)).flatMap((range) => {
    if (range.first > 0 && targetOwn.has(range.first - 1)) return { range, end: 'low' as const };
    if (range.last < SLOT_COUNT - 1 && targetOwn.has(range.last + 1)) return { range, end: 'high' as const };
    return [];
  });
}

function* light(own: SlotSet, loads: SlotLoads, most: number): Iterable<number> {
  for (const slot of own) if (loadOf(loads, slot) <= most + tolerance) yield slot;
}

/** From one end of a range on, until there is enough or the next would be too much; nothing if that is without load. */
function takeFrom(
  { first, last }: SlotRange,
  end: End,
  loads: SlotLoads,
  wanted: Wanted,
  take: (run: Run) => void,
): void {
  const slots: number[] = [];
  let sum = 0;
  /** How many slots there are up to the last one with a load: empty ones behind it are left where they are. */
  let used = 0;
  for (let index = 0; index <= last - first && wanted.load - sum > tolerance; index++) {
    const slot = end === 'low' ? first + index : last - index;
    const load = loadOf(loads, slot);
    if (sum + load > wanted.most + tolerance) break;
    slots.push(slot);
    sum += load;
    if (load > 0) used = slots.length;
  }
  if (used > 0) take({ slots: slots.slice(0, used), load: sum });
}

function whole(range: SlotRange, loads: SlotLoads): Run {
  const slots = Array.from({ length: range.last - range.first + 1 }, (_, index) => range.first + index);
  return { slots, load: loadIn(range, loads) };
}

function loadIn({ first, last }: SlotRange, loads: SlotLoads): number {
  let sum = 0;
  for (let slot = first; slot <= last; slot++) sum += loadOf(loads, slot);
  return sum;
}

export function loadOf(loads: SlotLoads, slot: number): number {
  return loads[slot] ?? 0;
}
