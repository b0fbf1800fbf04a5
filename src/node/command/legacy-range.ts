/**
 * Owns the old way to tell where keys are, first key, last key and step, as derived from key specs, and whether it
 * does not tell all ("movablekeys"). Source: Redis server.c populateCommandLegacyRangeSpec.
 */
import type { CommandRow, KeySpec } from './row.ts';

export interface LegacyRange {
  readonly firstKey: number;
  /** Negative: counted from the end. */
  readonly lastKey: number;
  readonly step: number;
}

interface IndexRange {
  readonly first: number;
  /** Relative to `first`, or negative: counted from the end. */
  readonly last: number;
  readonly step: number;
}

function indexRange(spec: KeySpec): IndexRange | undefined {
  if (spec.begin.type !== 'index' || spec.find.type !== 'range') return undefined;
  return { first: spec.begin.index, last: spec.find.lastKey, step: spec.find.step };
}

/** Compared as unsigned numbers, so that a place counted from the end is the last. */
const furthest = (a: number, b: number): number => (a >>> 0 > b >>> 0 ? a : b);

function derive(row: CommandRow): { range: LegacyRange; movable: boolean } {
  const none = { firstKey: 0, lastKey: 0, step: 0 };
  const specs = row.keySpecs;
  let movable = row.flags.includes('movablekeys');
  if (specs.length === 0) return { range: none, movable };
  movable ||= specs.some((spec) => indexRange(spec) !== undefined && spec.flags.includes('incomplete'));
  const only = specs.length === 1 && specs[0] ? indexRange(specs[0]) : undefined;
  if (only) {
    const lastKey = only.last < 0 ? only.last : only.first + only.last;
    return { range: { firstKey: only.first, lastKey, step: only.step }, movable };
  }
  let firstKey = Number.POSITIVE_INFINITY;
  let lastKey = 0;
  let previousLast = 0;
  for (const spec of specs) {
    const range = indexRange(spec);
    if (range === undefined || range.step !== 1 || (previousLast !== 0 && previousLast !== range.first - 1)) {
      movable = true;
      continue;
    }
    firstKey = Math.min(firstKey, range.first);
    lastKey = furthest(lastKey, range.last < 0 ? range.last : range.first + range.last);
    previousLast = lastKey;
  }
  if (firstKey === Number.POSITIVE_INFINITY) return { range: none, movable: true };
  return { range: { firstKey, lastKey, step: 1 }, movable };
}

/** As COMMAND INFO shows it; all 0 without keys at fixed places. */
export function legacyRange(row: CommandRow): LegacyRange {
  return derive(row).range;
}

export function movableKeys(row: CommandRow): boolean {
  return derive(row).movable;
}
