/**
 * Owns the question whether a plan still fits the cluster: each step is done, to do, or half done, and then it can be
 * carried out; or the cluster has changed so that it cannot. Pure.
 */
import { type ClusterNode, nameOfNode, nodeById, slotOwners, type Topology } from '../cluster/topology.ts';
import { formatRanges, rangesOf, SlotSet } from '../protocol/slots/slot-set.ts';
import { formatAddress } from '../protocol/text/addresses.ts';
import type { AssignSlots, MoveSlots, NodeRef, Plan, Replicate, Step } from './plan.ts';
import { blockingFindings } from './reshard.ts';

/** Why the plan cannot be carried out any more, a sentence each; empty when it can, be it for the rest. */
export function whyStale(plan: Plan, topology: Topology): string[] {
  const missing = namedIn(plan.steps).filter(({ id }) => nodeById(topology, id)?.view === undefined);
  if (missing.length > 0) {
    return missing.map(
      (node) => `Node ${node.id.slice(0, 8)} does not answer at ${formatAddress(node.address)} any more.`,
    );
  }
  const reasons = plan.steps.flatMap((step) => whyNot(step, topology));
  return plan.operation === 'create'
    ? [...strangers(plan, topology), ...reasons]
    : [...reasons, ...problems(plan, topology)];
}

function namedIn(steps: readonly Step[]): NodeRef[] {
  const byId = new Map<string, NodeRef>();
  for (const step of steps) for (const node of nodesOf(step)) byId.set(node.id, node);
  return [...byId.values()];
}

function nodesOf(step: Step): readonly NodeRef[] {
  switch (step.kind) {
    case 'assign-slots':
    case 'set-config-epoch':
      return [step.node];
    case 'replicate':
      return [step.node, step.master];
    case 'move-slots':
      return [step.source, step.target];
    // Who only waits or is told may have gone: the others can do without it.
    case 'wait-agreement':
      return [];
    default:
      return step.nodes;
  }
}

function whyNot(step: Step, topology: Topology): string[] {
  switch (step.kind) {
    case 'assign-slots':
      return assignableTo(step, topology);
    case 'replicate':
      return replicable(step, topology);
    case 'move-slots':
      return movable(step, topology);
    default:
      return [];
  }
}

function assignableTo({ node, slots }: AssignSlots, topology: Topology): string[] {
  const owners = slotOwners(topology);
  const taken = [...SlotSet.fromRanges(slots)].filter((slot) => (owners[slot]?.id ?? node.id) !== node.id);
  if (taken.length === 0) return [];
  return [`Slots ${formatRanges(rangesOf(taken), ',')} belong to ${ownersOf(taken, owners)} now.`];
}

function replicable({ node, master }: Replicate, topology: Topology): string[] {
  const found = nodeById(topology, node.id);
  if (found === undefined) return [];
  if (found.masterId !== undefined && found.masterId !== master.id) {
    return [`${nameOfNode(found)} is a replica of another master now.`];
  }
  const used = found.masterId === undefined && (found.slotCount > 0 || (found.view?.keyCount ?? 0) > 0);
  return used ? [`${nameOfNode(found)} has slots or keys now, and cannot become a replica.`] : [];
}

function movable({ source, target, slots }: MoveSlots, topology: Topology): string[] {
  const owners = slotOwners(topology);
  const foreign = [...SlotSet.fromRanges(slots)].filter((slot) => {
    const owner = owners[slot]?.id;
    return owner !== source.id && owner !== target.id;
  });
  const reasons =
    foreign.length === 0
      ? []
      : [`Slots ${formatRanges(rangesOf(foreign), ',')} belong to ${ownersOf(foreign, owners)} now.`];
  const taker = nodeById(topology, target.id);
  if (taker?.role === 'replica') reasons.push(`${nameOfNode(taker)} is not a master any more.`);
  return reasons;
}

function ownersOf(slots: readonly number[], owners: readonly (ClusterNode | undefined)[]): string {
  const names = slots.map((slot) => {
    const owner = owners[slot];
    return owner === undefined ? 'nobody' : nameOfNode(owner);
  });
  return [...new Set(names)].join(', ');
}

/** Nodes of a new cluster that have met others than each other, or hold keys before they have slots. */
function strangers(plan: Plan, topology: Topology): string[] {
  const ids = new Set(namedIn(plan.steps).map(({ id }) => id));
  return topology.nodes.flatMap((node) => {
    if (!ids.has(node.id)) return [`${nameOfNode(node)} is known to the nodes now, and is not in the plan.`];
    const keys = node.view?.keyCount ?? 0;
    return keys > 0 && node.slotCount === 0 && node.role === 'master'
      ? [`${nameOfNode(node)} contains ${keys} keys now.`]
      : [];
  });
}

function problems(plan: Plan, topology: Topology): string[] {
  const moves = plan.steps.filter((step) => step.kind === 'move-slots');
  return [
    ...new Set(
      moves.flatMap((move) => {
        const target = nodeById(topology, move.target.id);
        const sources = moves
          .filter((other) => other.target.id === move.target.id)
          .flatMap(({ source }) => nodeById(topology, source.id) ?? []);
        if (target === undefined) return [];
        return blockingFindings(topology, sources, target).map(({ message }) => message);
      }),
    ),
  ];
}
