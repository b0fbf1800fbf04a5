/** Owns the plan by which a replica takes the place of its master. Pure. */
import {
  answeringNodes,
  type ClusterNode,
  nameOfNode,
  nodeById,
  replicasOf,
  type Topology,
} from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import { defaultMoveOptions, PLAN_VERSION, type PlainPlan, refTo } from './plan.ts';
import type { FailoverWay } from './steps/failover.ts';

export interface FailoverRequest {
  readonly replicaId: string;
  readonly way: FailoverWay;
}

/** Throws a TribError: "usage" when the node is no replica, "unsafe" when this way cannot succeed. */
export function planFailover(topology: Topology, { replicaId, way }: FailoverRequest): PlainPlan {
  const replica = nodeById(topology, replicaId);
  if (replica === undefined)
    throw new TribError('usage', `${replicaId} is not the id of a node of the cluster.`);
  const master = masterOf(topology, replica);
  if (replica.view === undefined)
    throw new TribError('unsafe', `${nameOfNode(replica)} does not answer: it cannot take over.`);
  if (master.slotCount === 0) {
    throw new TribError(
      'unsafe',
      `${nameOfNode(master)} has no slots: there is nothing to take over from it.`,
    );
  }
  if (way === 'manual') refuseWithoutMaster(replica, master);
  const reachable = answeringNodes(topology);
  return {
    version: PLAN_VERSION,
    operation: 'failover',
    seed: topology.seed,
    options: defaultMoveOptions,
    steps: [
      { kind: 'failover', replica: refTo(replica), master: refTo(master), way },
      { kind: 'wait-agreement', nodes: reachable.map(refTo), roles: true },
    ],
  };
}

function masterOf(topology: Topology, replica: ClusterNode): ClusterNode {
  const name = nameOfNode(replica);
  if (replica.role === 'master') {
    const replicas = replicasOf(topology, replica.id).map(nameOfNode);
    throw new TribError('usage', `${name} is a master: a replica is named, which is to take over.`, {
      hint: replicas.length === 0 ? 'It has no replica.' : `Its replicas: ${replicas.join(', ')}.`,
    });
  }
  const master = nodeById(topology, replica.masterId ?? '');
  if (master !== undefined) return master;
  throw new TribError('unsafe', `The master of ${name} is not known to the cluster.`);
}

/** A manual failover is agreed upon between the two, so that nothing is lost. */
function refuseWithoutMaster(replica: ClusterNode, master: ClusterNode): void {
  const hint =
    'With --force the replica takes over without its master, and with --takeover without the votes of the other masters too; writes that it has not got are lost.';
  if (master.view === undefined)
    throw new TribError('unsafe', `${nameOfNode(master)} does not answer, and cannot hand over.`, { hint });
  if (replica.view?.masterLinkUp === false) {
    throw new TribError('unsafe', `${nameOfNode(replica)} has no link to its master ${nameOfNode(master)}.`, {
      hint,
    });
  }
}
