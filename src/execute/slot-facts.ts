/**
 * Owns the counting of keys where slots are in doubt: on every master that answers, in every such slot. Each master is
 * also asked about its own slots; where those do not account for all of its keys, about the rest. Reads only.
 */
import type { ClientPool } from '../client/pool.ts';
import { answeringMasters, type SlotFacts, slotsInDoubt } from '../cluster/slot-facts.ts';
import type { ClusterNode, Topology } from '../cluster/topology.ts';
import { SLOT_COUNT } from '../protocol/slots/key-slot.ts';
import { SlotSet } from '../protocol/slots/slot-set.ts';
import { countKeys } from './slot-keys.ts';

/** Questions in one write. */
const chunkSlots = 2048;

/**
 * `search`: keys of slots that are in order are looked for as well. Throws a TribError when a master that answered the
 * survey does not any more.
 */
export async function askSlotFacts(
  pool: ClientPool,
  topology: Topology,
  search: boolean,
): Promise<SlotFacts> {
  const doubtful = slotsInDoubt(topology);
  const keys = new Map<number, Map<string, number>>();
  await Promise.all(
    answeringMasters(topology).map(async (node) => {
      for (const [slot, count] of await countOn(pool, node, doubtful, search)) {
        const holders = keys.get(slot) ?? new Map<string, number>();
        holders.set(node.id, count);
        keys.set(slot, holders);
      }
    }),
  );
  return { keys };
}

/** Keys by slot, without empty slots. */
async function countOn(
  pool: ClientPool,
  node: ClusterNode,
  doubtful: SlotSet,
  search: boolean,
): Promise<ReadonlyMap<number, number>> {
  const found = new Map<number, number>();
  const total = node.view?.keyCount ?? 0;
  if (total === 0) return found;
  const first = doubtful.copy();
  if (search) for (const slot of SlotSet.fromRanges(node.slots)) first.add(slot);
  const counted = await countSlots(pool, node, [...first], found);
  if (!search || counted >= total) return found;
  const rest = Array.from({ length: SLOT_COUNT }, (_, slot) => slot).filter((slot) => !first.has(slot));
  await countSlots(pool, node, rest, found);
  return found;
}

/** Adds to `found`; returns how many keys there are. */
async function countSlots(
  pool: ClientPool,
  { address }: ClusterNode,
  slots: readonly number[],
  found: Map<number, number>,
): Promise<number> {
  let sum = 0;
  for (let at = 0; at < slots.length; at += chunkSlots) {
    const chunk = slots.slice(at, at + chunkSlots);
    const counts = await countKeys(pool.at(address), chunk);
    for (const [index, slot] of chunk.entries()) {
      const count = counts[index] ?? 0;
      if (count > 0) found.set(slot, count);
      sum += count;
    }
  }
  return sum;
}
