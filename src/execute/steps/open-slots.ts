/** Owns the steps that open slots between two masters, and close slots on one: CLUSTER SETSLOT, as far as still needed. */
import type { CloseSlots, OpenSlots } from '../../plan/plan.ts';
import { SlotSet } from '../../protocol/slots/slot-set.ts';
import type { OpenSlot } from '../../protocol/text/nodes.ts';
import { askOwnLine, isMaster } from '../cluster-nodes.ts';
import type { StepContext } from '../context.ts';
import { demandAll, setSlots, setStable } from './slot-commands.ts';

/** Slots that the source has given away meanwhile are left alone. */
export async function openSlotsBetween(
  { source, target, slots }: OpenSlots,
  { pool }: StepContext,
): Promise<'done' | 'already'> {
  const [giver, taker] = [pool.at(source.address), pool.at(target.address)];
  const [own, other] = await Promise.all([askOwnLine(giver), askOwnLine(taker)]);
  if (!isMaster(own)) return 'already';
  const given = SlotSet.fromRanges(own.slots);
  const taken = SlotSet.fromRanges(other?.slots ?? []);
  const wanted = [...SlotSet.fromRanges(slots)].filter((slot) => given.has(slot) && !taken.has(slot));
  const toImport = without(wanted, other?.importing ?? [], source.id);
  const toMigrate = without(wanted, own.migrating, target.id);
  await demandAll(taker, setSlots(toImport, 'IMPORTING', source.id));
  await demandAll(giver, setSlots(toMigrate, 'MIGRATING', target.id));
  return toImport.length + toMigrate.length === 0 ? 'already' : 'done';
}

/** Slots that are open in another way by now are left alone. */
export async function closeSlots(
  { node, state, otherId, slots }: CloseSlots,
  { pool }: StepContext,
): Promise<'done' | 'already'> {
  const client = pool.at(node.address);
  const own = await askOwnLine(client);
  if (!isMaster(own)) return 'already';
  const wanted = SlotSet.fromRanges(slots);
  const open = own[state].filter(({ slot, nodeId }) => nodeId === otherId && wanted.has(slot));
  await demandAll(client, setStable(open.map(({ slot }) => slot)));
  return open.length === 0 ? 'already' : 'done';
}

function without(slots: readonly number[], open: readonly OpenSlot[], otherId: string): number[] {
  const done = new Set(open.filter(({ nodeId }) => nodeId === otherId).map(({ slot }) => slot));
  return slots.filter((slot) => !done.has(slot));
}
