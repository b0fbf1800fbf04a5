/**
 * Owns the estimate of a cardinality from how many registers have which count.
 * Source: Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", arXiv:1702.01284; Redis hyperloglog.c hllCount.
 */
import { MAX_COUNT, REGISTERS } from './hash.ts';

/** 1 / (2 ln 2). */
const ALPHA = 0.7213475204444817;

function sigma(part: number): number {
  if (part === 1) return Number.POSITIVE_INFINITY;
  let x = part;
  let y = 1;
  let z = part;
  let before: number;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (before !== z);
  return z;
}

function tau(part: number): number {
  if (part === 0 || part === 1) return 0;
  let x = part;
  let y = 1;
  let z = 1 - part;
  let before: number;
  do {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  } while (before !== z);
  return z / 3;
}

/**
 * `histogram[count]`: how many registers have that count (0 to 63). Registers that no element can have set may give
 * Infinity.
 */
export function estimate(histogram: ArrayLike<number>): number {
  const of = (count: number): number => histogram[count] as number;
  let z = REGISTERS * tau((REGISTERS - of(MAX_COUNT)) / REGISTERS);
  for (let count = MAX_COUNT - 1; count >= 1; count--) z = (z + of(count)) * 0.5;
  z += REGISTERS * sigma(of(0) / REGISTERS);
  return Math.round((ALPHA * REGISTERS * REGISTERS) / z);
}
