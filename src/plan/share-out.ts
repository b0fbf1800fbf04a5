/** Owns the sharing out of slots among masters, so that all come to about as many. Pure. */
import type { ClusterNode } from '../cluster/topology.ts';

/** Slots that nobody has, each with its taker, in runs that are as long as can be: those with the fewest get the most. */
export function shareOut(
  slots: readonly number[],
  masters: readonly ClusterNode[],
): ReadonlyMap<number, ClusterNode> {
  const takers = new Map<number, ClusterNode>();
  const sorted = [...masters].sort((a, b) => a.slotCount - b.slotCount);
  const quotas = filledUp(
    sorted.map(({ slotCount }) => slotCount),
    slots.length,
  );
  let at = 0;
  for (const [index, node] of sorted.entries()) {
    const quota = quotas[index] ?? 0;
    for (const slot of slots.slice(at, at + quota)) takers.set(slot, node);
    at += quota;
  }
  return takers;
}

/** How many of `amount` each gets, so that those with the fewest are level in the end. The sum is `amount`. */
export function filledUp(counts: readonly number[], amount: number): number[] {
  const order = counts.map((_, index) => index).sort((a, b) => (counts[a] ?? 0) - (counts[b] ?? 0));
  let [sum, sharing] = [0, 0];
  for (const index of order) {
    const count = counts[index] ?? 0;
    // Whoever has more than the level without it gets nothing.
    if (sharing > 0 && count * sharing >= sum + amount) break;
    sum += count;
    sharing++;
  }
  const level = Math.floor((sum + amount) / Math.max(1, sharing));
  const over = sum + amount - level * sharing;
  const given = counts.map(() => 0);
  for (const [place, index] of order.slice(0, sharing).entries()) {
    given[index] = level - (counts[index] ?? 0) + (place < over ? 1 : 0);
  }
  return given;
}
