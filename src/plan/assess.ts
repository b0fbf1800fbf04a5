/**
 * Owns the question whether a plan still fits the cluster: each step is done, to do, or half done, and then it can be
 * carried out; or the cluster has changed so that it cannot. Pure.
 */
import { nameOfNode, nodeById, type Topology } from '../cluster/topology.ts';
import { rangesOf, SlotSet } from '../protocol/slots/slot-set.ts';
import { whyNotMoved } from './obstacles.ts';
import { type NodeRef, nameOfRef, type Plan, type PlanOperation, type Step } from './plan.ts';
import { kindOf } from './steps/kinds.ts';

/**
 * Operations that are there to deal with problems are not kept from their work by them. (A new node is not known to
 * all until it has joined.)
 */
const worksOnProblems: readonly PlanOperation[] = ['replace-node', 'fix', 'topology'];

/** Why the plan cannot be carried out any more, a sentence each; empty when it can, be it for the rest. */
export function whyStale(plan: Plan, topology: Topology): string[] {
  const missing = needed(plan.steps, topology).filter(({ id }) => nodeById(topology, id)?.view === undefined);
  if (missing.length > 0) {
    return missing.map(
      (node) => `Node ${node.id.slice(0, 8)} does not answer at ${nameOfRef(node)} any more.`,
    );
  }
  const settled = slotsSettledIn(plan.steps);
  const reasons = plan.steps.flatMap((step) => kindOf(step).whyNot(withoutSlots(step, settled), topology));
  if (plan.operation === 'create') return [...strangers(plan, topology), ...reasons];
  return worksOnProblems.includes(plan.operation) ? reasons : [...reasons, ...problems(plan, topology)];
}

/** Slots of which the plan itself sees to it that they have one owner. */
function slotsSettledIn(steps: readonly Step[]): SlotSet {
  return new SlotSet(
    steps.flatMap((step) =>
      step.kind === 'take-slots' || step.kind === 'drop-claim' ? [...SlotSet.fromRanges(step.slots)] : [],
    ),
  );
}

/** A move, without slots whose owner now says nothing about it. */
function withoutSlots(step: Step, settled: SlotSet): Step {
  if (step.kind !== 'move-slots' || settled.size === 0) return step;
  return {
    ...step,
    slots: rangesOf([...SlotSet.fromRanges(step.slots)].filter((slot) => !settled.has(slot))),
  };
}

/** Every node that the plan needs, if nothing of it is done. */
export function nodesInPlan({ steps }: Plan): NodeRef[] {
  return needed(steps, { seed: { host: '', port: 0 }, nodes: [] });
}

function needed(steps: readonly Step[], topology: Topology): NodeRef[] {
  const byId = new Map<string, NodeRef>();
  for (const step of steps) for (const node of kindOf(step).needs(step, topology)) byId.set(node.id, node);
  return [...byId.values()];
}

/** Nodes of a new cluster that have met others than each other, or hold keys before they have slots. */
function strangers(plan: Plan, topology: Topology): string[] {
  const ids = new Set(needed(plan.steps, topology).map(({ id }) => id));
  return topology.nodes.flatMap((node) => {
    if (!ids.has(node.id)) return [`${nameOfNode(node)} is known to the nodes now, and is not in the plan.`];
    const keys = node.view?.keyCount ?? 0;
    return keys > 0 && node.slotCount === 0 && node.role === 'master'
      ? [`${nameOfNode(node)} contains ${keys} keys now.`]
      : [];
  });
}

function problems(plan: Plan, topology: Topology): string[] {
  const moves = plan.steps.flatMap((step) => {
    if (step.kind !== 'move-slots' || kindOf(step).needs(step, topology).length === 0) return [];
    const [source, target] = [nodeById(topology, step.source.id), nodeById(topology, step.target.id)];
    // A source that has given everything may have left the cluster since.
    return source === undefined || target === undefined ? [] : [{ source, target }];
  });
  return moves.length === 0 ? [] : whyNotMoved(topology, moves);
}
