/**
 * Owns the wait until all nodes give every slot to the same master, and, if asked, know who replicates whom. A node
 * tells of itself with the next packet that it happens to send, which may take as long as half the node timeout. A
 * MEET carries the same at once, so in a new cluster nodes that know too little of another are met by it again. (In
 * one that is at work this is not done, since it costs a link; and a node that takes slots tells all by itself.)
 */
import { allAgreeAboutSlots, type NodeView, slotSignature } from '../../cluster/topology.ts';
import { TribError } from '../../core/errors.ts';
import type { NodeRef, WaitAgreement } from '../../plan/plan.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import type { NodeLine } from '../../protocol/text/nodes.ts';
import { poll, type StepContext } from '../context.ts';
import { askPatiently } from '../survey.ts';
import { introduce } from './meet.ts';

/** How long word may go round by itself before it is helped along, again each time. */
const nudgeAfterMs = 30;
const nudgePauseMs = 400;
/** In a large cluster gossip has to do the rest. */
const mostNudges = 500;

export async function waitAgreement(step: WaitAgreement, context: StepContext): Promise<'done' | 'already'> {
  let rounds = 0;
  let nextNudgeMs = nudgeAfterMs;
  let nudged = false;
  await poll(
    context,
    async (elapsedMs) => {
      rounds++;
      const { nodes, answers } = await askThoseThatCount(step.nodes, context);
      const views = answers.flatMap((answer) => (typeof answer === 'string' ? [] : answer));
      const unanswered = answers.find((answer) => typeof answer === 'string');
      if (unanswered !== undefined) return unanswered;
      const strangers = strangersTo(views, { ...step, nodes });
      const [example] = strangers;
      if (example === undefined) {
        if (!allAgreeAboutSlots(views)) return 'not all nodes give every slot to the same master';
        // A node that is met again closes the link that it had: the other end makes a new one right after.
        return nudged ? brokenLink(views, nodes) : undefined;
      }
      if (step.roles && elapsedMs >= nextNudgeMs) {
        nextNudgeMs = elapsedMs + nudgePauseMs;
        nudged = true;
        // One that does not know the other at all may have been made to forget it: a MEET would bring it back.
        const acquainted = strangers.filter(([told, other]) => knows(views, other, told));
        await introduce(acquainted.slice(0, mostNudges), context);
      }
      const [told, stranger] = example;
      const reason = `${formatAddress(stranger.address)} does not know yet what ${formatAddress(told.address)} is`;
      context.emit({ type: 'waiting', missing: strangers.length, example: reason });
      return reason;
    },
    (reason) =>
      new TribError('timeout', `The nodes do not agree: ${reason}.`, { hint: 'Look again with trib check.' }),
  );
  return rounds === 1 ? 'already' : 'done';
}

/** All nodes but those that have failed meanwhile and hold no slots any more: who took their place counts. */
async function askThoseThatCount(
  nodes: readonly NodeRef[],
  { pool }: StepContext,
): Promise<{
  readonly nodes: readonly NodeRef[];
  readonly answers: readonly (readonly NodeView[] | string)[];
}> {
  const asked = nodes.map((node) => ({ node, answer: askPatiently(pool, [node.address]) }));
  // Who does not answer may take long to say so: the first that does knows already who has failed.
  const first = await Promise.any(
    asked.map(async ({ answer }) => {
      const views = await answer;
      return typeof views === 'string' ? Promise.reject(new Error(views)) : views;
    }),
  ).catch(() => []);
  const failed = new Set(
    first.flatMap(({ lines }) =>
      lines.filter(({ flags, slots }) => flags.includes('fail') && slots.length === 0).map(({ id }) => id),
    ),
  );
  const counting = asked.filter(({ node }) => !failed.has(node.id));
  return {
    nodes: counting.map(({ node }) => node),
    answers: await Promise.all(counting.map(({ answer }) => answer)),
  };
}

/** Each node with each other that does not know its slots (or its master, where roles are asked for) as it does. */
function strangersTo(views: readonly NodeView[], { nodes, roles }: WaitAgreement): [NodeRef, NodeRef][] {
  return nodes.flatMap((node, index) => {
    const own = portrait(views[index], node.id, roles);
    return nodes
      .filter((_, other) => portrait(views[other], node.id, roles) !== own)
      .map((other): [NodeRef, NodeRef] => [node, other]);
  });
}

function knows(views: readonly NodeView[], node: NodeRef, other: NodeRef): boolean {
  const view = views.find(({ id }) => id === node.id);
  return view?.lines.some(({ id }) => id === other.id) === true;
}

/** What a view says of a node, in a form that can be compared. */
function portrait(view: NodeView | undefined, id: string, roles: boolean): string {
  const line: NodeLine | undefined = view?.lines.find((candidate) => candidate.id === id);
  if (line === undefined) return '';
  return `${slotSignature([line])} ${roles ? (line.masterId ?? '') : ''}`;
}

function brokenLink(views: readonly NodeView[], nodes: readonly NodeRef[]): string | undefined {
  for (const view of views) {
    const line = view.lines.find(
      ({ linkState, id }) => linkState === 'disconnected' && nodes.some((node) => node.id === id),
    );
    if (line !== undefined)
      return `${formatAddress(view.address)} has no link to the bus port ${line.busPort}`;
  }
  return undefined;
}
