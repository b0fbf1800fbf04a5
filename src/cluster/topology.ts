/**
 * Owns the picture of a cluster: an immutable snapshot that keeps who said what. What a node says of itself decides
 * its role, its slots and its epoch; what the others say of it is kept beside, so that disagreements are data.
 */
import { SLOT_COUNT } from '../protocol/slots/key-slot.ts';
import type { SlotRange } from '../protocol/slots/slot-set.ts';
import { type Address, formatAddress } from '../protocol/text/addresses.ts';
import type { NodeLine, OpenSlot } from '../protocol/text/nodes.ts';

/** What one node answered. */
export interface NodeView {
  readonly id: string;
  /** Where it was asked. */
  readonly address: Address;
  /** CLUSTER NODES as this node sees it. */
  readonly lines: readonly NodeLine[];
  /** cluster_state: whether it serves clients. */
  readonly state: 'ok' | 'fail';
  readonly currentEpoch: number;
  /** Keys in all databases. */
  readonly keyCount: number;
  /** Of a replica: whether the link to its master is up. */
  readonly masterLinkUp: boolean | undefined;
  readonly replication: Replication;
  readonly version: string;
  /** Where it stands, if it was told (availability-zone of Valkey); "" otherwise. */
  readonly zone: string;
  /** Settings that should be the same on all nodes, where they were asked for; passwords only as numbers of their own. */
  readonly settings: ReadonlyMap<string, string> | undefined;
}

/** How far a node is in the stream of writes. */
export interface Replication {
  /** Bytes of the stream that it has written (a master) or taken in (a replica). */
  readonly offset: number | undefined;
  /** A replica that is being sent the whole data set. */
  readonly syncing: boolean;
  /** Seconds since a replica has heard from its master. */
  readonly silentSeconds: number | undefined;
}

/** A node that gave no view: not there, or not willing. */
export interface Silence {
  readonly address: Address;
  /** The reason as a sentence for an operator. */
  readonly reason: string;
}

export interface ClusterNode {
  readonly id: string;
  /** Where to reach it from here. */
  readonly address: Address;
  /** What the cluster calls it; "" when it does not know. */
  readonly ip: string;
  readonly hostname: string;
  readonly busPort: number;
  readonly role: 'master' | 'replica';
  readonly masterId: string | undefined;
  /** Without "myself"; the flags that others gave it (fail, fail?) are in `suspectedBy`. */
  readonly flags: readonly string[];
  readonly slots: readonly SlotRange[];
  readonly slotCount: number;
  readonly migrating: readonly OpenSlot[];
  readonly importing: readonly OpenSlot[];
  readonly configEpoch: number;
  /** Ids of the nodes that flag it as failing. */
  readonly suspectedBy: readonly string[];
  readonly view: NodeView | undefined;
  readonly silence: string | undefined;
}

export interface Topology {
  /** Where the survey began. */
  readonly seed: Address;
  /** The seed first, then in the order of the seed's CLUSTER NODES, then those that only others know. */
  readonly nodes: readonly ClusterNode[];
}

export function countSlots(ranges: readonly SlotRange[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

/** The seed first, then by address: CLUSTER NODES has no order that means something. */
export function inOrder({ nodes: [seed, ...others] }: Topology): ClusterNode[] {
  const sorted = others.sort(
    (a, b) => a.address.host.localeCompare(b.address.host) || a.address.port - b.address.port,
  );
  return seed === undefined ? [] : [seed, ...sorted];
}

export function mastersOf(topology: Topology): ClusterNode[] {
  return topology.nodes.filter((node) => node.role === 'master');
}

/** Masters that have slots. */
export function slotHolders(topology: Topology): ClusterNode[] {
  return mastersOf(topology).filter(({ slotCount }) => slotCount > 0);
}

/** Nodes that gave a view. */
export function answeringNodes(topology: Topology): ClusterNode[] {
  return topology.nodes.filter(({ view }) => view !== undefined);
}

export function replicasOf(topology: Topology, masterId: string): ClusterNode[] {
  return topology.nodes.filter((node) => node.masterId === masterId);
}

export function nodeById(topology: Topology, id: string): ClusterNode | undefined {
  return topology.nodes.find((node) => node.id === id);
}

/** Lines are looked for by id again and again, in as many views as there are nodes. */
const indexes = new WeakMap<NodeView, ReadonlyMap<string, NodeLine>>();

/** What a view says of a node. */
export function lineIn(view: NodeView, id: string): NodeLine | undefined {
  let index = indexes.get(view);
  if (index === undefined) {
    index = new Map(view.lines.map((line) => [line.id, line]));
    indexes.set(view, index);
  }
  return index.get(id);
}

export function viewsOf(topology: Topology): NodeView[] {
  return topology.nodes.flatMap(({ view }) => (view === undefined ? [] : [view]));
}

/** How a node is named in sentences. */
export function nameOfNode(node: Pick<ClusterNode, 'address'>): string {
  return formatAddress(node.address);
}

/** The address by id, for sentences about nodes that may not be in the picture. */
export function nameOfId(topology: Topology, id: string): string {
  const node = nodeById(topology, id);
  return node === undefined ? `${id.slice(0, 8)}...` : nameOfNode(node);
}

/** The master of each slot by what masters say of themselves; the higher epoch wins. Undefined: nobody's. */
export function slotOwners(topology: Topology): (ClusterNode | undefined)[] {
  const owners: (ClusterNode | undefined)[] = new Array(SLOT_COUNT).fill(undefined);
  for (const node of mastersOf(topology)) {
    for (const { first, last } of node.slots) {
      for (let slot = first; slot <= last; slot++) {
        const other = owners[slot];
        if (other === undefined || other.configEpoch < node.configEpoch) owners[slot] = node;
      }
    }
  }
  return owners;
}

/** The slots with their owners in a canonical form: two views that agree about slots have the same. */
export function slotSignature(lines: readonly NodeLine[]): string {
  return lines
    .filter((line) => line.slots.length > 0)
    .map((line) => `${line.id}:${line.slots.map(({ first, last }) => `${first}-${last}`).join(',')}`)
    .sort()
    .join('|');
}

export function allAgreeAboutSlots(views: readonly NodeView[]): boolean {
  return new Set(views.map((view) => slotSignature(view.lines))).size <= 1;
}
