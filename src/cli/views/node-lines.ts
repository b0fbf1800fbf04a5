/**
 * Owns the lines in which a node is described, word for word as redis-trib and redis-cli write them: scripts read them.
 * Source: redis-cli.c clusterManagerNodeInfo, clusterManagerShowClusterInfo.
 */
import { type ClusterNode, inOrder, nameOfNode, replicasOf, type Topology } from '../../cluster/topology.ts';
import { SLOT_COUNT } from '../../protocol/slots/key-slot.ts';
import { formatRange, type SlotRange } from '../../protocol/slots/slot-set.ts';
import type { Paint } from '../style.ts';

/** "[0-5460],[5462]" */
export function bracketed(slots: readonly SlotRange[]): string {
  return slots.map((range) => `[${formatRange(range)}]`).join(',');
}

/** "M: id host:port" and what it has, two or three lines. */
export function nodeLines(node: ClusterNode, topology: Topology, indent = ''): string[] {
  const lines = [
    `${indent}${node.role === 'master' ? 'M' : 'S'}: ${node.id} ${nameOfNode(node)}`,
    `${indent}   slots:${bracketed(node.slots)} (${node.slotCount} slots) ${node.flags.join(',')}`,
  ];
  const replicas = replicasOf(topology, node.id).length;
  if (node.masterId !== undefined) lines.push(`${indent}   replicates ${node.masterId}`);
  else if (replicas > 0) lines.push(`${indent}   ${replicas} additional replica(s)`);
  return lines;
}

/** Keys, slots and replicas of each master, and the sum. */
export function clusterInfoLines(topology: Topology, paint: Paint): string[] {
  const masters = inOrder(topology).filter(({ role, view }) => role === 'master' && view !== undefined);
  const keysOf = (node: ClusterNode): number => node.view?.keyCount ?? 0;
  const keys = masters.reduce((sum, node) => sum + keysOf(node), 0);
  return [
    ...masters.map((node) => {
      const replicas = replicasOf(topology, node.id).length;
      return `${nameOfNode(node)} (${node.id.slice(0, 8)}...) -> ${keysOf(node)} keys | ${node.slotCount} slots | ${replicas} slaves.`;
    }),
    paint('green', `[OK] ${keys} keys in ${masters.length} masters.`),
    `${(keys / SLOT_COUNT).toFixed(2)} keys per slot on average.`,
  ];
}
