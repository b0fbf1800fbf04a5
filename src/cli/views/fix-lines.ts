/** Owns the lines about a repair, as redis-cli writes them where it writes the same. Source: redis-cli.c clusterManagerFix*. */

import type { TribEvent } from '../../execute/events.ts';
import { keyLines } from '../../execute/keys-differ.ts';
import type { Step } from '../../plan/plan.ts';
import { SlotSet } from '../../protocol/slots/slot-set.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import type { Session } from '../session.ts';
import { startLines } from './plan-lines.ts';
import { slotReportLines } from './slot-report-lines.ts';

export const fixLines = { stepStarted, event };

function stepStarted(step: Step, _: boolean, session: Session): string[] {
  if (step.kind === 'take-slots') {
    const name = formatAddress(step.node.address);
    return [...SlotSet.fromRanges(step.slots)].map((slot) =>
      session.paint('bold', `>>> Covering slot ${slot} with ${name}`),
    );
  }
  return startLines(step, session);
}

function event(told: TribEvent, session: Session): string[] {
  const { paint } = session;
  switch (told.type) {
    case 'fixing':
      return [
        ...[...SlotSet.fromRanges(told.open)].map((slot) => `>>> Fixing open slot ${slot}`),
        ...(told.uncovered.length > 0 ? ['>>> Fixing slots coverage...'] : []),
        ...[...SlotSet.fromRanges(told.claimed)].map(
          (slot) => `>>> Fixing multiple owners for slot ${slot}...`,
        ),
      ].map((line) => paint('bold', line));
    case 'keys-differ':
      return differLines(told).map((line) => paint('red', line));
    case 'slots-examined':
      return slotReportLines(told, session);
    default:
      return [];
  }
}

function differLines({ slot, keys, nodes }: TribEvent & { type: 'keys-differ' }): string[] {
  const [served, other] = nodes.map(formatAddress);
  return [
    `[ERR] Slot ${slot} stays as it is: ${keys.length} key(s) have other values on ${other} than on ${served}.`,
    ...keyLines(keys),
  ];
}
