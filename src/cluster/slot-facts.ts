/**
 * Owns what is known about slots beyond CLUSTER NODES: how many keys each master holds in slots that are in doubt, and
 * which slots are. Pure: execute/slot-facts.ts asks.
 */
import { SLOT_COUNT } from '../protocol/slots/key-slot.ts';
import { SlotSet } from '../protocol/slots/slot-set.ts';
import { allAgreeAboutSlots, type ClusterNode, mastersOf, type Topology, viewsOf } from './topology.ts';

export interface SlotFacts {
  /** Keys by slot and then by the id of the master that holds them; none where there are none. */
  readonly keys: ReadonlyMap<number, ReadonlyMap<string, number>>;
}

const noKeys: ReadonlyMap<string, number> = new Map();

/** The masters, by id, that hold keys of the slot, with how many. */
export function holdersOf({ keys }: SlotFacts, slot: number): ReadonlyMap<string, number> {
  return keys.get(slot) ?? noKeys;
}

/** The masters that were asked: what they say of themselves decides who claims a slot. */
export function answeringMasters(topology: Topology): ClusterNode[] {
  return mastersOf(topology).filter(({ view }) => view !== undefined);
}

/** The masters that claim each slot for themselves, the one whose claim wins first. */
export function claimantsBySlot(topology: Topology): readonly (readonly ClusterNode[])[] {
  const claimants: ClusterNode[][] = Array.from({ length: SLOT_COUNT }, () => []);
  const masters = answeringMasters(topology).sort((a, b) => b.configEpoch - a.configEpoch);
  for (const node of masters) {
    for (const slot of SlotSet.fromRanges(node.slots)) claimants[slot]?.push(node);
  }
  return claimants;
}

/** Slots that are open, claimed by nobody or by several, or that a node gives to another than its claimant. */
export function slotsInDoubt(topology: Topology): SlotSet {
  const doubtful = new SlotSet();
  for (const { migrating, importing } of topology.nodes) {
    for (const { slot } of [...migrating, ...importing]) doubtful.add(slot);
  }
  const claimants = claimantsBySlot(topology);
  for (const [slot, { length }] of claimants.entries()) if (length !== 1) doubtful.add(slot);
  const views = viewsOf(topology);
  // Where all say the same, one stands for all.
  for (const { lines } of allAgreeAboutSlots(views) ? views.slice(0, 1) : views) {
    const seen: (string | undefined)[] = new Array(SLOT_COUNT).fill(undefined);
    for (const { id, slots } of lines) for (const { first, last } of slots) seen.fill(id, first, last + 1);
    for (const [slot, id] of seen.entries()) if (id !== claimants[slot]?.[0]?.id) doubtful.add(slot);
  }
  return doubtful;
}

/** Slots whose keys lie, all or in part, on masters that do not claim them, although one master does. */
export function slotsWithStrays(topology: Topology, facts: SlotFacts): SlotSet {
  const claimants = claimantsBySlot(topology);
  const strays = new SlotSet();
  for (const [slot, holders] of facts.keys) {
    const [owner, ...others] = claimants[slot] ?? [];
    if (owner === undefined || others.length > 0) continue;
    if ([...holders.keys()].some((id) => id !== owner.id)) strays.add(slot);
  }
  return strays;
}
