/**
 * Owns the steps by which a replica takes the place of its master: CLUSTER FAILOVER, and the wait for what comes of it,
 * since OK only says that it was begun. Source: Redis cluster.c clusterHandleManualFailover.
 */
import { ReplyError, refusal } from '../../client/command.ts';
import type { NodeView } from '../../cluster/topology.ts';
import { delay } from '../../core/clock.ts';
import { TribError } from '../../core/errors.ts';
import type { NodeRef } from '../../plan/plan.ts';
import type { Failover, FailoverWay, TakeOver } from '../../plan/steps/failover.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import { isFailing } from '../cluster-nodes.ts';
import { poll, type StepContext } from '../context.ts';
import { askNode, askPatiently } from '../survey.ts';
import { replicate } from './replicate.ts';
import { waitAgreement } from './wait-agreement.ts';
import { waitReplicaSync } from './wait-replica-sync.ts';

/** A server gives a manual failover up after 5 s; elections take a little longer. */
const attemptMs = 7000;
const attempts = 3;
/** It learns of its replica's election with the first packet of that. */
const handedOverWithinMs = 3000;
const handoverPauseMs = 20;
/** Word of a new replica goes round in half a node timeout, and is helped along. */
const knownWithinMs = 5000;

export async function failover(
  { replica, master, way }: Failover,
  context: StepContext,
): Promise<'done' | 'already'> {
  const view = await askNode(context.pool, replica.address);
  if (isServing(view)) return 'already';
  if (way !== 'takeover') await untilKnownAsReplica(replica, view, context);
  await sendFailover(replica, way, context);
  await untilPromoted(replica, master, context);
  return 'done';
}

export async function takeOver(
  { node, master }: TakeOver,
  context: StepContext,
): Promise<'done' | 'already'> {
  if (isServing(await askNode(context.pool, node.address))) return 'already';
  await replicate({ kind: 'replicate', node, master, formerMasterId: '' }, context);
  await waitReplicaSync({ kind: 'wait-replica-sync', replica: node, master }, context);
  for (let attempt = 1; ; attempt++) {
    await failover({ kind: 'failover', replica: node, master, way: 'manual' }, context);
    if (await hasHandedOver(master, context)) return 'done';
    if (attempt === attempts) {
      throw new TribError('timeout', `${formatAddress(master.address)} has not handed over.`, {
        hint: 'Nothing has changed hands. Look with trib check, then go on from there.',
      });
    }
  }
}

/**
 * Whether the former master has no slots any more, by its own word: a replica that was told twice to take over can see
 * itself as the master for a moment, and follow again.
 */
async function hasHandedOver({ address, id }: NodeRef, context: StepContext): Promise<boolean> {
  const startMs = context.clock.monotonicMs();
  while (context.clock.monotonicMs() - startMs < handedOverWithinMs) {
    const views = await askPatiently(context.pool, [address]);
    const [view] = typeof views === 'string' ? [] : views;
    const own = view?.lines.find((line) => line.id === id);
    if (own !== undefined && own.slots.length === 0) return true;
    await delay(context.clock, handoverPauseMs);
  }
  return false;
}

function isServing(view: NodeView): boolean {
  const own = view.lines.find(({ id }) => id === view.id);
  return own?.flags.includes('master') === true && own.slots.length > 0;
}

/**
 * A master hands over only to a node that it knows as its replica, and others vote for no other either: word of a new
 * one may still be on its way. Who does not learn of it in time is told of by what comes of the failover.
 */
async function untilKnownAsReplica(replica: NodeRef, view: NodeView, context: StepContext): Promise<void> {
  const voters = view.lines
    .filter(
      (line) =>
        line.flags.includes('master') && line.linkState === 'connected' && !isFailing(line) && line.ip !== '',
    )
    .map(({ id, ip, port, busPort }): NodeRef => ({ id, address: { host: ip, port }, busPort }));
  try {
    await waitAgreement(
      { kind: 'wait-agreement', nodes: [replica, ...voters], roles: true },
      { ...context, joinTimeoutMs: Math.min(context.joinTimeoutMs, knownWithinMs) },
    );
  } catch (error) {
    if (!(error instanceof TribError)) throw error;
  }
}

async function sendFailover({ address }: NodeRef, way: FailoverWay, { pool }: StepContext): Promise<void> {
  const command = ['CLUSTER', 'FAILOVER', ...(way === 'manual' ? [] : [way.toUpperCase()])];
  const [reply] = await pool.at(address).pipeline([command]);
  // One that was asked for before may have come to pass just now.
  if (!(reply instanceof ReplyError) || /to a replica/.test(reply.message)) return;
  if (/unknown subcommand/i.test(reply.message)) {
    throw new TribError(
      'failed',
      `${formatAddress(address)} cannot take over: it does not know CLUSTER FAILOVER.`,
    );
  }
  if (/down or failed/.test(reply.message)) {
    throw new TribError(
      'unsafe',
      `${formatAddress(address)} has no link to its master, which cannot hand over.`,
      {
        hint: 'With --force it takes over all the same; writes that it has not got are lost.',
      },
    );
  }
  throw refusal(address, command, reply);
}

async function untilPromoted(replica: NodeRef, master: NodeRef, context: StepContext): Promise<void> {
  const name = formatAddress(replica.address);
  await poll(
    { ...context, joinTimeoutMs: Math.min(context.joinTimeoutMs, attemptMs) },
    async () => {
      const views = await askPatiently(context.pool, [replica.address]);
      if (typeof views === 'string') return views;
      const [view] = views;
      if (view !== undefined && isServing(view)) return undefined;
      const reason = whyNotYet(view, master);
      context.emit({ type: 'waiting', missing: 1, example: `${name} is not master yet: ${reason}` });
      return reason;
    },
    (reason) =>
      new TribError('timeout', `${name} has not taken over: ${reason}.`, {
        hint: 'Nothing has changed hands. Look with trib check; --force takes over without the master, --takeover also without the votes of the others.',
      }),
  );
}

/** The likeliest reason, from what the replica itself sees. */
function whyNotYet(view: NodeView | undefined, master: NodeRef): string {
  if (view === undefined) return 'it does not answer';
  const voters = view.lines.filter(({ flags, slots }) => flags.includes('master') && slots.length > 0);
  const able = voters.filter((line) => line.linkState === 'connected' && !isFailing(line));
  if (able.length <= voters.length / 2) {
    return `it reaches ${able.length} of ${voters.length} masters with slots, and needs the votes of a majority`;
  }
  if (view.masterLinkUp === false) return `it has no link to its master ${formatAddress(master.address)}`;
  const ofMaster = view.lines.find(({ id }) => id === master.id);
  if (ofMaster?.slots.length === 0) return 'its master has no slots, and there is nothing to take over';
  return 'its master has not handed over, or the other masters have not voted for it';
}
