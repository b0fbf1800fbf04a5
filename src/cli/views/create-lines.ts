/** Owns the lines about the making of a cluster, as redis-cli writes them. */
import { countSlots, type Topology } from '../../cluster/topology.ts';
import type { AssignSlots, Plan, Replicate, Step } from '../../plan/plan.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import type { Session } from '../session.ts';
import { bracketed } from './node-lines.ts';

export const createLines = { planned, stepStarted };

function planned(plan: Plan, topology: Topology, { paint }: Session): string[] {
  const assigned = plan.steps.filter((step) => step.kind === 'assign-slots');
  const replicas = plan.steps.filter((step) => step.kind === 'replicate');
  const lines = [
    paint('bold', `>>> Performing hash slots allocation on ${topology.nodes.length} nodes...`),
    ...assigned.map(
      ({ slots: [range] }, index) => `Master[${index}] -> Slots ${range?.first} - ${range?.last}`,
    ),
    ...replicas.map(
      ({ node, master }) =>
        `Adding replica ${formatAddress(node.address)} to ${formatAddress(master.address)}`,
    ),
  ];
  if (plan.operation === 'create' && plan.antiAffinity !== 'perfect') {
    const who =
      plan.antiAffinity === 'replica-with-master'
        ? 'are in the same host as their master'
        : 'of the same master are in the same host';
    lines.push(
      paint('bold', '>>> Trying to optimize slaves allocation for anti-affinity'),
      paint('yellow', `[WARNING] Some slaves ${who}`),
    );
  }
  for (const node of topology.nodes) lines.push(...plannedNodeLines(node.id, assigned, replicas));
  return lines;
}

function plannedNodeLines(
  id: string,
  assigned: readonly AssignSlots[],
  replicas: readonly Replicate[],
): string[] {
  const master = assigned.find(({ node }) => node.id === id);
  if (master !== undefined) {
    const { node, slots } = master;
    return [
      `M: ${id} ${formatAddress(node.address)}`,
      `   slots:${bracketed(slots)} (${countSlots(slots)} slots) master`,
    ];
  }
  const replica = replicas.find(({ node }) => node.id === id);
  if (replica === undefined) return [];
  return [`S: ${id} ${formatAddress(replica.node.address)}`, `   replicates ${replica.master.id}`];
}

function stepStarted({ kind }: Step, first: boolean, { paint }: Session): string[] {
  if (!first) return [];
  switch (kind) {
    case 'set-config-epoch':
      return [
        paint('bold', '>>> Nodes configuration updated'),
        paint('bold', '>>> Assign a different config epoch to each node'),
      ];
    case 'meet':
      return [paint('bold', '>>> Sending CLUSTER MEET messages to join the cluster')];
    case 'wait-joined':
      return ['Waiting for the cluster to join'];
    case 'wait-serving':
      return ['Waiting for the cluster to serve clients'];
    default:
      return [];
  }
}
