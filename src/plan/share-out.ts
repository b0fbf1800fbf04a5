/** Owns the sharing out of slots that nobody has among masters, so that all come to about as many. Pure. */
import type { ClusterNode } from '../cluster/topology.ts';

/** Each slot with its taker, in runs that are as long as can be: those with the fewest slots get the most. */
export function shareOut(
  slots: readonly number[],
  masters: readonly ClusterNode[],
): ReadonlyMap<number, ClusterNode> {
  const takers = new Map<number, ClusterNode>();
  const sorted = [...masters].sort((a, b) => a.slotCount - b.slotCount);
  const quotas = quotasOf(
    slots.length,
    sorted.map(({ slotCount }) => slotCount),
  );
  let at = 0;
  for (const [index, node] of sorted.entries()) {
    const quota = quotas[index] ?? 0;
    for (const slot of slots.slice(at, at + quota)) takers.set(slot, node);
    at += quota;
  }
  return takers;
}

/** How many each gets, for counts that ascend: the lowest are filled up to one level. */
function quotasOf(count: number, levels: readonly number[]): number[] {
  let filled = levels.length;
  // Those above the common level get nothing.
  while (filled > 1 && levelOf(count, levels.slice(0, filled)) < (levels[filled - 1] ?? 0)) filled--;
  const low = levels.slice(0, filled);
  const level = Math.floor(levelOf(count, low));
  const quotas = low.map((has) => Math.max(0, level - has));
  let left = count - quotas.reduce((sum, quota) => sum + quota, 0);
  for (let index = 0; left > 0 && quotas.length > 0; index = (index + 1) % quotas.length, left--) {
    quotas[index] = (quotas[index] ?? 0) + 1;
  }
  return quotas;
}

function levelOf(count: number, levels: readonly number[]): number {
  return (count + levels.reduce((sum, has) => sum + has, 0)) / levels.length;
}
