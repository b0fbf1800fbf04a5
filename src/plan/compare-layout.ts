/** Owns what differs between a layout and a cluster. Pure. */
import { type Layout, type LayoutNode, standTogether } from '../cluster/layout.ts';
import { type ClusterNode, nameOfId, nameOfNode, nodeById, type Topology } from '../cluster/topology.ts';
import { type Address, formatAddress } from '../protocol/text/addresses.ts';
import { balance } from './balance.ts';
import { type Found, type Roster, rosterOf, wantedMasterOf } from './layout-roster.ts';

/** By which a master's slots may be off its weight, in percent: that of rebalance. */
export const layoutThresholdPercent = 2;

export type DifferenceKind =
  /** A node of the layout is not in the cluster. */
  | 'missing'
  /** A node of the cluster is not in the layout. */
  | 'extra'
  /** It is in the cluster, and does not answer. */
  | 'unreachable'
  | 'role'
  /** It is a replica of another master. */
  | 'master'
  /** It has more or fewer slots than its weight comes to. */
  | 'slots';

export interface Difference {
  readonly kind: DifferenceKind;
  readonly node: Address;
  /** A sentence. */
  readonly message: string;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  /** What is as the layout has it, but not as one would wish: a sentence each. */
  readonly notes: readonly string[];
}

/** Throws a TribError ("usage") when the numbers of the layout do not come out. */
export function compareLayout(layout: Layout, found: Found): Comparison {
  const roster = rosterOf(layout, found, false);
  const { cluster } = found;
  const differences: Difference[] = layout.nodes.flatMap((node) =>
    cluster === undefined || !isMember(node, roster, cluster)
      ? [missing(node, roster, found)]
      : memberDifferences(node, roster, cluster),
  );
  for (const node of roster.extras) {
    const what = node.role === 'replica' ? 'a replica' : `a master with ${node.slotCount} slots`;
    const message = `${nameOfNode(node)} is in the cluster (${what}), and not in the file.`;
    differences.push({ kind: 'extra', node: node.address, message });
  }
  if (cluster !== undefined) differences.push(...slotDifferences(roster));
  return { differences, notes: standTogether(roster.laidOut) };
}

function isMember(node: LayoutNode, { nodeOf }: Roster, cluster: Topology): boolean {
  return nodeById(cluster, nodeOf(node)?.id ?? '') !== undefined;
}

function missing(node: LayoutNode, roster: Roster, { cluster, silences }: Found): Difference {
  const name = formatAddress(node.address);
  const silence = silences.find(({ address }) => formatAddress(address) === name);
  const where = cluster === undefined ? 'is in no cluster yet' : 'is not in the cluster';
  const master = wantedMasterOf(roster, node);
  const what = master === undefined ? 'a master' : `a replica of ${formatAddress(master.address)}`;
  const why = silence === undefined ? '' : ` It cannot be asked: ${silence.reason}`;
  return {
    kind: 'missing',
    node: node.address,
    message: `${name} ${where}; the file has it as ${what}.${why}`,
  };
}

function memberDifferences(node: LayoutNode, roster: Roster, cluster: Topology): Difference[] {
  const own = roster.nodeOf(node);
  if (own === undefined) return [];
  const name = formatAddress(node.address);
  const differ = (kind: DifferenceKind, message: string): Difference => ({
    kind,
    node: node.address,
    message,
  });
  const found: Difference[] = [];
  if (own.view === undefined)
    found.push(differ('unreachable', `${name} cannot be asked: ${own.silence ?? ''}`));
  const master = wantedMasterOf(roster, node);
  const isNow = own.role === 'master' ? 'a master' : `a replica of ${nameOfId(cluster, own.masterId ?? '')}`;
  const shouldBe = master === undefined ? 'a master' : `a replica of ${formatAddress(master.address)}`;
  const wanted = master === undefined ? undefined : roster.nodeOf(master);
  if ((own.role === 'master') !== (master === undefined)) {
    found.push(differ('role', `${name} is ${isNow}; the file has it as ${shouldBe}.`));
  } else if (own.masterId !== wanted?.id) {
    found.push(differ('master', `${name} is ${isNow}; the file has it as ${shouldBe}.`));
  }
  return found;
}

/** Of masters of the layout; those that leave or are to be replicas are told of already. */
function slotDifferences(roster: Roster): Difference[] {
  const holders = roster.holders.filter(({ node, weight }) => weight > 0 || node.slotCount > 0);
  if (!holders.some(({ weight }) => weight > 0)) return [];
  const { shares } = balance(holders, layoutThresholdPercent, undefined);
  const listed = new Set(roster.laidOut.masters.map((node) => roster.nodeOf(node)?.id));
  return shares
    .filter(({ node, before, after }) => before !== after && listed.has(node.id))
    .map(({ node, before, after }) => ({
      kind: 'slots',
      node: addressOf(node),
      message: `${nameOfNode(node)} has ${before} slots; by its weight it comes to ${after}.`,
    }));
}

function addressOf({ address: { host, port } }: ClusterNode): Address {
  return { host, port };
}
