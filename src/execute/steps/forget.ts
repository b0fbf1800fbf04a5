/**
 * Owns the step that lets every other node forget one: CLUSTER FORGET to all at once, so that it is over long before
 * the 60 s are for which a node that forgot does not let gossip bring the other back. Replicas are told as well: they
 * gossip too.
 */
import { ReplyError, refusal } from '../../client/command.ts';
import { isSettled } from '../../cluster/merge.ts';
import { TribError } from '../../core/errors.ts';
import type { NodeRef } from '../../plan/plan.ts';
import type { Forget } from '../../plan/steps/forget.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import { type NodeLine, parseNodes } from '../../protocol/text/nodes.ts';
import { isFailing } from '../cluster-nodes.ts';
import { poll, type StepContext } from '../context.ts';

/** A node that hangs must not keep the others from forgetting in time. */
const patienceMs = 5000;

interface Answer {
  readonly node: NodeRef;
  /** What it says of all nodes; undefined when it is not there. */
  readonly lines: readonly NodeLine[] | undefined;
}

export async function forget(step: Forget, context: StepContext): Promise<'done' | 'already'> {
  let told = false;
  const away = new Set<string>();
  const staying = new Map(step.nodes.map((node) => [node.id, node]));
  await poll(
    context,
    async () => {
      const asked = [...staying.values()].filter(({ id }) => !away.has(id));
      const answers = await Promise.all(asked.map((node) => ask(node, context)));
      for (const { node, lines } of answers) if (lines === undefined) tellAway(step, node, away, context);
      // One that has joined since this was planned would bring the node back to the others.
      const more = nodesIn(answers).filter(({ id }) => id !== step.id && !staying.has(id));
      for (const node of more) staying.set(node.id, node);
      const knowing = answers.filter(({ lines }) => lines?.some(({ id }) => id === step.id));
      const [example] = knowing;
      if (example === undefined) return more.length === 0 ? undefined : 'not all were asked';
      const obstacle = believerIn(step, knowing) ?? (await whoMeets(step, answers, context));
      const reason = obstacle ?? `${formatAddress(example.node.address)} still knows it`;
      context.emit({ type: 'waiting', missing: knowing.length, example: reason });
      if (obstacle !== undefined) return reason;
      told = true;
      await Promise.all(knowing.map(({ node }) => sendForget(step, node, context)));
      return reason;
    },
    (reason) =>
      new TribError('timeout', `${step.name} was not forgotten by all: ${reason}.`, {
        hint: 'Look with trib check. Slots that it has are moved away with trib drain, or del-node --drain.',
      }),
  );
  return told ? 'done' : 'already';
}

function nodesIn(answers: readonly Answer[]): NodeRef[] {
  const lines = answers
    .flatMap((answer) => answer.lines ?? [])
    .filter((line) => isSettled(line) && line.ip !== '');
  return lines
    .filter(({ flags, port }) => !flags.includes('noaddr') && port > 0)
    .map(({ id, ip, port, busPort }) => ({ id, address: { host: ip, port }, busPort }));
}

async function ask(node: NodeRef, { pool }: StepContext): Promise<Answer> {
  try {
    const command = ['CLUSTER', 'NODES'];
    const reply = await pool.at(node.address).demand(command, { repeatable: true, timeoutMs: patienceMs });
    return { node, lines: parseNodes(String(reply)) };
  } catch (error) {
    if (!(error instanceof TribError) || error.code === 'auth') throw error;
    return { node, lines: undefined };
  }
}

function tellAway(step: Forget, node: NodeRef, away: Set<string>, context: StepContext): void {
  away.add(node.id);
  const name = formatAddress(node.address);
  context.emit({
    type: 'note',
    severity: 'warning',
    message: `${name} cannot be told: if it comes back, it may bring ${step.name} back, which is then to be deleted again.`,
  });
}

/**
 * Why it has to wait: a MEET is under way between the node and another. One that arrives after the node was forgotten
 * brings it back, and a move of slots ends with some (see clear-doubts.ts). Undefined when there is none.
 */
async function whoMeets(
  step: Forget,
  answers: readonly Answer[],
  context: StepContext,
): Promise<string | undefined> {
  const all = answers.flatMap((answer) => answer.lines ?? []);
  const seen = all.find(({ id, ip, flags }) => id === step.id && ip !== '' && !flags.includes('noaddr'));
  // Nobody gets through to a node that is gone, however often its address is tried.
  if (seen === undefined || all.some((line) => line.id === step.id && isFailing(line))) return undefined;
  const address = { host: seen.ip, port: seen.port };
  const isMet = all.some((line) => !isSettled(line) && line.ip === seen.ip && line.port === seen.port);
  if (isMet) return `${formatAddress(address)} is being met by another node`;
  const { lines } = await ask({ id: step.id, address, busPort: seen.busPort }, context);
  const isItself = lines?.some(({ id, flags }) => id === step.id && flags.includes('myself')) === true;
  const meets = isItself && lines?.some((line) => !isSettled(line)) === true;
  return meets ? `${formatAddress(address)} is meeting another node` : undefined;
}

/** A node that has got slots is not to be forgotten; word that it has given them may still be on its way. */
function believerIn({ id }: Forget, knowing: readonly Answer[]): string | undefined {
  const believer = knowing.find(({ lines }) =>
    lines?.some((line) => line.id === id && line.slots.length > 0),
  );
  return believer === undefined
    ? undefined
    : `${formatAddress(believer.node.address)} takes it for a node with slots`;
}

async function sendForget({ id }: Forget, { address }: NodeRef, { pool }: StepContext): Promise<void> {
  const command = ['CLUSTER', 'FORGET', id];
  const [reply] = await pool.at(address).pipeline([command], { repeatable: true });
  if (!(reply instanceof ReplyError)) return;
  // It may have forgotten by itself; and a replica that is about to follow another master does not know that yet.
  if (/unknown node|forget my master/i.test(reply.message)) return;
  throw refusal(address, command, reply);
}
