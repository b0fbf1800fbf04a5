/**
 * Owns the lines about slots in doubt: who owns them, how they are open, which keys lie where; and, where several owners
 * were searched for, redis-cli's lines about them. Source: redis-cli.c clusterManagerCheckCluster.
 */
import { ownersIn, type SlotReport } from '../../cluster/slot-report.ts';
import type { TribEvent } from '../../execute/events.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import type { Session } from '../session.ts';

const mostSlotsShown = 50;

/** What a check tells beside its findings. */
export function checkEvent(event: TribEvent, session: Session): string[] {
  return event.type === 'slots-examined' ? slotReportLines(event, session) : [];
}

export function slotReportLines(
  { slots, searched }: TribEvent & { type: 'slots-examined' },
  { paint }: Session,
): string[] {
  const shown = slots.slice(0, mostSlotsShown).map(reportLine);
  const more = slots.length - shown.length;
  if (more > 0) shown.push(`and ${more} more slots`);
  const lines = shown.map((line) => paint('yellow', `[WARNING] ${line}`));
  return searched ? [...lines, ...ownerLines(slots, paint)] : lines;
}

function reportLine({ slot, masters }: SlotReport): string {
  const parts = masters.map(({ node, owns, state, otherId, keys }) => {
    const other = masters.find(({ id }) => id === otherId)?.node;
    const name = other === undefined ? `${otherId?.slice(0, 8)}...` : formatAddress(other);
    const words = [
      ...(owns ? ['owns it'] : []),
      ...(state === null ? [] : [`${state} ${state === 'migrating' ? 'to' : 'from'} ${name}`]),
      `${keys} ${keys === 1 ? 'key' : 'keys'}`,
    ];
    return `${formatAddress(node)} ${words.join(', ')}`;
  });
  const owned = masters.some(({ owns }) => owns) ? [] : ['no master owns it'];
  return `Slot ${slot}: ${[...owned, ...parts].join('; ')}.`;
}

function ownerLines(slots: readonly SlotReport[], paint: Session['paint']): string[] {
  const several = slots.filter((report) => ownersIn(report).length > 1);
  return [
    paint('bold', '>>> Check for multiple slot owners...'),
    ...several.flatMap((report) => [
      paint('yellow', `[WARNING] Slot ${report.slot} has ${ownersIn(report).length} owners:`),
      ...ownersIn(report).map(({ node }) => `    ${formatAddress(node)}`),
    ]),
    ...(several.length === 0 ? [paint('green', '[OK] No multiple owners found.')] : []),
  ];
}
