/** Owns the plan that makes one cluster of separate, empty nodes. Pure. */
import {
  type AntiAffinity,
  divideByWeight,
  fewestMasters,
  gradeOf,
  masterCount,
  placeNodes,
  type ReplicaPlace,
} from '../cluster/placement.ts';
import type { ClusterNode, Topology } from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { SlotRange } from '../protocol/slots/slot-set.ts';
import type { Weighted } from './balance.ts';
import { refuseUsed } from './empty-node.ts';
import { type CreatePlan, defaultMoveOptions, PLAN_VERSION, refTo, type Step } from './plan.ts';
import { refuseUselessWeights } from './rebalance.ts';

export interface CreateRequest {
  /** Replicas for each master; nodes that are left over become further replicas. */
  readonly replicas: number;
  /** The last step is to wait until clients are served and replicas have their links. */
  readonly waitServing: boolean;
  /** One or two masters will do: nobody can be elected in the place of one that fails. */
  readonly allowFewMasters?: boolean;
}

/** Who is to be what in a new cluster. */
interface Cast {
  readonly masters: readonly { readonly node: ClusterNode; readonly slots: readonly SlotRange[] }[];
  readonly replicas: readonly ReplicaPlace<ClusterNode>[];
  readonly antiAffinity: AntiAffinity;
}

/**
 * `topology` holds each node as it is now, alone. Throws a TribError: "usage" when the nodes are too few or one was
 * named twice, "unsafe" when one has keys, slots or company.
 */
export function planCreate(topology: Topology, request: CreateRequest, random: Random): CreatePlan {
  const { nodes } = topology;
  refuseTooFew(nodes.length, request);
  for (const node of nodes) refuseUsed(node);
  const { masters, replicas, antiAffinity } = placeNodes(nodes, request.replicas, random);
  const cast = {
    masters: masters.map(({ node, slots }) => ({ node, slots: [slots] })),
    replicas,
    antiAffinity,
  };
  return planCast(topology, cast, request);
}

/** As planCreate, where it is said who is what: masters by weight. */
export function planCreateAs(
  topology: Topology,
  masters: readonly Weighted[],
  replicas: readonly ReplicaPlace<ClusterNode>[],
  request: CreateRequest,
): CreatePlan {
  for (const node of topology.nodes) refuseUsed(node);
  refuseUselessWeights(masters);
  if (masters.length < fewestMasters && request.allowFewMasters !== true) throw tooFewMasters(masters.length);
  const slots = divideByWeight(masters.map(({ weight }) => weight));
  const cast = {
    masters: masters.map(({ node }, index) => ({ node, slots: slots[index] ?? [] })),
    replicas,
    antiAffinity: gradeOf(replicas),
  };
  return planCast(topology, cast, request);
}

function planCast(
  { nodes, seed }: Topology,
  { masters, replicas, antiAffinity }: Cast,
  request: CreateRequest,
): CreatePlan {
  const all = nodes.map(refTo);
  const steps: Step[] = [
    ...masters
      .filter(({ slots }) => slots.length > 0)
      .map(({ node, slots }): Step => ({ kind: 'assign-slots', node: refTo(node), slots })),
    ...epochSteps(nodes),
    { kind: 'meet', nodes: all },
    { kind: 'wait-joined', nodes: all },
    ...replicas.map(
      ({ node, master }): Step => ({
        kind: 'replicate',
        node: refTo(node),
        master: refTo(master),
        formerMasterId: '',
      }),
    ),
    { kind: 'wait-agreement', nodes: all, roles: true },
  ];
  if (request.waitServing) steps.push({ kind: 'wait-serving', nodes: all });
  return {
    version: PLAN_VERSION,
    operation: 'create',
    seed,
    replicas: request.replicas,
    antiAffinity,
    options: defaultMoveOptions,
    steps,
  };
}

function tooFewMasters(count: number): TribError {
  return new TribError(
    'usage',
    `${count} master${count === 1 ? '' : 's'} cannot elect a replica in the place of a master that fails: a cluster has at least ${fewestMasters}.`,
    { hint: 'If that is meant: --allow-few-masters.' },
  );
}

function refuseTooFew(nodeCount: number, { replicas, allowFewMasters = false }: CreateRequest): void {
  if (masterCount(nodeCount, replicas) >= (allowFewMasters ? 1 : fewestMasters)) return;
  if (allowFewMasters) {
    throw new TribError('usage', `${replicas} replicas for a master take more than ${nodeCount} nodes.`);
  }
  throw new TribError(
    'usage',
    [
      '*** ERROR: Invalid configuration for cluster creation.',
      `*** Redis Cluster requires at least ${fewestMasters} master nodes.`,
      `*** This is not possible with ${nodeCount} nodes and ${replicas} replicas per node.`,
      `*** At least ${fewestMasters * (replicas + 1)} nodes are required.`,
    ].join('\n'),
    { hint: 'Fewer masters, which cannot replace one that fails, are made with --allow-few-masters.' },
  );
}

/** An epoch of its own for each node that has none yet, in the order given. */
function epochSteps(nodes: readonly ClusterNode[]): Step[] {
  const taken = new Set(nodes.map(({ configEpoch }) => configEpoch));
  let epoch = 0;
  return nodes
    .filter(({ configEpoch }) => configEpoch === 0)
    .map((node) => {
      do epoch++;
      while (taken.has(epoch));
      return { kind: 'set-config-epoch', node: refTo(node), epoch };
    });
}
