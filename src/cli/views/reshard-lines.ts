/** Owns the lines about a reshard, as redis-cli writes them. */
import { countSlots, nodeById, type Topology } from '../../cluster/topology.ts';
import type { MoveSlots, Plan } from '../../plan/plan.ts';
import { slotsInPlan } from '../../plan/reshard.ts';
import { SlotSet } from '../../protocol/slots/slot-set.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import type { Session } from '../session.ts';
import { bracketed, nodeLines } from './node-lines.ts';

export const reshardLines = { planned, stepStarted: (): string[] => [] };

/** With a line for every slot; on a terminal, with one for every source instead. */
function planned(plan: Plan, topology: Topology, { isTerminal }: Session): string[] {
  const moves = plan.steps.filter((step) => step.kind === 'move-slots');
  const describe = (id: string): string[] => {
    const node = nodeById(topology, id);
    return node === undefined ? [] : nodeLines(node, topology, '    ');
  };
  const [first] = moves;
  const inPlan = slotsInPlan(plan);
  const wanted = plan.operation === 'reshard' ? plan.slots : inPlan;
  return [
    '',
    `Ready to move ${wanted} slots.`,
    '  Source nodes:',
    ...moves.flatMap(({ source }) => describe(source.id)),
    '  Destination node:',
    ...(first === undefined ? [] : describe(first.target.id)),
    '  Resharding plan:',
    ...moves.flatMap((move) => (isTerminal ? [summaryLine(move)] : slotLines(move))),
    ...(inPlan === wanted ? [] : [`  The shares of the sources come to ${inPlan} slots.`]),
  ];
}

function slotLines({ source, slots }: MoveSlots): string[] {
  return [...SlotSet.fromRanges(slots)].map((slot) => `    Moving slot ${slot} from ${source.id}`);
}

function summaryLine({ source, slots }: MoveSlots): string {
  return `    Moving ${countSlots(slots)} slots ${bracketed(slots)} from ${formatAddress(source.address)}`;
}
