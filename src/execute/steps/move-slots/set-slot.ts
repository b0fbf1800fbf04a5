/**
 * Owns the CLUSTER SETSLOT commands of a move, in the one order that never leaves a slot without an owner: the
 * target imports, the source migrates; then the target takes the slot, and the source and the other masters learn it.
 * Source: redis#7116, redis#9223.
 *
 * A fault of Redis 7.0 sets the rules here. A node that is told of a slot's new owner ahead of the bus takes the next
 * packet that the owner sent before for a sign that it does not claim the slot, and notes that. A noted slot goes to
 * whoever claims it in a late packet, and its keys are deleted; the note is taken away only when the owner's packets
 * bring news. (cluster.c clusterUpdateSlotsConfigWith, owner_not_claiming_slot.) So: masters beside learn from the bus
 * alone; the source is told at once, so that it stops to claim; and the last slot of a move it learns from the bus,
 * which takes its notes away. See close.ts for when the target may take slots at all.
 */
import { type Command, ConnectionLost, type Reply, ReplyError, refusal } from '../../../client/command.ts';
import type { NodeClient } from '../../../client/node-client.ts';
import { delay } from '../../../core/clock.ts';
import { TribError } from '../../../core/errors.ts';
import { SlotSet } from '../../../protocol/slots/slot-set.ts';
import { askLines, isMaster } from '../../cluster-nodes.ts';
import type { StepContext } from '../../context.ts';
import {
  demandAll,
  demandAtOnce,
  isNotReplicated,
  refuseAny,
  sendUntilReplicated,
  setSlots,
  setStable,
} from '../slot-commands.ts';
import type { Ends } from './ends.ts';

/** A master beside the ends that hangs is not waited for longer than this: the bus tells it as well. */
const patienceWithOthersMs = 5000;

/**
 * Opens slots at both ends, and asks the source `questions` right after, in the same write: their answers are those
 * of a master for which the slots are migrating already. Opening an open slot again changes nothing.
 */
export async function openSlots(
  { step, source, target }: Ends,
  slots: readonly number[],
  questions: readonly Command[],
): Promise<Reply[]> {
  const importing = setSlots(slots, 'IMPORTING', step.source.id);
  await demandAll(target, importing);
  const migrating = setSlots(slots, 'MIGRATING', step.target.id);
  const replies = await sendUntilReplicated(source, [...migrating, ...questions]);
  const refused = slots.filter((_, index) => replies[index] instanceof ReplyError);
  if (refused.length > 0) {
    // Nobody was sent to the target for these: it can stop to import them.
    await target.pipeline(setStable(refused), { repeatable: true });
    refuseAny(source, migrating, replies);
  }
  return replies.slice(slots.length);
}

/**
 * The target takes the slots, and tells the cluster. From here on they are its own.
 *
 * A node that takes a slot which it imports makes sure that its epoch is the highest, and sends its claims to every
 * other node: one packet a slot and node. So only the first slot is taken while importing, for the epoch, and the last,
 * for the packets; those between are made stable right before. (Epoch first: a claim of a lower epoch would be
 * taken back from it, with the keys.) All at once: a slot that is stable here while the source sends clients here
 * would have them run in circles, for long if trib ends in between.
 */
export async function giveToTarget(
  { step, target, targetInfo }: Ends,
  slots: readonly number[],
): Promise<void> {
  // Valkey, from 8 on, holds each SETSLOT until the replicas have it: in a transaction that would be its end.
  if (targetInfo.has('valkey_version')) return demandAll(target, setSlots(slots, 'NODE', step.target.id));
  const commands = slots.flatMap((slot, index): Command[] => {
    const take: Command = ['CLUSTER', 'SETSLOT', slot, 'NODE', step.target.id];
    const between = index > 0 && index < slots.length - 1;
    return between ? [['CLUSTER', 'SETSLOT', slot, 'STABLE'], take] : [take];
  });
  await demandAtOnce(target, commands);
}

/**
 * The slots that the target does not own although it took them: a late packet of the source has taken them back.
 * Nobody claims them then, so the target takes them again. Its keys in them are gone.
 */
export async function takeAgain({ step, target }: Ends, slots: readonly number[]): Promise<number[]> {
  const own = (await askLines(target)).find(({ id }) => id === step.target.id);
  const owned = SlotSet.fromRanges(own?.slots ?? []);
  const lost = slots.filter((slot) => !owned.has(slot));
  if (lost.length > 0 && isMaster(own)) {
    const commands = [
      ...setSlots(lost, 'IMPORTING', step.source.id),
      ...setSlots(lost, 'NODE', step.target.id),
    ];
    await demandAll(target, commands);
  }
  return lost;
}

/** A packet may wait 40 ms for an acknowledgement. Who has not learned by then is told. */
const busPatienceMs = 500;
const firstPauseMs = 1;

/** Waits until the node has heard on the bus that the target has these slots. False when it has not in time. */
export async function hasLearned(
  node: NodeClient,
  { step }: Ends,
  slots: readonly number[],
  { clock }: StepContext,
): Promise<boolean> {
  const deadlineMs = clock.monotonicMs() + busPatienceMs;
  for (let pauseMs = firstPauseMs; ; pauseMs *= 2) {
    const lines = await askLines(node).catch((error: unknown) => {
      // Away, or loading as a new replica: there is nothing to wait for.
      if (error instanceof TribError) return undefined;
      throw error;
    });
    if (lines === undefined) return false;
    const known = SlotSet.fromRanges(lines.find(({ id }) => id === step.target.id)?.slots ?? []);
    if (slots.every((slot) => known.has(slot))) return true;
    if (clock.monotonicMs() > deadlineMs) return false;
    await delay(clock, pauseMs);
  }
}

/** Lets the source close the slots. Returns those in which it has got keys again: it keeps them until they are moved. */
export async function tellSource({ step, source }: Ends, slots: readonly number[]): Promise<number[]> {
  const commands = setSlots(slots, 'NODE', step.target.id);
  let replies: Reply[];
  try {
    replies = await sendUntilReplicated(source, commands);
  } catch (error) {
    // The target owns the slots and says so on the bus: a source that went away learns it there.
    if (error instanceof ConnectionLost) return [];
    throw error;
  }
  return slots.filter((_, index) => {
    const reply = replies[index];
    // A source whose replicas are away learns it on the bus.
    if (!(reply instanceof ReplyError) || isReplicaNow(reply) || isNotReplicated(reply)) return false;
    if (/still hold keys/.test(reply.message)) return true;
    throw refusal(source.address, commands[index] as Command, reply);
  });
}

/** A source that gave its last slot becomes a replica of the target, and may be loading its data. */
function isReplicaNow({ code, message }: ReplyError): boolean {
  return code === 'LOADING' || /SETSLOT only with masters/.test(message);
}

/** Sees to it that the masters beside the ends know who has the slots. None of them can make the move fail. */
export async function tellOthers(ends: Ends, slots: readonly number[], context: StepContext): Promise<void> {
  const commands = setSlots(slots, 'NODE', ends.step.target.id);
  await Promise.all(
    ends.others.map(async (other) => {
      try {
        if (await hasLearned(other, ends, slots, context)) return;
        await other.pipeline(commands, { timeoutMs: patienceWithOthersMs });
      } catch (error) {
        if (!(error instanceof TribError)) throw error;
        context.emit({ type: 'retrying', node: other.address, reason: error.message });
      }
    }),
  );
}
