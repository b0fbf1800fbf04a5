/**
 * Owns the plan that brings a cluster to a layout: new nodes join, replicas take over where masters change, slots move,
 * replicas find their masters, and who is not wanted any more leaves. Pure.
 */
import { isAt, type Layout, type LayoutNode } from '../cluster/layout.ts';
import { answeringNodes, type ClusterNode, inOrder, nodeById, type Topology } from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import { formatAddress } from '../protocol/text/addresses.ts';
import { functionSteps, refuseNewcomer } from './add-node.ts';
import { balance } from './balance.ts';
import { layoutThresholdPercent } from './compare-layout.ts';
import { leavingSteps, refuseLoss } from './del-node.ts';
import { type Found, type Roster, rosterOf, wantedMasterOf } from './layout-roster.ts';
import { refuseTransfers } from './obstacles.ts';
import { type MoveOptions, type NodeRef, PLAN_VERSION, type PlainPlan, refTo, type Step } from './plan.ts';
import { refuseUselessWeights } from './rebalance.ts';
import { moveStep, type Transfer } from './steps/move-slots.ts';

export interface ApplyLayoutRequest {
  readonly layout: Layout;
  /** Nodes of the cluster that the layout does not have leave it. */
  readonly prune: boolean;
  readonly options: MoveOptions;
}

/** A cluster that is there, and what else answers at the addresses of a layout. */
export type FoundCluster = Found & { readonly cluster: Topology };

/**
 * Has no steps when nothing differs. Throws a TribError: "usage" when the numbers do not come out, "connect" when a
 * node of the layout does not answer, "unsafe" when one is not empty or something is wrong with the cluster.
 */
export function planApplyLayout(found: FoundCluster, request: ApplyLayoutRequest): PlainPlan {
  const { cluster } = found;
  const roster = rosterOf(request.layout, found, request.prune);
  refuseAway(request.layout, roster);
  const joining = found.newcomers.filter(({ node }) => nodeById(cluster, node.id) === undefined);
  for (const newcomer of joining) refuseNewcomer(cluster, newcomer);
  const leaving = request.prune ? roster.extras : [];
  for (const node of leaving) refuseLoss(cluster, node, true);
  refuseUselessWeights(roster.holders);
  const { transfers } = balance(roster.holders, layoutThresholdPercent, undefined);
  const holders = roster.holders.flatMap(({ node }) => nodeById(cluster, node.id) ?? []);
  refuseTransfers(cluster, transfers, holders, 'applying a topology file');
  const all = [
    ...cluster.nodes.filter(({ view, id }) => view !== undefined && !leaving.some((node) => node.id === id)),
    ...joining.map(({ node }) => node),
  ].map(refTo);
  const waitForAll = (roles: boolean): Step => ({ kind: 'wait-agreement', nodes: all, roles });
  const work: Step[][] = [
    joinSteps(found, roster, all),
    roster.failovers.map(({ replica, master }) => ({
      kind: 'failover',
      replica: refTo(replica),
      master: refTo(master),
      way: 'manual',
    })),
    [
      ...servingSteps(found, roster, transfers),
      ...stayingSteps(roster, false),
      ...transfers.map(moveStep),
      ...stayingSteps(roster, true),
    ],
    replicaSteps(request.layout, roster, cluster, transfers),
    ...leavingTogether(
      cluster,
      leaving,
      joining.map(({ node }) => node),
    ),
  ];
  return {
    version: PLAN_VERSION,
    operation: 'topology',
    seed: seedOf(request.layout, roster, cluster),
    options: request.options,
    steps: work.flatMap((steps) => (steps.length === 0 ? [] : [...steps, waitForAll(true)])),
  };
}

/** Throws a TribError ("connect"): nothing is planned for a node that cannot be asked. */
function refuseAway({ nodes }: Layout, roster: Roster): void {
  const away = nodes.filter((node) => roster.nodeOf(node)?.view === undefined);
  if (away.length === 0) return;
  const names = away.map(({ address }) => formatAddress(address)).join(', ');
  throw new TribError('connect', `These nodes of the file cannot be asked: ${names}.`, {
    hint: 'Start them, or take them out of the file.',
  });
}

/** New nodes, and replicas that are to be masters beside their own. */
function joinSteps(found: FoundCluster, roster: Roster, all: readonly NodeRef[]): Step[] {
  const { cluster, newcomers } = found;
  const members = answeringNodes(cluster);
  const masters = new Set(roster.laidOut.masters.map((node) => roster.nodeOf(node)?.id));
  const joining = newcomers.filter(({ node }) => nodeById(cluster, node.id) === undefined);
  if (joining.length === 0 && roster.released.length === 0) return [];
  return [
    // A replica gets functions from its master.
    ...joining
      .filter(({ node }) => masters.has(node.id))
      .flatMap((newcomer) => functionSteps({ ...cluster, nodes: inOrder(cluster) }, newcomer)),
    ...roster.released.map((node): Step => {
      const others = members.filter(({ id }) => id !== node.id).map(refTo);
      return { kind: 'release', node: refTo(node), members: others };
    }),
    ...joining.map(({ node }): Step => ({ kind: 'join', node: refTo(node), members: members.map(refTo) })),
    { kind: 'wait-joined', nodes: all },
  ];
}

/** A new master refuses clients for a while: those whose keys are on their way to it would be sent there in vain. */
function servingSteps(found: FoundCluster, roster: Roster, transfers: readonly Transfer[]): Step[] {
  const fresh = [...found.newcomers.map(({ node }) => node), ...roster.released].filter(({ id }) =>
    transfers.some(({ target }) => target.id === id),
  );
  return fresh.length === 0 ? [] : [{ kind: 'wait-serving', nodes: fresh.map(refTo) }];
}

/** A master that gives its last slot would follow it to another, unless that is switched off meanwhile. */
function stayingSteps({ holders, laidOut, nodeOf }: Roster, allow: boolean): Step[] {
  const masters = new Set(laidOut.masters.map((node) => nodeOf(node)?.id));
  return holders
    .filter(({ node, weight }) => weight === 0 && node.slotCount > 0 && masters.has(node.id))
    .filter(({ node }) => node.view?.settings?.get('cluster-allow-replica-migration') === 'yes')
    .map(({ node }) => ({ kind: 'replica-migration', node: refTo(node), allow }));
}

/** For each replica whose master is another than it is to be, or might become another on the way. */
function replicaSteps(
  layout: Layout,
  roster: Roster,
  cluster: Topology,
  transfers: readonly Transfer[],
): Step[] {
  const drained = new Set(roster.holders.filter(({ weight }) => weight === 0).map(({ node }) => node.id));
  const takers = transfers.filter(({ source }) => drained.has(source.id)).map(({ target }) => target.id);
  return layout.nodes.flatMap((node): Step[] => {
    const [own, master] = [roster.nodeOf(node), masterNodeOf(node, roster)];
    if (own === undefined || master === undefined) return [];
    const follows = masterAfterFailovers(own, roster);
    const wanders = drained.has(own.id) || (own.masterId !== undefined && drained.has(own.masterId));
    if (nodeById(cluster, own.id) !== undefined && follows === master.id && !wanders) return [];
    const passing = new Set([...(follows === undefined ? [] : [follows]), ...(wanders ? takers : [])]);
    return [
      {
        kind: 'replicate',
        node: refTo(own),
        master: refTo(master),
        formerMasterId: own.masterId ?? '',
        ...(passing.size === 0 ? {} : { passingMasterIds: [...passing] }),
        ...(drained.has(own.id) ? { drainedBefore: true } : {}),
      },
    ];
  });
}

function masterNodeOf(node: LayoutNode, roster: Roster): ClusterNode | undefined {
  const master = wantedMasterOf(roster, node);
  return master === undefined ? undefined : roster.nodeOf(master);
}

/** Whom the node follows once the failovers are done; undefined: nobody. */
function masterAfterFailovers(node: ClusterNode, { failovers }: Roster): string | undefined {
  const replaced = failovers.find(({ master }) => master.id === node.id || master.id === node.masterId);
  return replaced === undefined ? node.masterId : replaced.replica.id;
}

/** Replicas first: none of them can forget its master. All forget who leaves before it forgets the cluster. */
function leavingTogether(
  cluster: Topology,
  leaving: readonly ClusterNode[],
  newcomers: readonly ClusterNode[],
): Step[][] {
  return (['replica', 'master'] as const).map((role) => {
    const steps = leaving
      .filter((node) => node.role === role)
      .flatMap((node) => leavingSteps(cluster, node, ...newcomers));
    return [
      ...steps.filter(({ kind }) => kind === 'forget'),
      ...steps.filter(({ kind }) => kind === 'reset'),
    ];
  });
}

/** A node of the layout that is in the cluster. */
function seedOf({ nodes }: Layout, roster: Roster, cluster: Topology): Topology['seed'] {
  const seed = nodes.find((node) => {
    const own = roster.nodeOf(node);
    return own?.view !== undefined && nodeById(cluster, own.id) !== undefined;
  });
  return seed === undefined || isAt(seed, cluster.seed) ? cluster.seed : seed.address;
}
