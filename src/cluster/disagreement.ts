/**
 * Owns the finding of disagreements about slots: each slot to whom each view gives it, put together into ranges
 * about which the same nodes say the same.
 */
import { SLOT_COUNT } from '../protocol/slots/key-slot.ts';
import { formatRanges, rangesOf } from '../protocol/slots/slot-set.ts';
import type { Finding } from './health.ts';
import {
  allAgreeAboutSlots,
  type ClusterNode,
  mastersOf,
  type NodeView,
  nameOfId,
  nameOfNode,
  type Topology,
  viewsOf,
} from './topology.ts';

export function findDisagreements(topology: Topology): Finding[] {
  const views = viewsOf(topology);
  if (allAgreeAboutSlots(views)) return [];
  const owners = views.map(ownersSeenBy);
  const groups = new Map<string, { opinions: readonly (string | undefined)[]; slots: number[] }>();
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const opinions = owners.map((seen) => seen[slot]);
    if (opinions.every((opinion) => opinion === opinions[0])) continue;
    const key = opinions.join();
    const group = groups.get(key) ?? { opinions, slots: [] };
    group.slots.push(slot);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ opinions, slots }) => {
    const ranges = rangesOf(slots);
    return {
      kind: 'disagreement',
      severity: 'error',
      message: `Nodes disagree about slots ${formatRanges(ranges, ',')}: ${whoSaysWhat(topology, views, opinions)}.`,
      nodes: views.map(({ id }) => id),
      slots: ranges,
    };
  });
}

/**
 * Views differ, but what some know already the others will hear: a slot that two masters claim, as right after a
 * failover, goes to the one with the greater epoch, unless the other imports it, and so is deaf to claims.
 */
export function isSpreading(topology: Topology): boolean {
  if (allAgreeAboutSlots(viewsOf(topology))) return false;
  const claimants = new Map<number, ClusterNode>();
  // From the greatest epoch on: who comes second hears of the first.
  for (const master of mastersOf(topology).sort((a, b) => b.configEpoch - a.configEpoch)) {
    const importing = new Set(master.importing.map(({ slot }) => slot));
    for (const { first, last } of master.slots) {
      for (let slot = first; slot <= last; slot++) {
        const winner = claimants.get(slot);
        if (winner === undefined) claimants.set(slot, master);
        else if (winner.configEpoch === master.configEpoch || importing.has(slot)) return false;
      }
    }
  }
  return true;
}

/** The id of the owner of each slot, as one node sees it. */
function ownersSeenBy({ lines }: NodeView): (string | undefined)[] {
  const owners: (string | undefined)[] = new Array(SLOT_COUNT).fill(undefined);
  for (const { id, slots } of lines) {
    for (const { first, last } of slots) owners.fill(id, first, last + 1);
  }
  return owners;
}

function whoSaysWhat(
  topology: Topology,
  views: readonly NodeView[],
  opinions: readonly (string | undefined)[],
): string {
  const byOwner = new Map<string | undefined, string[]>();
  for (const [index, view] of views.entries()) {
    const sayers = byOwner.get(opinions[index]) ?? [];
    sayers.push(nameOfNode(view));
    byOwner.set(opinions[index], sayers);
  }
  return [...byOwner]
    .map(([owner, sayers]) => {
      const name = owner === undefined ? "nobody's" : `of ${nameOfId(topology, owner)}`;
      return `${name} according to ${sayers.join(', ')}`;
    })
    .join('; ');
}
