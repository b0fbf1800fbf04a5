/**
 * Owns the finding of disagreements about slots: each slot to whom each view gives it, put together into ranges
 * about which the same nodes say the same.
 */
import { SLOT_COUNT } from '../protocol/slots/key-slot.ts';
import { formatRanges, rangesOf } from '../protocol/slots/slot-set.ts';
import type { Finding } from './health.ts';
import {
  allAgreeAboutSlots,
  mastersOf,
  type NodeView,
  nameOfId,
  nameOfNode,
  slotOwners,
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

/** Views differ, but no two masters claim the same slot: what some know already, the others will hear. */
export function isSpreading(topology: Topology): boolean {
  if (allAgreeAboutSlots(viewsOf(topology))) return false;
  const claimed = mastersOf(topology).reduce((sum, { slotCount }) => sum + slotCount, 0);
  return claimed === slotOwners(topology).filter((owner) => owner !== undefined).length;
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
