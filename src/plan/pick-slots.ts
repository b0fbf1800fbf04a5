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
export function pickSlots(
  own: SlotSet,
  targetOwn: SlotSet,
  loads: SlotLoads,
  { load, most }: Wanted,
): number[] {
  const picked: number[] = [];
  let sum = 0;
  while (load - sum > tolerance) {
    const left: Wanted = { load: load - sum, most: most - sum };
    const run = bestRun(own, targetOwn, loads, left);
    if (run === undefined) break;
    for (const slot of run.slots) {
      own.delete(slot);
      targetOwn.add(slot);
      picked.push(slot);
    }
    sum += run.load;
  }
  return picked.sort((a, b) => a - b);
}

function bestRun(own: SlotSet, targetOwn: SlotSet, loads: SlotLoads, wanted: Wanted): Run | undefined {
  // A slot that is too heavy stays, and parts what is around it.
  const ranges = rangesOf(light(own, loads, wanted.most));
  const atTarget = ranges.flatMap((range) => {
    if (range.first > 0 && targetOwn.has(range.first - 1)) return takeFrom(range, 'low', loads, wanted);
    if (range.last < SLOT_COUNT - 1 && targetOwn.has(range.last + 1))
      return takeFrom(range, 'high', loads, wanted);
    return [];
  });
  const joining = heaviest(atTarget);
  if (joining !== undefined) return joining;
  const wholes = ranges.map((range) => whole(range, loads));
  const fitting = heaviest(wholes.filter((run) => run.load <= wanted.load + tolerance));
  // What is cut is cut from the heaviest: that leaves the longest pieces.
  const cut = heaviest(wholes.filter((run) => run.load > wanted.load + tolerance));
  if (fitting !== undefined && (cut === undefined || fitting.load > 0)) return fitting;
  const range = rangesOf(cut?.slots ?? [])[0];
  return range === undefined ? undefined : heaviest(takeFrom(range, 'low', loads, wanted));
}

function* light(own: SlotSet, loads: SlotLoads, most: number): Iterable<number> {
  for (const slot of own) if (loadOf(loads, slot) <= most + tolerance) yield slot;
}

/** From one end of a range on, until there is enough or the next would be too much; nothing if that is without load. */
function takeFrom({ first, last }: SlotRange, end: 'low' | 'high', loads: SlotLoads, wanted: Wanted): Run[] {
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
  return used === 0 ? [] : [{ slots: slots.slice(0, used), load: sum }];
}

function whole({ first, last }: SlotRange, loads: SlotLoads): Run {
  const slots = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return { slots, load: slots.reduce((sum, slot) => sum + loadOf(loads, slot), 0) };
}

/** Undefined where none has a load. */
function heaviest(runs: readonly Run[]): Run | undefined {
  const best = runs.reduce<Run | undefined>(
    (found, run) => (found === undefined || run.load > found.load ? run : found),
    undefined,
  );
  return best === undefined || best.load <= 0 ? undefined : best;
}

export function loadOf(loads: SlotLoads, slot: number): number {
  return loads[slot] ?? 0;
}
