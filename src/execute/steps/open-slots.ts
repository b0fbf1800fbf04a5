/** Owns the steps that open slots between two masters, and close slots on one: CLUSTER SETSLOT, as far as still needed. */
import { type Command, ReplyError, refusal } from '../../client/command.ts';
import type { NodeClient } from '../../client/node-client.ts';
import type { CloseSlots, OpenSlots } from '../../plan/plan.ts';
import { SlotSet } from '../../protocol/slots/slot-set.ts';
import type { NodeLine, OpenSlot } from '../../protocol/text/nodes.ts';
import { askLines, isMaster } from '../cluster-nodes.ts';
import type { StepContext } from '../context.ts';

/** Slots that the source has given away meanwhile are left alone. */
export async function openSlotsBetween(
  { source, target, slots }: OpenSlots,
  { pool }: StepContext,
): Promise<'done' | 'already'> {
  const [giver, taker] = [pool.at(source.address), pool.at(target.address)];
  const [own, other] = await Promise.all([ownLine(giver), ownLine(taker)]);
  if (!isMaster(own)) return 'already';
  const given = SlotSet.fromRanges(own.slots);
  const taken = SlotSet.fromRanges(other?.slots ?? []);
  const wanted = [...SlotSet.fromRanges(slots)].filter((slot) => given.has(slot) && !taken.has(slot));
  const toImport = without(wanted, other?.importing ?? [], source.id);
  const toMigrate = without(wanted, own.migrating, target.id);
  await demandAll(
    taker,
    toImport.map((slot) => ['CLUSTER', 'SETSLOT', slot, 'IMPORTING', source.id]),
  );
  await demandAll(
    giver,
    toMigrate.map((slot) => ['CLUSTER', 'SETSLOT', slot, 'MIGRATING', target.id]),
  );
  return toImport.length + toMigrate.length === 0 ? 'already' : 'done';
}

/** Slots that are open in another way by now are left alone. */
export async function closeSlots(
  { node, state, otherId, slots }: CloseSlots,
  { pool }: StepContext,
): Promise<'done' | 'already'> {
  const client = pool.at(node.address);
  const own = await ownLine(client);
  if (!isMaster(own)) return 'already';
  const wanted = SlotSet.fromRanges(slots);
  const open = own[state].filter(({ slot, nodeId }) => nodeId === otherId && wanted.has(slot));
  await demandAll(
    client,
    open.map(({ slot }) => ['CLUSTER', 'SETSLOT', slot, 'STABLE']),
  );
  return open.length === 0 ? 'already' : 'done';
}

/** The line of the node that is asked. Throws a TribError. */
export async function ownLine(client: NodeClient): Promise<NodeLine | undefined> {
  return (await askLines(client)).find(({ flags }) => flags.includes('myself'));
}

/** All in one write; for commands that may be repeated. Throws a TribError at the first that is refused. */
export async function demandAll(client: NodeClient, commands: readonly Command[]): Promise<void> {
  const replies = await client.pipeline(commands, { repeatable: true });
  for (const [index, command] of commands.entries()) {
    const reply = replies[index];
    if (reply instanceof ReplyError) throw refusal(client.address, command, reply);
  }
}

function without(slots: readonly number[], open: readonly OpenSlot[], otherId: string): number[] {
  const done = new Set(open.filter(({ nodeId }) => nodeId === otherId).map(({ slot }) => slot));
  return slots.filter((slot) => !done.has(slot));
}
