/** Owns the plan that takes a new, empty node into a cluster. Pure. Source: redis-cli.c clusterManagerCommandAddNode. */
import { homeFor } from '../cluster/replica-homes.ts';
import {
  answeringNodes,
  type ClusterNode,
  mastersOf,
  nameOfNode,
  nodeById,
  type Topology,
} from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import { refuseUsed } from './empty-node.ts';
import { refuseNewMembers } from './obstacles.ts';
import { type AddNodePlan, defaultMoveOptions, PLAN_VERSION, refTo, type Step } from './plan.ts';

export interface AddNodeRequest {
  /** "master": without slots at first. */
  readonly as: 'master' | 'replica';
  /** Whose replica; undefined: of the master with the fewest. */
  readonly masterId: string | undefined;
}

/** A node that is to be taken into a cluster. */
export interface Newcomer {
  /** As it is now, alone. */
  readonly node: ClusterNode;
  /** Libraries of functions that it has. */
  readonly libraries: number;
}

/**
 * Throws a TribError: "usage" when there is no such master, "unsafe" when the node holds something or has company, or
 * something is wrong with the cluster.
 */
export function planAddNode(topology: Topology, newcomer: Newcomer, request: AddNodeRequest): AddNodePlan {
  refuseNewMembers(topology, 'adding a node');
  const master = request.as === 'replica' ? masterFor(topology, newcomer, request.masterId) : undefined;
  refuseNewcomer(topology, newcomer);
  const members = answeringNodes(topology);
  const node = refTo(newcomer.node);
  const steps: Step[] = [
    // A replica gets them from its master.
    ...(master === undefined ? functionSteps(topology, newcomer) : []),
    { kind: 'join', node, members: members.map(refTo) },
  ];
  if (master !== undefined)
    steps.push({ kind: 'replicate', node, master: refTo(master), formerMasterId: '' });
  steps.push({ kind: 'wait-agreement', nodes: [...members.map(refTo), node], roles: true });
  return {
    version: PLAN_VERSION,
    operation: 'add-node',
    seed: topology.seed,
    options: defaultMoveOptions,
    masterChosen: request.as === 'replica' && request.masterId === undefined,
    steps,
  };
}

/** Throws a TribError ("unsafe") when it is in the cluster already, has company, or holds something. */
export function refuseNewcomer(topology: Topology, { node, libraries }: Newcomer): void {
  if (nodeById(topology, node.id) !== undefined) {
    throw new TribError('unsafe', `[ERR] Node ${nameOfNode(node)} is already in this cluster.`, {
      hint: 'Look with trib nodes.',
    });
  }
  refuseUsed(node);
  if (libraries === 0) return;
  throw new TribError(
    'unsafe',
    `[ERR] The new node already contains functions: ${nameOfNode(node)} has ${libraries} librar${libraries === 1 ? 'y' : 'ies'}.`,
    { hint: 'Use another node, or empty this one with FUNCTION FLUSH if nobody needs them.' },
  );
}

/** Any master has the functions; one that has slots surely. */
export function functionSteps(topology: Topology, { node }: Newcomer): Step[] {
  const able = mastersOf(topology).filter(({ view }) => view !== undefined);
  const source = able.find(({ slotCount }) => slotCount > 0) ?? able[0];
  return source === undefined ? [] : [{ kind: 'copy-functions', source: refTo(source), target: refTo(node) }];
}

function masterFor(topology: Topology, { node }: Newcomer, masterId: string | undefined): ClusterNode {
  if (masterId === undefined) {
    const master = homeFor(topology, { host: node.address.host, except: new Set() });
    if (master !== undefined) return master;
    throw new TribError('unsafe', 'No master of the cluster answers that could take a replica.');
  }
  const master = nodeById(topology, masterId);
  if (master === undefined || master.role !== 'master')
    throw new TribError('usage', `[ERR] No such master ID ${masterId}`);
  if (master.view !== undefined) return master;
  throw new TribError('unsafe', `${nameOfNode(master)} does not answer: it cannot take a replica now.`);
}
