/** Owns the lines in which a plan is shown before it is approved, as redis-cli writes them. */
import type { Topology } from '../../cluster/topology.ts';
import { countSlots, nodeById } from '../../cluster/topology.ts';
import {
  type AssignSlots,
  type CreatePlan,
  describeStep,
  type MoveSlots,
  type Plan,
  type Replicate,
  type ReshardPlan,
} from '../../plan/plan.ts';
import { slotsInPlan } from '../../plan/reshard.ts';
import { SlotSet } from '../../protocol/slots/slot-set.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import type { Paint } from '../style.ts';
import { bracketed, nodeLines } from './node-lines.ts';

export function createPlanLines(plan: CreatePlan, topology: Topology, paint: Paint): string[] {
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
  if (plan.antiAffinity !== 'perfect') {
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

/** With a line for every slot; `summary` has one for every source instead, for a person. */
export function reshardPlanLines(plan: ReshardPlan, topology: Topology, summary: boolean): string[] {
  const moves = plan.steps.filter((step) => step.kind === 'move-slots');
  const describe = (id: string): string[] => {
    const node = nodeById(topology, id);
    return node === undefined ? [] : nodeLines(node, topology, '    ');
  };
  const [first] = moves;
  const planned = slotsInPlan(plan);
  return [
    '',
    `Ready to move ${plan.slots} slots.`,
    '  Source nodes:',
    ...moves.flatMap(({ source }) => describe(source.id)),
    '  Destination node:',
    ...(first === undefined ? [] : describe(first.target.id)),
    '  Resharding plan:',
    ...moves.flatMap((move) => (summary ? [summaryLine(move)] : slotLines(move))),
    ...(planned === plan.slots ? [] : [`  The shares of the sources come to ${planned} slots.`]),
  ];
}

function slotLines({ source, slots }: MoveSlots): string[] {
  return [...SlotSet.fromRanges(slots)].map((slot) => `    Moving slot ${slot} from ${source.id}`);
}

function summaryLine({ source, slots }: MoveSlots): string {
  return `    Moving ${countSlots(slots)} slots ${bracketed(slots)} from ${formatAddress(source.address)}`;
}

/** Every step in words, for --dry-run and for plans from files. */
export function stepLines(plan: Plan): string[] {
  return ['Plan:', ...plan.steps.map((step, index) => `  ${index + 1}. ${describeStep(step)}`)];
}
