/**
 * Owns the lines about who is in a cluster, word for word as redis-cli writes them where it writes the same.
 * Source: redis-cli.c clusterManagerCommandAddNode, -DeleteNode, -SetTimeout.
 */
import type { Finished, TribEvent } from '../../execute/events.ts';
import { describeStep, type Plan, type Step } from '../../plan/plan.ts';
import { nameOfRef } from '../../plan/steps/step-kind.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import type { Session } from '../session.ts';
import { startLines } from './plan-lines.ts';

/** How many nodes replied, and how many of them an error. */
export interface ReplyCounts {
  readonly ok: number;
  readonly failed: number;
}

/** The last line of an operation that went well. */
function closing(line: string): (event: Finished, session: Session) => string[] {
  return ({ outcome, ok }, { paint }) => (outcome === 'done' && ok ? [paint('green', `[OK] ${line}`)] : []);
}

export const addNodeLines = {
  planned(plan: Plan): string[] {
    const follows = plan.steps.find((step) => step.kind === 'replicate');
    const chosen = plan.operation === 'add-node' && plan.masterChosen && follows !== undefined;
    return chosen ? [`Automatically selected master ${nameOfRef(follows.master)}`] : [];
  },
  stepStarted(step: Step, _: boolean, session: Session): string[] {
    const { paint } = session;
    switch (step.kind) {
      case 'copy-functions':
        return [paint('bold', '>>> Getting functions from cluster')];
      case 'join':
        return [
          paint('bold', `>>> Send CLUSTER MEET to node ${nameOfRef(step.node)} to make it join the cluster.`),
          'Waiting for the cluster to join',
        ];
      case 'replicate':
        return [paint('bold', `>>> Configure node as replica of ${nameOfRef(step.master)}.`)];
      case 'wait-agreement':
        return [];
      default:
        return startLines(step, session);
    }
  },
  finished: closing('New node added correctly.'),
};

/** What an operator approves besides the leaving itself. */
const aboutOthers: readonly Step['kind'][] = ['move-slots', 'replicate'];

export const delNodeLines = {
  planned(plan: Plan, { seed }: { readonly seed: Plan['seed'] }, { paint }: Session): string[] {
    const leaving = plan.steps.find((step) => step.kind === 'forget');
    const others = plan.steps.filter(({ kind }) => aboutOthers.includes(kind));
    return [
      paint('bold', `>>> Removing node ${leaving?.id} from cluster ${formatAddress(seed)}`),
      ...others.map((step) => `    ${describeStep(step)}`),
    ];
  },
  stepStarted(step: Step, _: boolean, session: Session): string[] {
    const { paint } = session;
    switch (step.kind) {
      case 'replicate':
        return [paint('bold', `>>> ${nameOfRef(step.node)} as replica of ${nameOfRef(step.master)}`)];
      case 'forget':
        return [paint('bold', '>>> Sending CLUSTER FORGET messages to the cluster...')];
      case 'reset':
        return [paint('bold', '>>> Sending CLUSTER RESET SOFT to the deleted node.')];
      default:
        return startLines(step, session);
    }
  },
  finished: closing('The node has left the cluster.'),
};

export const setTimeoutLines = {
  planned: (_plan: Plan, _topology: unknown, { paint }: Session): string[] => [
    paint('bold', '>>> Reconfiguring node timeout in every cluster node...'),
  ],
  stepStarted: (): string[] => [],
  replied({ node, ok, reply }: TribEvent & { type: 'replied' }, { paint }: Session): string[] {
    const name = formatAddress(node);
    return [
      ok
        ? paint('yellow', `*** New timeout set for ${name}`)
        : paint('red', `ERR setting node-timeout for ${name}: ${reply}`),
    ];
  },
  finished({ outcome }: Finished, { paint }: Session, { ok, failed }: ReplyCounts): string[] {
    return outcome === 'done' ? [paint('bold', `>>> New node timeout set. ${ok} OK, ${failed} ERR.`)] : [];
  },
};

export const drainLines = { finished: closing('The master has no slots any more.') };
export const replaceNodeLines = { finished: closing('The new node has taken the place of the old one.') };
export const failoverLines = { finished: closing('The replica is the master now.') };
export const waitLines = { finished: closing('The cluster is ready.') };

/** What a node replied to an operator's command. */
export function replyLine({ node, reply }: TribEvent & { type: 'replied' }): string[] {
  return [`${formatAddress(node)}: ${replyText(reply)}`];
}

/** A reply as redis-cli prints it raw: text as it is, arrays a line each. */
function replyText(reply: unknown): string {
  if (Array.isArray(reply)) return reply.map(replyText).join('\n');
  return reply === null ? '' : String(reply);
}
