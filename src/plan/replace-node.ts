/**
 * Owns the plan by which a new, empty node takes the place of another, which leaves. For a master with slots the new node
 * becomes its replica and takes over. Pure.
 */
import {
  answeringNodes,
  type ClusterNode,
  nameOfNode,
  nodeById,
  replicasOf,
  type Topology,
} from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import { functionSteps, type Newcomer, refuseNewcomer } from './add-node.ts';
import { leavingSteps, othersThatAnswer, refuseLoss, seedBeside } from './del-node.ts';
import { refuseNewMembers } from './obstacles.ts';
import { defaultMoveOptions, type NodeRef, PLAN_VERSION, type PlainPlan, refTo, type Step } from './plan.ts';

/** Throws a TribError ("unsafe") when the new node is not empty, or something would be lost with the old one. */
export function planReplaceNode(topology: Topology, newcomer: Newcomer, oldId: string): PlainPlan {
  const old = nodeById(topology, oldId);
  if (old === undefined) throw new TribError('usage', `[ERR] No such node ID ${oldId}`);
  refuseNewMembers(topology, 'replacing a node', old.id);
  refuseLoss(topology, old, old.slotCount > 0);
  refuseNewcomer(topology, newcomer);
  const members = answeringNodes(topology).map(refTo);
  const node = refTo(newcomer.node);
  const staying = [...othersThatAnswer(topology, old).map(refTo), node];
  const joining: Step = { kind: 'join', node, members };
  return {
    version: PLAN_VERSION,
    operation: 'replace-node',
    seed: seedBeside(topology, old),
    options: defaultMoveOptions,
    steps: [
      ...(old.role === 'replica'
        ? [joining, ...followingSteps(topology, old, node)]
        : old.slotCount > 0
          ? [joining, { kind: 'take-over', node, master: refTo(old) } as const]
          : [...functionSteps(topology, newcomer), joining]),
      { kind: 'wait-agreement', nodes: staying, roles: true },
      ...(old.role === 'master' ? replicaSteps(topology, old, node) : []),
      ...leavingSteps(topology, old, newcomer.node),
    ],
  };
}

/** The new replica has all data before the old one goes. */
function followingSteps(topology: Topology, old: ClusterNode, node: NodeRef): Step[] {
  const master = nodeById(topology, old.masterId ?? '');
  if (master?.view === undefined) {
    throw new TribError(
      'unsafe',
      `The master of ${nameOfNode(old)} does not answer: nobody can send its data to a new replica.`,
    );
  }
  return [
    { kind: 'replicate', node, master: refTo(master), formerMasterId: '' },
    { kind: 'wait-replica-sync', replica: node, master: refTo(master) },
  ];
}

/** Those that follow the old master follow the new one by themselves, if it had slots; each is looked at. */
function replicaSteps(topology: Topology, old: ClusterNode, node: NodeRef): Step[] {
  return replicasOf(topology, old.id)
    .filter(({ view }) => view !== undefined)
    .map((replica) => ({ kind: 'replicate', node: refTo(replica), master: node, formerMasterId: old.id }));
}
