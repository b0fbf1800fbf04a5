/**
 * Owns the CLUSTER SETSLOT commands of a move, in the one order that never leaves a slot without an owner: the
 * target imports, the source migrates; then the target takes the slot, is told first, and the source and the other
 * masters after it. Source: redis#7116, redis#9223.
 */
import { type Command, ConnectionLost, type Reply, ReplyError, refusal } from '../../../client/command.ts';
import type { NodeClient } from '../../../client/node-client.ts';
import { TribError } from '../../../core/errors.ts';
import { formatAddress } from '../../../protocol/text/addresses.ts';
import type { StepContext } from '../../context.ts';
import type { Ends } from './ends.ts';

/** A master beside the ends that hangs is not waited for longer than this: the bus tells it as well. */
const patienceWithOthersMs = 5000;

type State = 'IMPORTING' | 'MIGRATING' | 'NODE';

function setSlots(slots: readonly number[], state: State, nodeId: string): Command[] {
  return slots.map((slot) => ['CLUSTER', 'SETSLOT', slot, state, nodeId]);
}

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
  demandAll(target, importing, await target.pipeline(importing, { repeatable: true }));
  const migrating = setSlots(slots, 'MIGRATING', step.target.id);
  const replies = await source.pipeline([...migrating, ...questions], { repeatable: true });
  const refused = slots.filter((_, index) => replies[index] instanceof ReplyError);
  if (refused.length > 0) {
    // Nobody was sent to the target for these: it can stop to import them.
    await target.pipeline(
      refused.map((slot) => ['CLUSTER', 'SETSLOT', slot, 'STABLE']),
      { repeatable: true },
    );
    demandAll(source, migrating, replies);
  }
  return replies.slice(slots.length);
}

/**
 * The target takes the slots, and tells the cluster. From here on they are its own.
 *
 * A node that takes a slot which it imports makes sure that its epoch is the highest, and sends its claims to every
 * other node: one packet a slot and node. So only the first slot is taken while importing, for the epoch, and the last,
 * for the packets; those between are made stable right before. (Epoch first: a claim of a lower epoch would be
 * taken back from it, with the keys.)
 */
export async function giveToTarget({ step, target }: Ends, slots: readonly number[]): Promise<void> {
  const commands = slots.flatMap((slot, index): Command[] => {
    const take: Command = ['CLUSTER', 'SETSLOT', slot, 'NODE', step.target.id];
    const between = index > 0 && index < slots.length - 1;
    return between ? [['CLUSTER', 'SETSLOT', slot, 'STABLE'], take] : [take];
  });
  demandAll(target, commands, await target.pipeline(commands, { repeatable: true }));
}

/** Tells the source. Returns the slots in which it has got keys again: it keeps them until they are moved. */
export async function tellSource({ step, source }: Ends, slots: readonly number[]): Promise<number[]> {
  const commands = setSlots(slots, 'NODE', step.target.id);
  let replies: Reply[];
  try {
    replies = await source.pipeline(commands, { repeatable: true });
  } catch (error) {
    // The target owns the slots and says so on the bus: a source that went away learns it there.
    if (error instanceof ConnectionLost) return [];
    throw error;
  }
  return slots.filter((_, index) => {
    const reply = replies[index];
    if (!(reply instanceof ReplyError) || isReplicaNow(reply)) return false;
    if (/still hold keys/.test(reply.message)) return true;
    throw refusal(source.address, commands[index] as Command, reply);
  });
}

/** A source that gave its last slot becomes a replica of the target, and may be loading its data. */
function isReplicaNow({ code, message }: ReplyError): boolean {
  return code === 'LOADING' || /SETSLOT only with masters/.test(message);
}

/** Tells the masters beside, which spares clients a redirection. None of them can make the move fail. */
export class OtherMasters {
  readonly #step: Ends['step'];
  readonly #context: StepContext;
  #listening: readonly NodeClient[];

  constructor({ step, others }: Ends, context: StepContext) {
    this.#step = step;
    this.#context = context;
    this.#listening = others;
  }

  async tell(slots: readonly number[]): Promise<void> {
    const commands = setSlots(slots, 'NODE', this.#step.target.id);
    await Promise.all(
      this.#listening.map((other) =>
        other
          .pipeline(commands, { repeatable: false, timeoutMs: patienceWithOthersMs })
          .catch((error: unknown) => {
            if (!(error instanceof TribError)) throw error;
            this.#listening = this.#listening.filter((listener) => listener !== other);
            this.#context.emit({ type: 'retrying', node: other.address, reason: error.message });
          }),
      ),
    );
  }
}

function demandAll(client: NodeClient, commands: readonly Command[], replies: readonly Reply[]): void {
  for (const [index, command] of commands.entries()) {
    const reply = replies[index];
    if (!(reply instanceof ReplyError)) continue;
    if (/SETSLOT only with masters/.test(reply.message)) {
      throw new TribError('unsafe', `${formatAddress(client.address)} is not a master any more.`, {
        hint: 'It was failed over while slots were moved. Look with trib check, then plan again.',
      });
    }
    throw refusal(client.address, command, reply);
  }
}
