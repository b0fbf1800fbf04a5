/** Owns what a cluster still lacks before scripts can go on: it serves, it is at one, its replicas have all data. Pure. */
import { findDisagreements } from './disagreement.ts';
import { isSettled } from './merge.ts';
import {
  type ClusterNode,
  mastersOf,
  type NodeView,
  nameOfId,
  nameOfNode,
  nodeById,
  slotOwners,
  type Topology,
  viewsOf,
} from './topology.ts';

/**
 * "ok": every node says cluster_state:ok, and every slot has a master. "converged": all know each other, and agree about
 * slots and roles. "replicas": every replica has its link, and what its master had when the wait began.
 */
export const conditions = ['ok', 'converged', 'replicas'] as const;
export type Condition = (typeof conditions)[number];

/** Bytes of each master's stream that its replicas should have, by its id. */
export type Goals = ReadonlyMap<string, number>;

/** How far each master is now. */
export function goalsOf(topology: Topology): Map<string, number> {
  return new Map(
    mastersOf(topology).flatMap(({ id, view }) => {
      const offset = view?.replication.offset;
      return offset === undefined ? [] : [[id, offset] as const];
    }),
  );
}

/** What is missing, a sentence each without a full stop; empty when it is so. */
export function missingFor(condition: Condition, topology: Topology, goals: Goals): string[] {
  switch (condition) {
    case 'ok':
      return [...silences(topology), ...refusals(topology), ...uncovered(topology)];
    case 'converged':
      return [
        ...silences(topology),
        ...strangers(topology),
        ...differingRoles(topology),
        ...differingSlots(topology),
      ];
    case 'replicas':
      return replicasBehind(topology, goals);
  }
}

function silences({ nodes }: Topology): string[] {
  return nodes.filter(({ view }) => view === undefined).map((node) => `${nameOfNode(node)} does not answer`);
}

function refusals({ nodes }: Topology): string[] {
  return nodes
    .filter(({ view }) => view?.state === 'fail')
    .map((node) => `${nameOfNode(node)} refuses clients`);
}

function uncovered(topology: Topology): string[] {
  const count = slotOwners(topology).filter((owner) => owner === undefined).length;
  return count === 0 ? [] : [`${count} slots have no master`];
}

function strangers(topology: Topology): string[] {
  return viewsOf(topology).flatMap((view) => {
    const known = new Set(view.lines.filter(isSettled).map(({ id }) => id));
    const unknown = topology.nodes.filter(({ id }) => !known.has(id)).map(nameOfNode);
    if (unknown.length > 0) return [`${nameOfNode(view)} does not know ${unknown.join(', ')}`];
    const handshakes = view.lines.length - known.size;
    return handshakes === 0 ? [] : [`${nameOfNode(view)} is still being introduced to others`];
  });
}

function differingRoles(topology: Topology): string[] {
  return viewsOf(topology).flatMap((view) => {
    const wrong = view.lines.filter((line) => {
      const node = nodeById(topology, line.id);
      return isSettled(line) && node?.view !== undefined && node.masterId !== line.masterId;
    });
    const names = wrong.map(({ id }) => nameOfId(topology, id)).join(', ');
    return wrong.length === 0 ? [] : [`${nameOfNode(view)} does not know the role of ${names}`];
  });
}

function differingSlots(topology: Topology): string[] {
  return findDisagreements(topology).map(({ message }) => message.replace(/\.$/, ''));
}

function replicasBehind(topology: Topology, goals: Goals): string[] {
  return topology.nodes.flatMap((node: ClusterNode) => {
    if (node.masterId === undefined) return [];
    const reason = whyBehind(node.view, node.masterId, goals.get(node.masterId));
    return reason === undefined ? [] : [`replica ${nameOfNode(node)} is not up to date: ${reason}`];
  });
}

/** What a replica lacks; `goal`: the bytes of its master's stream that it should have. */
export function whyBehind(
  view: NodeView | undefined,
  masterId: string,
  goal: number | undefined,
): string | undefined {
  if (view === undefined) return 'it does not answer';
  const own = view.lines.find(({ id }) => id === view.id);
  if (own?.masterId !== masterId) return 'it is not a replica of this master yet';
  if (view.replication.syncing) return 'it is being sent the data of its master';
  if (view.masterLinkUp !== true) return 'it has no link to its master yet';
  const { offset } = view.replication;
  if (goal === undefined || offset === undefined || offset >= goal) return undefined;
  return `it is ${goal - offset} bytes behind`;
}
