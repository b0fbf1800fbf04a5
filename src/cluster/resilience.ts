/**
 * Owns the findings about what the next failure would do: replicas that are behind, or stand where their master
 * stands, and a host or zone that would take the majority of the masters with it. Pure.
 */
import type { Finding, FindingKind } from './health.ts';
import { type ClusterNode, nameOfNode, nodeById, slotHolders, type Topology } from './topology.ts';

/** Less than this is on its way at any moment under load. */
const tolerableLagBytes = 1_000_000;
/** A master says something every ten seconds at least (repl-ping-replica-period). */
const tolerableSilenceSeconds = 30;

export function findRisks(topology: Topology): Finding[] {
  return [...replicasBehind(topology), ...replicasBesideMaster(topology), ...majoritiesAtRisk(topology)];
}

function replicasBehind(topology: Topology): Finding[] {
  return topology.nodes.flatMap((node) => {
    const { view } = node;
    if (view === undefined || view.masterLinkUp !== true) return [];
    const master = nodeById(topology, node.masterId ?? '');
    const name = `Replica ${nameOfNode(node)}`;
    const { offset, silentSeconds } = view.replication;
    const ahead = master?.view?.replication.offset;
    const lagBytes = offset === undefined || ahead === undefined ? 0 : ahead - offset;
    if (lagBytes > tolerableLagBytes && master !== undefined) {
      const megabytes = (lagBytes / 1e6).toFixed(1);
      return [
        risk('replica-behind', `${name} is ${megabytes} MB behind its master ${nameOfNode(master)}.`, [node]),
      ];
    }
    if (silentSeconds !== undefined && silentSeconds > tolerableSilenceSeconds) {
      return [
        risk('replica-behind', `${name} has heard nothing of its master for ${silentSeconds} s.`, [node]),
      ];
    }
    return [];
  });
}

/** Where a node stands, in words: a zone says more than a host. */
interface Place {
  readonly kind: 'host' | 'zone';
  readonly name: string;
}

function placeOf({ address, view }: ClusterNode, kind: Place['kind']): string {
  return kind === 'zone' ? (view?.zone ?? '') : address.host;
}

/** Kinds of places that tell nodes apart: on one single host, or without zones, there is nothing to choose. */
function kindsOfPlaces({ nodes }: Topology): Place['kind'][] {
  return (['host', 'zone'] as const).filter((kind) => {
    const places = new Set(nodes.map((node) => placeOf(node, kind)));
    return places.size > 1 && !places.has('');
  });
}

function replicasBesideMaster(topology: Topology): Finding[] {
  return kindsOfPlaces(topology).flatMap((kind) => {
    const beside = topology.nodes.filter((node) => {
      const master = nodeById(topology, node.masterId ?? '');
      return master !== undefined && placeOf(master, kind) === placeOf(node, kind);
    });
    return beside.map((node) => {
      const master = nodeById(topology, node.masterId ?? '');
      const masterName = master === undefined ? '' : nameOfNode(master);
      return risk(
        'replica-beside-master',
        `Replica ${nameOfNode(node)} is in the ${kind} of its master ${masterName}: ${placeOf(node, kind)}.`,
        [node],
      );
    });
  });
}

function majoritiesAtRisk(topology: Topology): Finding[] {
  const voters = slotHolders(topology);
  const majority = Math.floor(voters.length / 2) + 1;
  return kindsOfPlaces(topology).flatMap((kind) => {
    const places = new Set(voters.map((node) => placeOf(node, kind)));
    return [...places].flatMap((place) => {
      const there = voters.filter((node) => placeOf(node, kind) === place);
      if (voters.length - there.length >= majority) return [];
      const count = `${there.length} of ${voters.length} masters`;
      const message = `If ${kind} ${place} fails, ${count} fail with it, and those left are no majority: nobody takes over.`;
      return [risk('majority-at-risk', message, there)];
    });
  });
}

function risk(kind: FindingKind, message: string, nodes: readonly ClusterNode[]): Finding {
  return { kind, severity: 'warning', message, nodes: nodes.map(({ id }) => id), slots: [] };
}
