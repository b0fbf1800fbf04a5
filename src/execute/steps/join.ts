/**
 * Owns the step that brings a new node into a cluster that is at work. It meets every member itself: gossip would take
 * longer, and brings no node back that a member has just forgotten (cluster.c clusterBlacklistExists), a MEET does.
 */
import { isSettled } from '../../cluster/merge.ts';
import type { NodeView } from '../../cluster/topology.ts';
import { TribError } from '../../core/errors.ts';
import type { NodeRef } from '../../plan/plan.ts';
import type { Join } from '../../plan/steps/join.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import { poll, type StepContext } from '../context.ts';
import { askNode, askPatiently } from '../survey.ts';
import { introduce } from './meet.ts';

/** Handshakes can be lost; those that have not come through by then are begun again. */
const repeatAfterMs = 1000;

interface Member {
  readonly member: NodeRef;
  /** Undefined when it does not answer. */
  readonly view: NodeView | undefined;
}

interface Stranger {
  readonly member: NodeRef;
  readonly reason: string;
  /** One of the two does not know the other at all. */
  readonly unknown: boolean;
}

export async function join(step: Join, context: StepContext): Promise<'done' | 'already'> {
  let rounds = 0;
  let nextMeetMs = 0;
  await poll(
    context,
    async (elapsedMs) => {
      rounds++;
      const own = await askPatiently(context.pool, [step.node.address]);
      if (typeof own === 'string') return own;
      const looks = await Promise.all(step.members.map((member) => look(member, context)));
      const members = stillMembers(looks, own);
      const strangers = strangersIn(step.node, own[0], members);
      const [example] = strangers;
      if (example === undefined) return undefined;
      context.emit({ type: 'waiting', missing: strangers.length, example: example.reason });
      if (elapsedMs >= nextMeetMs) {
        nextMeetMs = elapsedMs + repeatAfterMs;
        const unknown = strangers.filter((stranger) => stranger.unknown);
        await introduce(
          unknown.map(({ member }) => [step.node, member] as const),
          context,
        );
      }
      return example.reason;
    },
    (reason) =>
      new TribError('timeout', `${formatAddress(step.node.address)} has not joined the cluster: ${reason}.`, {
        hint: 'Every node must reach the bus port of every other (usually its port + 10000): look at firewalls and at cluster-announce-ip, -port and -bus-port. A node that was forgotten is kept out for 60 s.',
      }),
  );
  return rounds === 1 ? 'already' : 'done';
}

async function look(member: NodeRef, { pool }: StepContext): Promise<Member> {
  try {
    return { member, view: await askNode(pool, member.address) };
  } catch (error) {
    if (!(error instanceof TribError) || error.code === 'auth') throw error;
    return { member, view: undefined };
  }
}

/**
 * Without those that have left since this was planned: met again, they would be back. A member is one that another knows,
 * and that does not count as failed; a lone one is the cluster.
 */
function stillMembers(members: readonly Member[], own: readonly NodeView[]): Member[] {
  if (members.length === 1) return [...members];
  const views = [...own, ...members.flatMap(({ view }) => view ?? [])];
  return members.filter(({ member }) =>
    views.some((view) => {
      const line = view.lines.find(({ id }) => id === member.id);
      return view.id !== member.id && line !== undefined && isSettled(line) && !line.flags.includes('fail');
    }),
  );
}

function strangersIn(node: NodeRef, own: NodeView | undefined, members: readonly Member[]): Stranger[] {
  return members.flatMap(({ member, view }): Stranger[] => {
    if (view === undefined) {
      const reason = `${formatAddress(member.address)} does not answer`;
      return [{ member, reason, unknown: false }];
    }
    const there = linkOf(own, node, member);
    const back = linkOf(view, member, node);
    const reason = there?.reason ?? back?.reason;
    if (reason === undefined) return [];
    return [{ member, reason, unknown: there?.unknown === true || back?.unknown === true }];
  });
}

/** What is wrong with the way from one node to another, as the one sees it. */
function linkOf(
  view: NodeView | undefined,
  from: NodeRef,
  to: NodeRef,
): { readonly reason: string; readonly unknown: boolean } | undefined {
  const line = view?.lines.find((candidate) => candidate.id === to.id && isSettled(candidate));
  const [a, b] = [formatAddress(from.address), formatAddress(to.address)];
  if (line === undefined)
    return { reason: `${a} does not know ${b} (bus port ${to.busPort}) yet`, unknown: true };
  if (line.linkState === 'connected') return undefined;
  return { reason: `${a} has no link to the bus port ${to.busPort} of ${b}`, unknown: false };
}
