/** Owns the making of one picture out of the answers of many nodes. Pure: the answers come from the survey. */
import { type Address, formatAddress } from '../protocol/text/addresses.ts';
import type { NodeLine } from '../protocol/text/nodes.ts';
import {
  type ClusterNode,
  countSlots,
  lineIn,
  type NodeView,
  type Silence,
  type Topology,
} from './topology.ts';

/** A line that stands for a node of the cluster, not for a handshake under way. */
export function isSettled(line: NodeLine): boolean {
  return !line.flags.includes('handshake');
}

/** Nodes that the views tell of and that can be asked: by id, with the address that the first view gives. */
export function knownAddresses(views: readonly NodeView[]): Map<string, Address> {
  const addresses = new Map<string, Address>();
  for (const { lines } of views) {
    for (const line of lines) {
      if (!isSettled(line) || line.flags.includes('noaddr') || line.port === 0) continue;
      const host = line.ip === '' ? line.hostname : line.ip;
      if (host !== '' && !addresses.has(line.id)) addresses.set(line.id, { host, port: line.port });
    }
  }
  return addresses;
}

/** Views come in the order in which their nodes were asked, the seed's first. */
export function mergeViews(
  seed: Address,
  views: readonly NodeView[],
  silences: readonly Silence[] = [],
): Topology {
  const viewOf = new Map(views.map((view) => [view.id, view]));
  const silenceAt = new Map(silences.map(({ address, reason }) => [formatAddress(address), reason]));
  const ids = new Set<string>();
  const [seedView] = views;
  if (seedView !== undefined) ids.add(seedView.id);
  for (const { lines } of views) for (const line of lines) if (isSettled(line)) ids.add(line.id);

  const suspectedBy = suspicions(views);
  const nodes = [...ids].flatMap((id) => {
    const line = lineOf(id, viewOf.get(id), views);
    return line === undefined
      ? []
      : [clusterNode(line, viewOf.get(id), views, suspectedBy.get(id) ?? [], silenceAt)];
  });
  return { seed, nodes };
}

/** What the node says of itself, or else what the first of the others says of it. */
function lineOf(id: string, own: NodeView | undefined, views: readonly NodeView[]): NodeLine | undefined {
  for (const view of own === undefined ? views : [own]) {
    const line = lineIn(view, id);
    if (line !== undefined) return line;
  }
  return undefined;
}

function clusterNode(
  line: NodeLine,
  view: NodeView | undefined,
  views: readonly NodeView[],
  suspectedBy: readonly string[],
  silenceAt: ReadonlyMap<string, string>,
): ClusterNode {
  const address = view?.address ?? { host: line.ip === '' ? line.hostname : line.ip, port: line.port };
  // A node may not know its own address yet; those that met it do.
  const ip = line.ip !== '' ? line.ip : (addressSeenByOthers(line.id, views) ?? '');
  return {
    id: line.id,
    address,
    ip,
    hostname: line.hostname,
    busPort: line.busPort,
    role: line.flags.includes('slave') ? 'replica' : 'master',
    masterId: line.masterId,
    flags: line.flags.filter((flag) => flag !== 'myself'),
    slots: line.slots,
    slotCount: countSlots(line.slots),
    migrating: line.migrating,
    importing: line.importing,
    configEpoch: line.configEpoch,
    suspectedBy,
    view,
    silence:
      view === undefined ? (silenceAt.get(formatAddress(address)) ?? 'its address is not known') : undefined,
  };
}

function addressSeenByOthers(id: string, views: readonly NodeView[]): string | undefined {
  for (const view of views) {
    const ip = lineIn(view, id)?.ip;
    if (ip !== undefined && ip !== '') return ip;
  }
  return undefined;
}

/** Who flags each node as failing. */
function suspicions(views: readonly NodeView[]): Map<string, string[]> {
  const suspectedBy = new Map<string, string[]>();
  for (const view of views) {
    for (const line of view.lines) {
      if (line.id === view.id || !isSuspect(line)) continue;
      const others = suspectedBy.get(line.id) ?? [];
      others.push(view.id);
      suspectedBy.set(line.id, others);
    }
  }
  return suspectedBy;
}

function isSuspect(line: NodeLine): boolean {
  return line.flags.includes('fail') || line.flags.includes('fail?');
}
