/**
 * Owns the plan that moves a number of slots from some masters to one. Pure. Which slots go is redis-cli's choice:
 * each source gives in proportion to what it has, its lowest slots first.
 * Source: redis-cli.c clusterManagerComputeReshardTable.
 */
import { answeringNodes, type ClusterNode, mastersOf, nodeById, type Topology } from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import { SLOT_COUNT } from '../protocol/slots/key-slot.ts';
import { refuseMoves } from './obstacles.ts';
import { type MoveOptions, PLAN_VERSION, type ReshardPlan, refTo, type Step } from './plan.ts';
import { moveStep } from './steps/move-slots.ts';

export interface ReshardRequest {
  readonly slots: number;
  readonly targetId: string;
  /** "all": every other master that has slots. */
  readonly sourceIds: readonly string[] | 'all';
  readonly options: MoveOptions;
}

/** Slots that one source is to give, ascending. */
export interface Share {
  readonly source: ClusterNode;
  readonly slots: readonly number[];
}

/**
 * Throws a TribError: "usage" when the request makes no sense for this cluster, "unsafe" when something is wrong
 * with the cluster.
 */
export function planReshard(topology: Topology, request: ReshardRequest): ReshardPlan {
  const { target, sources } = endsOf(topology, request);
  if (!Number.isInteger(request.slots) || request.slots < 1 || request.slots > SLOT_COUNT) {
    throw new TribError(
      'usage',
      `The number of slots to move is from 1 to ${SLOT_COUNT}, not ${request.slots}.`,
    );
  }
  const moves = sources.map((source) => ({ source, target }));
  refuseMoves(topology, moves, 'resharding');
  const shares = divideAmong(sources, target, request.slots);
  const steps: Step[] = shares
    .filter(({ slots }) => slots.length > 0)
    .map(({ source, slots }) => moveStep({ source, target, slots }));
  if (steps.length === 0) {
    throw new TribError(
      'usage',
      `The share of each source in ${request.slots} slots is less than one slot.`,
      {
        hint: 'Move more slots, or name fewer sources.',
      },
    );
  }
  const reachable = answeringNodes(topology);
  steps.push({ kind: 'wait-agreement', nodes: reachable.map(refTo), roles: false });
  return {
    version: PLAN_VERSION,
    operation: 'reshard',
    seed: topology.seed,
    slots: request.slots,
    options: request.options,
    steps,
  };
}

function endsOf(
  topology: Topology,
  request: ReshardRequest,
): { readonly target: ClusterNode; readonly sources: readonly ClusterNode[] } {
  const target = masterWith(topology, request.targetId);
  const sources =
    request.sourceIds === 'all'
      ? mastersOf(topology).filter(({ id }) => id !== target.id)
      : [...new Set(request.sourceIds)].map((id) => masterWith(topology, id));
  if (sources.some(({ id }) => id === target.id)) {
    throw new TribError('usage', '*** It is not possible to use the target node as source node.');
  }
  const giving = sources.filter(({ slotCount }) => slotCount > 0);
  if (giving.length === 0)
    throw new TribError('usage', '*** No source nodes given, or none of them has slots.');
  return { target, sources: giving };
}

function masterWith(topology: Topology, id: string): ClusterNode {
  const node = nodeById(topology, id);
  if (node === undefined || node.role !== 'master') {
    throw new TribError(
      'usage',
      `*** The specified node (${id}) is not known or not a master, please retry.`,
    );
  }
  return node;
}

/**
 * Each source's share, most slots first: proportional, rounded up for the first and down for the others, in single
 * precision as in redis-cli. Slots that are open between a source and the target already go first.
 */
export function divideAmong(sources: readonly ClusterNode[], target: ClusterNode, slots: number): Share[] {
  const total = sources.reduce((sum, { slotCount }) => sum + slotCount, 0);
  const sorted = [...sources].sort((a, b) => b.slotCount - a.slotCount);
  let left = slots;
  return sorted.map((source, index) => {
    const exact = Math.fround(Math.fround(slots / total) * source.slotCount);
    const share = Math.min(index === 0 ? Math.ceil(exact) : Math.floor(exact), left);
    const open = openBetween(source, target);
    const closed = slotsOf(source).filter((slot) => !open.has(slot));
    const given = [...open, ...closed].slice(0, Math.max(share, open.size));
    left = Math.max(0, left - given.length);
    return { source, slots: given.sort((a, b) => a - b) };
  });
}

function openBetween(source: ClusterNode, target: ClusterNode): Set<number> {
  return new Set([
    ...source.migrating.filter(({ nodeId }) => nodeId === target.id).map(({ slot }) => slot),
    ...target.importing.filter(({ nodeId }) => nodeId === source.id).map(({ slot }) => slot),
  ]);
}

function slotsOf({ slots }: ClusterNode): number[] {
  return slots.flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  );
}

/** For a person who asks what a plan moves: how many slots in all. */
export function slotsInPlan({ steps }: Pick<ReshardPlan, 'steps'>): number {
  return steps.reduce(
    (sum, step) =>
      step.kind === 'move-slots' ? step.slots.reduce((n, { first, last }) => n + last - first + 1, sum) : sum,
    0,
  );
}
