/**
 * Owns the plan that gives each master its share of slots, keys or memory by weight. Pure: loads were measured before.
 * Which masters take part, and when nothing is to be done, is redis-cli's rule.
 * Source: redis-cli.c clusterManagerCommandRebalance.
 */
import { answeringNodes, inOrder, nameOfNode, nodeById, type Topology } from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import { SLOT_COUNT } from '../protocol/slots/key-slot.ts';
import { balance, type Weighted } from './balance.ts';
import { refuseTransfers } from './obstacles.ts';
import type { SlotLoads } from './pick-slots.ts';
import {
  type BalanceUnit,
  type MoveOptions,
  PLAN_VERSION,
  type RebalancePlan,
  refTo,
  type Step,
} from './plan.ts';
import { moveStep } from './steps/move-slots.ts';

export interface RebalanceRequest {
  readonly by: BalanceUnit;
  /** By id; a master that is not named weighs 1. Weight 0: all its slots go to the others. */
  readonly weights: ReadonlyMap<string, number>;
  /** How far, in percent, a master may be from its share before anything is moved. */
  readonly thresholdPercent: number;
  /** Masters without slots take part. */
  readonly useEmptyMasters: boolean;
  readonly options: MoveOptions;
}

/**
 * `loads`: keys or bytes in each slot; undefined where slots are counted. The plan has no steps when nothing is needed.
 * Throws a TribError: "usage" when the weights make no sense for this cluster, "unsafe" when something is wrong with it.
 */
export function planRebalance(
  topology: Topology,
  request: RebalanceRequest,
  loads: SlotLoads | undefined,
): RebalancePlan {
  const weighted = whoTakesPart(topology, request);
  const { transfers, shares } = balance(weighted, request.thresholdPercent, loads);
  refuseTransfers(
    topology,
    transfers,
    weighted.map(({ node }) => node),
    'rebalancing',
  );
  const reachable = answeringNodes(topology);
  const steps: Step[] = transfers.map(moveStep);
  if (steps.length > 0) steps.push({ kind: 'wait-agreement', nodes: reachable.map(refTo), roles: false });
  return {
    version: PLAN_VERSION,
    operation: 'rebalance',
    seed: topology.seed,
    by: request.by,
    thresholdPercent: request.thresholdPercent,
    shares: shares.map(({ node, ...share }) => ({ node: refTo(node), ...share })),
    options: request.options,
    steps,
  };
}

/** Masters that have slots, or all, with their weights. */
function whoTakesPart(topology: Topology, request: RebalanceRequest): Weighted[] {
  for (const [id, weight] of request.weights) {
    if (nodeById(topology, id)?.role !== 'master')
      throw new TribError('usage', `*** No such master node ${id}`);
    if (!Number.isFinite(weight) || weight < 0) {
      throw new TribError('usage', `A weight is a number, 0 or more, not ${weight}.`);
    }
  }
  const weighted = inOrder(topology)
    .filter(({ role, slotCount }) => role === 'master' && (request.useEmptyMasters || slotCount > 0))
    .map((node) => ({ node, weight: request.weights.get(node.id) ?? 1 }));
  refuseUselessWeights(weighted);
  return weighted;
}

/** No master loses its last slot unless that was said by a weight of 0. */
export function refuseUselessWeights(weighted: readonly Weighted[]): void {
  const total = weighted.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0 && weighted.length > 0) {
    throw new TribError('usage', 'The weights come to 0: no master would have any slot.', {
      hint: 'Give at least one master a weight above 0.',
    });
  }
  const tiny = weighted.find(({ weight }) => weight > 0 && (SLOT_COUNT * weight) / total < 1);
  if (tiny === undefined) return;
  throw new TribError(
    'usage',
    `The weight ${tiny.weight} of ${nameOfNode(tiny.node)} is so small beside the others that it would have no slot.`,
    { hint: 'Give it more, or 0 if it is to lose all its slots.' },
  );
}
