/** Owns the plan that makes one cluster of separate, empty nodes. Pure. */
import { fewestMasters, masterCount, placeNodes } from '../cluster/placement.ts';
import type { ClusterNode, Topology } from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import { refuseUsed } from './empty-node.ts';
import { type CreatePlan, defaultMoveOptions, PLAN_VERSION, refTo, type Step } from './plan.ts';

export interface CreateRequest {
  /** Replicas for each master; nodes that are left over become further replicas. */
  readonly replicas: number;
  /** The last step is to wait until clients are served and replicas have their links. */
  readonly waitServing: boolean;
}

/**
 * `topology` holds each node as it is now, alone. Throws a TribError: "usage" when the nodes are too few or one was
 * named twice, "unsafe" when one has keys, slots or company.
 */
export function planCreate(topology: Topology, request: CreateRequest, random: Random): CreatePlan {
  const { nodes, seed } = topology;
  refuseTooFew(nodes.length, request.replicas);
  for (const node of nodes) refuseUsed(node);
  const { masters, replicas, antiAffinity } = placeNodes(nodes, request.replicas, random);
  const all = nodes.map(refTo);
  const steps: Step[] = [
    ...masters.map(({ node, slots }): Step => ({ kind: 'assign-slots', node: refTo(node), slots: [slots] })),
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

function refuseTooFew(nodeCount: number, replicas: number): void {
  if (masterCount(nodeCount, replicas) >= fewestMasters) return;
  throw new TribError(
    'usage',
    [
      '*** ERROR: Invalid configuration for cluster creation.',
      `*** Redis Cluster requires at least ${fewestMasters} master nodes.`,
      `*** This is not possible with ${nodeCount} nodes and ${replicas} replicas per node.`,
      `*** At least ${fewestMasters * (replicas + 1)} nodes are required.`,
    ].join('\n'),
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
