/**
 * Owns the description of nodes as text: CLUSTER NODES, CLUSTER INFO and what nodes.conf keeps.
 * Source: Redis 7.0 cluster.c clusterGenNodeDescription, clusterGenNodesDescription, representClusterNodeFlags.
 */
import { MESSAGE_TYPES, nodeFlag } from '../../protocol/bus/wire.ts';
import { SLOT_COUNT } from '../../protocol/slots/key-slot.ts';
import { formatNodeLine, type NodeFlag, type NodeLine } from '../../protocol/text/nodes.ts';
import type { BusCore } from './bus-core.ts';
import type { ClusterNode } from './cluster-node.ts';
import type { ClusterState } from './cluster-state.ts';

/** In the order in which CLUSTER NODES shows them. */
export const flagWords: readonly (readonly [number, NodeFlag])[] = [
  [nodeFlag.myself, 'myself'],
  [nodeFlag.master, 'master'],
  [nodeFlag.replica, 'slave'],
  [nodeFlag.pfail, 'fail?'],
  [nodeFlag.fail, 'fail'],
  [nodeFlag.handshake, 'handshake'],
  [nodeFlag.noaddr, 'noaddr'],
  [nodeFlag.nofailover, 'nofailover'],
];

/** `port`: where who reads it finds the node. */
export function describeNode(state: ClusterState, node: ClusterNode, port = node.port): NodeLine {
  const isMyself = node === state.myself;
  const openSlots = (open: ReadonlyMap<number, ClusterNode>): NodeLine['migrating'] =>
    isMyself ? [...open].map(([slot, other]) => ({ slot, nodeId: other.id })) : [];
  return {
    id: node.id,
    ip: node.ip,
    port,
    busPort: node.busPort,
    hostname: node.hostname,
    flags: flagWords.filter(([flag]) => node.has(flag)).map(([, word]) => word),
    masterId: node.master?.id,
    pingSentMs: node.pingSentMs,
    pongReceivedMs: node.pongReceivedMs,
    configEpoch: epochOf(node),
    linkState: node.link !== undefined || isMyself ? 'connected' : 'disconnected',
    slots: node.slots.ranges(),
    migrating: openSlots(state.migrating),
    // A slot that is open both ways is shown as migrating only.
    importing: openSlots(state.importing).filter(({ slot }) => !state.migrating.has(slot)),
  };
}

/** A replica shows its master's. */
export function epochOf(node: ClusterNode): number {
  return (node.isReplica ? node.master?.configEpoch : undefined) ?? node.configEpoch;
}

/** The text of CLUSTER NODES: a line a node, each with its line break. */
export function nodesText(
  state: ClusterState,
  withHandshakes: boolean,
  portOf = (node: ClusterNode): number => node.port,
): string {
  return state.nodes
    .filter((node) => withHandshakes || !node.inHandshake)
    .map((node) => `${formatNodeLine(describeNode(state, node, portOf(node)))}\n`)
    .join('');
}

/** "name:value" each, without line breaks. */
export function infoLines({ state, stats }: BusCore): string[] {
  let [assigned, failing, suspected] = [0, 0, 0];
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const owner = state.owner(slot);
    if (owner === undefined) continue;
    assigned++;
    if (owner.failed) failing++;
    else if (owner.timedOut) suspected++;
  }
  return [
    `cluster_state:${state.ok ? 'ok' : 'fail'}`,
    `cluster_slots_assigned:${assigned}`,
    `cluster_slots_ok:${assigned - failing - suspected}`,
    `cluster_slots_pfail:${suspected}`,
    `cluster_slots_fail:${failing}`,
    `cluster_known_nodes:${state.nodeCount}`,
    `cluster_size:${state.size}`,
    `cluster_current_epoch:${state.currentEpoch}`,
    `cluster_my_epoch:${epochOf(state.myself)}`,
    ...messageLines(stats.sent, 'sent'),
    ...messageLines(stats.received, 'received'),
    `total_cluster_links_buffer_limit_exceeded:${stats.linksOverLimit}`,
  ];
}

function messageLines(counts: readonly number[], direction: string): string[] {
  const lines = MESSAGE_TYPES.map((type, index) => ({ type, count: counts[index] ?? 0 }))
    .filter(({ count }) => count > 0)
    .map(({ type, count }) => `cluster_stats_messages_${type}_${direction}:${count}`);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return [...lines, `cluster_stats_messages_${direction}:${total}`];
}
