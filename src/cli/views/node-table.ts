/** Owns the table of nodes: masters with their replicas below them. */
import {
  type ClusterNode,
  inOrder,
  mastersOf,
  nameOfId,
  nameOfNode,
  replicasOf,
  type Topology,
} from '../../cluster/topology.ts';
import { formatRange } from '../../protocol/slots/slot-set.ts';
import type { Table } from './table.ts';

const mostRanges = 4;

export function nodeTable(topology: Topology): Table {
  const head = ['id', 'address', 'role', 'slots', 'ranges', 'keys', 'epoch', 'state', 'version'];
  const ordered = { ...topology, nodes: inOrder(topology) };
  const masters = mastersOf(ordered);
  const placed = masters.flatMap((master) => [master, ...replicasOf(ordered, master.id)]);
  const others = topology.nodes.filter((node) => !placed.includes(node));
  return { head, rows: [...placed, ...others].map((node) => row(node, topology)) };
}

function row(node: ClusterNode, topology: Topology): string[] {
  const role = node.masterId === undefined ? node.role : `replica of ${nameOfId(topology, node.masterId)}`;
  return [
    node.id.slice(0, 8),
    nameOfNode(node),
    role,
    node.role === 'master' ? String(node.slotCount) : '',
    ranges(node),
    node.view === undefined ? '' : String(node.view.keyCount),
    String(node.configEpoch),
    stateOf(node),
    node.view?.version ?? '',
  ];
}

function ranges({ slots }: ClusterNode): string {
  const shown = slots.slice(0, mostRanges).map(formatRange).join(',');
  return slots.length > mostRanges ? `${shown},+${slots.length - mostRanges}` : shown;
}

function stateOf(node: ClusterNode): string {
  if (node.silence !== undefined) return 'unreachable';
  if (node.suspectedBy.length > 0) return 'failing';
  if (node.migrating.length + node.importing.length > 0) return 'open slots';
  if (node.view?.masterLinkUp === false) return 'no link to master';
  return node.view?.state === 'fail' ? 'refuses clients' : 'ok';
}
