/**
 * Owns CLUSTER SETSLOT and its like as commands: how they are written, and sent so that all of them count. In which order
 * is the steps'.
 */
import { type Command, type Reply, ReplyError, refusal } from '../../client/command.ts';
import type { NodeClient } from '../../client/node-client.ts';
import { TribError } from '../../core/errors.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';

type State = 'IMPORTING' | 'MIGRATING' | 'NODE';

/** The commands that bring slots into a state. */
export function setSlots(slots: readonly number[], state: State, nodeId: string): Command[] {
  return slots.map((slot) => ['CLUSTER', 'SETSLOT', slot, state, nodeId]);
}

/** The commands that close slots. */
export function setStable(slots: readonly number[]): Command[] {
  return slots.map((slot) => ['CLUSTER', 'SETSLOT', slot, 'STABLE']);
}

/** Sends commands that all have to succeed, and may be sent again. Throws a TribError ("unsafe" to a replica). */
export async function demandAll(client: NodeClient, commands: readonly Command[]): Promise<void> {
  refuseAny(client, commands, await sendUntilReplicated(client, commands));
}

/** All of the commands or, when the connection breaks, none; none between them. Throws as demandAll. */
export async function demandAtOnce(client: NodeClient, commands: readonly Command[]): Promise<void> {
  const sent: readonly Command[] = [['MULTI'], ...commands, ['EXEC']];
  const replies = await client.pipeline(sent, { repeatable: true });
  refuseAny(client, sent, replies);
  const results = replies.at(-1);
  if (!Array.isArray(results))
    throw new TribError('failed', `${formatAddress(client.address)} ended a MULTI without EXEC.`);
  refuseAny(client, commands, results);
}

/** How often Valkey, from 8 on, is asked again when no replica took a SETSLOT within the two seconds that it waits. */
const mostTries = 4;

/** Sends commands that may be sent again. Each stands for itself: those before a refused one are carried out. */
export async function sendUntilReplicated(
  client: NodeClient,
  commands: readonly Command[],
): Promise<Reply[]> {
  for (let tries = 1; ; tries++) {
    const replies = await client.pipeline(commands, { repeatable: true });
    if (tries === mostTries || !replies.some(isNotReplicated)) return replies;
  }
}

export function isNotReplicated(reply: Reply): boolean {
  return reply instanceof ReplyError && reply.code === 'NOREPLICAS';
}

/** Throws a TribError for the first that is refused: "unsafe" when the node is no master any more. */
export function refuseAny(client: NodeClient, commands: readonly Command[], replies: readonly Reply[]): void {
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
