/**
 * Owns the findings about a cluster: what is wrong or doubtful in one picture of it. Pure: reads a topology.
 * An error keeps slots from being served or moved safely; a warning may pass by itself or asks for attention; a
 * note is for information.
 */
import { SLOT_COUNT } from '../protocol/slots/key-slot.ts';
import { formatRanges, rangesOf, type SlotRange } from '../protocol/slots/slot-set.ts';
import { findDisagreements } from './disagreement.ts';
import { findDrift } from './drift.ts';
import { isSettled } from './merge.ts';
import { findRisks } from './resilience.ts';
import {
  type ClusterNode,
  inOrder,
  lineIn,
  mastersOf,
  nameOfId,
  nameOfNode,
  nodeById,
  replicasOf,
  slotHolders,
  slotOwners,
  type Topology,
  viewsOf,
} from './topology.ts';

export type Severity = 'error' | 'warning' | 'note';

export type FindingKind =
  | 'unreachable'
  | 'failing'
  | 'disagreement'
  | 'open-slots'
  | 'uncovered-slots'
  | 'multiple-owners'
  | 'unknown-node'
  | 'unknown-master'
  | 'broken-link'
  | 'epoch-collision'
  | 'replica-without-link'
  | 'replica-behind'
  | 'replica-beside-master'
  | 'majority-at-risk'
  | 'configuration-drift'
  | 'master-without-replica'
  | 'not-serving';

export interface Finding {
  readonly kind: FindingKind;
  readonly severity: Severity;
  /** A sentence that names nodes by address. */
  readonly message: string;
  /** Ids of the nodes that it is about. */
  readonly nodes: readonly string[];
  readonly slots: readonly SlotRange[];
}

/** Errors first, then warnings, then notes; the same for the same cluster, whatever order its nodes were told in. */
export function findProblems(given: Topology): Finding[] {
  const topology: Topology = { ...given, nodes: inOrder(given) };
  const findings = [
    ...unreachableNodes(topology),
    ...failingNodes(topology),
    ...findDisagreements(topology),
    ...openSlots(topology),
    ...uncoveredSlots(topology),
    ...multipleOwners(topology),
    ...unknownNodes(topology),
    ...unknownMasters(topology),
    ...brokenLinks(topology),
    ...epochCollisions(topology),
    ...replicasWithoutLink(topology),
    ...mastersWithoutReplica(topology),
    ...notServing(topology),
    ...findRisks(topology),
    ...findDrift(topology),
  ];
  const order: readonly Severity[] = ['error', 'warning', 'note'];
  return order.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'error');
}

function finding(
  kind: FindingKind,
  severity: Severity,
  message: string,
  nodes: readonly ClusterNode[],
  slots: readonly SlotRange[] = [],
): Finding {
  return { kind, severity, message, nodes: nodes.map(({ id }) => id), slots };
}

function unreachableNodes({ nodes }: Topology): Finding[] {
  return nodes
    .filter(({ silence }) => silence !== undefined)
    .map((node) =>
      finding('unreachable', 'error', `Node ${nameOfNode(node)} cannot be asked: ${node.silence}`, [node]),
    );
}

function failingNodes(topology: Topology): Finding[] {
  return topology.nodes
    .filter(({ suspectedBy }) => suspectedBy.length > 0)
    .map((node) => {
      const by = node.suspectedBy.map((id) => nameOfId(topology, id)).join(', ');
      return finding('failing', 'error', `Node ${nameOfNode(node)} is seen as failing by ${by}.`, [node]);
    });
}

function openSlots(topology: Topology): Finding[] {
  return topology.nodes.flatMap((node) => {
    const found: Finding[] = [];
    for (const [state, open] of [
      ['migrating', node.migrating],
      ['importing', node.importing],
    ] as const) {
      if (open.length === 0) continue;
      const slots = rangesOf(open.map(({ slot }) => slot).sort((a, b) => a - b));
      const message = `Node ${nameOfNode(node)} has slots in ${state} state ${formatRanges(slots, ',')}.`;
      found.push(finding('open-slots', 'error', message, [node], slots));
    }
    return found;
  });
}

/** Slots without a master, and slots whose master does not answer: nobody serves either. */
function uncoveredSlots(topology: Topology): Finding[] {
  const owners = slotOwners(topology);
  const nobodys: number[] = [];
  const bySilent = new Map<ClusterNode, number[]>();
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const owner = owners[slot];
    if (owner === undefined) nobodys.push(slot);
    else if (owner.silence !== undefined) {
      const its = bySilent.get(owner);
      if (its === undefined) bySilent.set(owner, [slot]);
      else its.push(slot);
    }
  }
  const found: Finding[] = [];
  if (nobodys.length > 0) {
    const slots = rangesOf(nobodys);
    const message = `${nobodys.length} slots have no master: ${formatRanges(slots, ',')}.`;
    found.push(finding('uncovered-slots', 'error', message, [], slots));
  }
  for (const [node, its] of bySilent) {
    const slots = rangesOf(its);
    const message = `${its.length} slots have a master that cannot be asked, ${nameOfNode(node)}: ${formatRanges(slots, ',')}.`;
    found.push(finding('uncovered-slots', 'error', message, [node], slots));
  }
  return found;
}

/** Slots that more than one master takes for its own. */
function multipleOwners(topology: Topology): Finding[] {
  const claimed = mastersOf(topology).reduce((sum, { slotCount }) => sum + slotCount, 0);
  const owned = slotOwners(topology).filter((owner) => owner !== undefined).length;
  if (claimed === owned) return [];
  const claims = new Map<number, ClusterNode[]>();
  for (const node of mastersOf(topology)) {
    for (const { first, last } of node.slots) {
      for (let slot = first; slot <= last; slot++) {
        const claimants = claims.get(slot);
        if (claimants === undefined) claims.set(slot, [node]);
        else claimants.push(node);
      }
    }
  }
  const bySet = new Map<string, { nodes: ClusterNode[]; slots: number[] }>();
  for (const [slot, nodes] of claims) {
    if (nodes.length < 2) continue;
    const key = nodes.map(({ id }) => id).join();
    const group = bySet.get(key) ?? { nodes, slots: [] };
    group.slots.push(slot);
    bySet.set(key, group);
  }
  return [...bySet.values()].map(({ nodes, slots }) => {
    const ranges = rangesOf(slots.sort((a, b) => a - b));
    const names = nodes.map(nameOfNode).join(' and ');
    const message = `Slots ${formatRanges(ranges, ',')} are claimed by ${names}.`;
    return finding('multiple-owners', 'error', message, nodes, ranges);
  });
}

/** Who does not know whom: a node that a master does not know cannot take or give slots. */
function unknownNodes(topology: Topology): Finding[] {
  const views = viewsOf(topology);
  return topology.nodes.flatMap((node) => {
    const strangers = views.filter((view) => {
      const line = lineIn(view, node.id);
      return line === undefined || !isSettled(line);
    });
    if (strangers.length === 0) return [];
    const names = strangers.map(nameOfNode).join(', ');
    return [finding('unknown-node', 'error', `Node ${nameOfNode(node)} is not known to ${names}.`, [node])];
  });
}

function unknownMasters(topology: Topology): Finding[] {
  return topology.nodes
    .filter(({ masterId }) => masterId !== undefined && nodeById(topology, masterId) === undefined)
    .map((node) =>
      finding(
        'unknown-master',
        'error',
        `${nameOfNode(node)} claims to be slave of unknown node ID ${node.masterId}.`,
        [node],
      ),
    );
}

/** Links of the bus that are down although nobody is seen as failing. */
function brokenLinks(topology: Topology): Finding[] {
  const views = viewsOf(topology);
  return topology.nodes.flatMap((node) => {
    if (node.suspectedBy.length > 0 || node.silence !== undefined) return [];
    const cut = views.filter((view) => {
      const line = lineIn(view, node.id);
      return line?.linkState === 'disconnected' && isSettled(line);
    });
    if (cut.length === 0) return [];
    const names = cut.map(nameOfNode).join(', ');
    const message = `The bus port ${node.busPort} of ${nameOfNode(node)} has no link from ${names}.`;
    return [finding('broken-link', 'warning', message, [node])];
  });
}

function epochCollisions(topology: Topology): Finding[] {
  const byEpoch = new Map<number, ClusterNode[]>();
  for (const node of mastersOf(topology)) {
    if (node.slotCount === 0) continue;
    byEpoch.set(node.configEpoch, [...(byEpoch.get(node.configEpoch) ?? []), node]);
  }
  return [...byEpoch].flatMap(([epoch, nodes]) => {
    if (nodes.length < 2) return [];
    const names = nodes.map(nameOfNode).join(' and ');
    return [
      finding('epoch-collision', 'warning', `Masters ${names} have the same config epoch ${epoch}.`, nodes),
    ];
  });
}

function replicasWithoutLink(topology: Topology): Finding[] {
  return topology.nodes
    .filter(({ role, view }) => role === 'replica' && view?.masterLinkUp === false)
    .map((node) => {
      const master = nameOfId(topology, node.masterId ?? '');
      const message = node.view?.replication.syncing
        ? `Replica ${nameOfNode(node)} is being sent the data of its master ${master}.`
        : `Replica ${nameOfNode(node)} has no link to its master ${master} yet.`;
      return finding('replica-without-link', 'warning', message, [node]);
    });
}

/** Where some masters have replicas, one that has none was forgotten; where none has, it was meant. */
function mastersWithoutReplica(topology: Topology): Finding[] {
  const masters = slotHolders(topology);
  const alone = masters.filter(({ id }) => replicasOf(topology, id).length === 0);
  if (alone.length === 0) return [];
  const names = alone.map(nameOfNode).join(', ');
  const plural = alone.length > 1;
  const message = `${plural ? 'Masters' : 'Master'} without a replica: ${names}.`;
  return [
    finding('master-without-replica', alone.length < masters.length ? 'warning' : 'note', message, alone),
  ];
}

/** Nodes that answer CLUSTERDOWN, where slots and masters give no reason for it. */
function notServing(topology: Topology): Finding[] {
  const down = topology.nodes.filter(({ view }) => view?.state === 'fail');
  if (down.length === 0) return [];
  const names = down.map(nameOfNode).join(', ');
  const message = `Clients are refused (cluster_state is fail) by ${names}.`;
  return [finding('not-serving', 'warning', message, down)];
}
