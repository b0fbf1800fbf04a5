/** Owns how nodes and events look as data, for --json and --events: plain, stable, without what only trib needs. */
import type { ClusterNode, Topology } from '../../cluster/topology.ts';
import { EVENTS_VERSION, type TribEvent } from '../../execute/events.ts';
import { formatRanges } from '../../protocol/slots/slot-set.ts';

export function nodeData(node: ClusterNode): Record<string, unknown> {
  return {
    id: node.id,
    host: node.address.host,
    port: node.address.port,
    busPort: node.busPort,
    role: node.role,
    masterId: node.masterId ?? null,
    slots: formatRanges(node.slots, ','),
    slotCount: node.slotCount,
    migrating: node.migrating,
    importing: node.importing,
    flags: node.flags,
    configEpoch: node.configEpoch,
    reachable: node.view !== undefined,
    ...(node.silence === undefined ? {} : { reason: node.silence }),
    suspectedBy: node.suspectedBy,
    keys: node.view?.keyCount ?? null,
    serving: node.view === undefined ? null : node.view.state === 'ok',
    masterLinkUp: node.view?.masterLinkUp ?? null,
    version: node.view?.version ?? null,
  };
}

export function topologyData({ nodes }: Topology): Record<string, unknown>[] {
  return nodes.map(nodeData);
}

/** One line of NDJSON, without its end. */
export function eventLine(event: TribEvent): string {
  const data =
    'topology' in event ? { ...event, topology: undefined, nodes: topologyData(event.topology) } : event;
  return JSON.stringify({ v: EVENTS_VERSION, ...data });
}
