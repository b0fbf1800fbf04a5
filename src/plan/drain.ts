/**
 * Owns the plan that gives all slots of a master to the others, and the choice of who gets which: those with the fewest
 * are filled up first, all to the same level. Pure.
 */
import {
  answeringNodes,
  type ClusterNode,
  mastersOf,
  nameOfNode,
  nodeById,
  type Topology,
} from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import { SLOT_COUNT } from '../protocol/slots/key-slot.ts';
import { SlotSet } from '../protocol/slots/slot-set.ts';
import { refuseMoves } from './obstacles.ts';
import { pickSlots } from './pick-slots.ts';
import { type MoveOptions, type MoveSlots, PLAN_VERSION, type PlainPlan, refTo, type Step } from './plan.ts';
import { filledUp } from './share-out.ts';
import { moveStep, type Transfer } from './steps/move-slots.ts';

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
  const reachable = answeringNodes(topology);
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
  const transfers = transfersOff(source, takersBeside(topology, source));
  refuseMoves(topology, transfers, `draining ${nameOfNode(source)}`);
  return transfers.map(moveStep);
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

/** Slots that are open towards a taker go there in any case. */
function transfersOff(source: ClusterNode, takers: readonly ClusterNode[]): Transfer[] {
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
    return slots.length === 0 ? [] : [{ source, target, slots }];
  });
}
