/**
 * Owns the plan that gives all slots of a master to the others, and the choice of who gets which: those with the fewest
 * are filled up first, all to the same level. Pure.
 */
import { type ClusterNode, mastersOf, nameOfNode, nodeById, type Topology } from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import { SLOT_COUNT } from '../protocol/slots/key-slot.ts';
import { rangesOf, SlotSet } from '../protocol/slots/slot-set.ts';
import { blockingMoves } from './blocking.ts';
import { pickSlots } from './pick-slots.ts';
import { type MoveOptions, type MoveSlots, PLAN_VERSION, type PlainPlan, refTo, type Step } from './plan.ts';

export interface DrainRequest {
  readonly nodeId: string;
  readonly options: MoveOptions;
}

/**
 * The topology is one with settings. Throws a TribError: "usage" when the node is no master, "unsafe" when nobody can
 * take its slots or something is wrong with the cluster.
 */
export function planDrain(topology: Topology, { nodeId, options }: DrainRequest): PlainPlan {
  const node = nodeById(topology, nodeId);
  if (node === undefined || node.role !== 'master')
    throw new TribError('usage', `${nodeId} is not the id of a master of the cluster.`);
  const moves = movesOff(topology, node);
  // It would follow whoever takes its last slot.
  const wouldFollow =
    moves.length > 0 && node.view?.settings?.get('cluster-allow-replica-migration') === 'yes';
  const around = (allow: boolean): Step[] =>
    wouldFollow ? [{ kind: 'replica-migration', node: refTo(node), allow }] : [];
  const reachable = topology.nodes.filter(({ view }) => view !== undefined);
  return {
    version: PLAN_VERSION,
    operation: 'drain',
    seed: topology.seed,
    options,
    steps: [
      ...around(false),
      ...moves,
      ...around(true),
      { kind: 'wait-agreement', nodes: reachable.map(refTo), roles: true },
    ],
  };
}

/** The moves that leave a master without slots; none when it has none. Throws a TribError ("unsafe"). */
export function movesOff(topology: Topology, source: ClusterNode): MoveSlots[] {
  if (source.slotCount === 0 && source.migrating.length === 0) return [];
  const shares = shareOut(source, takersBeside(topology, source));
  const blocking = blockingMoves(
    topology,
    shares.map(({ target }) => ({ source, target })),
  );
  if (blocking.length > 0) {
    throw new TribError(
      'unsafe',
      `*** Please fix your cluster problems before draining ${nameOfNode(source)}`,
      {
        hint: blocking.map(({ message }) => message).join('\n'),
      },
    );
  }
  return shares.map(({ target, slots }) => ({
    kind: 'move-slots',
    source: refTo(source),
    target: refTo(target),
    slots: rangesOf(slots),
  }));
}

/** A master without slots takes some only where there is no other: it may be on its way out as well. */
function takersBeside(topology: Topology, source: ClusterNode): ClusterNode[] {
  const able = mastersOf(topology).filter(
    ({ id, view, suspectedBy }) => id !== source.id && view !== undefined && suspectedBy.length === 0,
  );
  const serving = able.filter(({ slotCount }) => slotCount > 0);
  if (able.length === 0) {
    throw new TribError('unsafe', `There is no other master to take the slots of ${nameOfNode(source)}.`, {
      hint: 'Add a master first: trib add-node.',
    });
  }
  return serving.length > 0 ? serving : able;
}

interface Share {
  readonly target: ClusterNode;
  readonly slots: readonly number[];
}

/** Slots that are open towards a taker go there in any case. */
function shareOut(source: ClusterNode, takers: readonly ClusterNode[]): Share[] {
  const own = SlotSet.fromRanges(source.slots);
  const begun = takers.map(({ id }) =>
    source.migrating.filter(({ slot, nodeId }) => nodeId === id && own.delete(slot)).map(({ slot }) => slot),
  );
  const counts = takers.map(({ slotCount }, index) => slotCount + (begun[index]?.length ?? 0));
  const each = filledUp(counts, own.size);
  const loads = new Uint8Array(SLOT_COUNT).fill(1);
  return takers.flatMap((target, index) => {
    const load = each[index] ?? 0;
    const picked = pickSlots(own, SlotSet.fromRanges(target.slots), loads, { load, most: load });
    const slots = [...(begun[index] ?? []), ...picked].sort((a, b) => a - b);
    return slots.length === 0 ? [] : [{ target, slots }];
  });
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
