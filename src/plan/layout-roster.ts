/**
 * Owns the meeting of a layout with what was found: which node of the layout is which node of the cluster, which are
 * still alone, and what has to become of each so that the cluster is as the layout has it. Pure.
 */
import { isAt, type LaidOut, type Layout, type LayoutNode, layOut, type Present } from '../cluster/layout.ts';
import { type ClusterNode, inOrder, nodeById, type Silence, type Topology } from '../cluster/topology.ts';
import { formatAddress } from '../protocol/text/addresses.ts';
import type { Newcomer } from './add-node.ts';
import type { Weighted } from './balance.ts';

/** What was found at the addresses of a layout. */
export interface Found {
  /** The cluster that some of the nodes are; undefined when none of them has slots. */
  readonly cluster: Topology | undefined;
  /** Nodes that answer, and are not in it. */
  readonly newcomers: readonly Newcomer[];
  /** Addresses that do not answer, and are not in it. */
  readonly silences: readonly Silence[];
  /** The ids of nodes by the address that the layout has for them. */
  readonly ids: ReadonlyMap<string, string>;
}

/** What has to become of the nodes. Masters are as they are once every failover is done. */
export interface Roster {
  readonly laidOut: LaidOut;
  readonly nodeOf: (node: LayoutNode) => ClusterNode | undefined;
  /** Nodes of the cluster that the layout does not have. */
  readonly extras: readonly ClusterNode[];
  /** The replica takes the place of its master. */
  readonly failovers: readonly { readonly replica: ClusterNode; readonly master: ClusterNode }[];
  /** Replicas that are to be masters beside their master: nobody hands over to them. */
  readonly released: readonly ClusterNode[];
  /** Masters with their weights, and those that are to lose all slots. */
  readonly holders: readonly Weighted[];
}

/** Throws a TribError ("usage") when the numbers of the layout do not come out. `prune`: extras lose their slots. */
export function rosterOf(layout: Layout, found: Found, prune: boolean): Roster {
  const nodes = new Map(layout.nodes.map((node) => [node, clusterNodeOf(node, found)]));
  const nodeOf = (node: LayoutNode): ClusterNode | undefined => nodes.get(node);
  const laidOut = layOut(layout, (node) => presentOf(node, layout, found, nodeOf));
  const listed = new Set([...nodes.values()].map((node) => node?.id));
  const extras = (found.cluster === undefined ? [] : inOrder(found.cluster)).filter(
    ({ id }) => !listed.has(id),
  );
  const masters = laidOut.masters.flatMap((node) => {
    const own = nodeOf(node);
    return own === undefined ? [] : [{ node: own, weight: node.weight }];
  });
  const wanted = new Set(masters.map(({ node }) => node.id));
  const failovers: { replica: ClusterNode; master: ClusterNode }[] = [];
  const released: ClusterNode[] = [];
  const holders = masters.map(({ node, weight }): Weighted => {
    if (node.role === 'master') return { node, weight };
    const master = found.cluster === undefined ? undefined : nodeById(found.cluster, node.masterId ?? '');
    const isFree =
      master?.role === 'master' &&
      master.slotCount > 0 &&
      !wanted.has(master.id) &&
      !failovers.some((other) => other.master.id === master.id);
    if (!isFree) {
      released.push(node);
      return { node: { ...node, role: 'master', masterId: undefined }, weight };
    }
    failovers.push({ replica: node, master });
    const { slots, slotCount, migrating, importing } = master;
    return {
      node: { ...node, role: 'master', masterId: undefined, slots, slotCount, migrating, importing },
      weight,
    };
  });
  return {
    laidOut,
    nodeOf,
    extras,
    failovers,
    released,
    holders: [...holders, ...drained(laidOut, nodeOf, prune ? extras : [], failovers)],
  };
}

/** Masters that are to be replicas, or to leave, and have slots that no failover takes. */
function drained(
  { replicas }: LaidOut,
  nodeOf: Roster['nodeOf'],
  leaving: readonly ClusterNode[],
  failovers: Roster['failovers'],
): Weighted[] {
  const demoted = replicas.flatMap(({ node }) => nodeOf(node) ?? []);
  return [...demoted, ...leaving]
    .filter(({ role, slotCount }) => role === 'master' && slotCount > 0)
    .filter(({ id }) => !failovers.some(({ master }) => master.id === id))
    .map((node) => ({ node, weight: 0 }));
}

function clusterNodeOf(node: LayoutNode, { cluster, newcomers, ids }: Found): ClusterNode | undefined {
  const id = ids.get(formatAddress(node.address));
  const known = cluster === undefined || id === undefined ? undefined : nodeById(cluster, id);
  return known ?? newcomers.find((newcomer) => newcomer.node.id === id)?.node;
}

function presentOf(
  node: LayoutNode,
  layout: Layout,
  { cluster }: Found,
  nodeOf: Roster['nodeOf'] = () => undefined,
): Present | undefined {
  const own = nodeOf(node);
  if (own === undefined || cluster === undefined || nodeById(cluster, own.id) === undefined) return undefined;
  return {
    role: own.role,
    hasSlots: own.slotCount > 0,
    master: layout.nodes.find((other) => own.masterId !== undefined && nodeOf(other)?.id === own.masterId),
  };
}

/** The node of the layout whose replica this is to be; undefined for masters. */
export function wantedMasterOf({ laidOut }: Roster, node: LayoutNode): LayoutNode | undefined {
  return laidOut.replicas.find((place) => isAt(place.node, node.address))?.master;
}
