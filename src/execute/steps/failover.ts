/**
 * Owns the steps by which a replica takes the place of its master: CLUSTER FAILOVER, and the wait for what comes of it,
 * since OK only says that it was begun. Source: Redis cluster.c clusterHandleManualFailover.
 */
import { ReplyError, refusal } from '../../client/command.ts';
import type { NodeView } from '../../cluster/topology.ts';
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

/** A server gives a manual failover up after 5 s; elections take a little longer. A busy one may do better once more. */
const attemptMs = 7000;
const attempts = 2;
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
  await untilPromoted(replica, master, way, context);
  return 'done';
}

export async function takeOver(
  { node, master }: TakeOver,
  context: StepContext,
): Promise<'done' | 'already'> {
  if (isServing(await askNode(context.pool, node.address))) return 'already';
  await replicate({ kind: 'replicate', node, master, formerMasterId: '' }, context);
  await waitReplicaSync({ kind: 'wait-replica-sync', replica: node, master }, context);
  return failover({ kind: 'failover', replica: node, master, way: 'manual' }, context);
}

function isServing(view: Pick<NodeView, 'id' | 'lines'>): boolean {
  const own = view.lines.find(({ id }) => id === view.id);
  return own?.flags.includes('master') === true && own.slots.length > 0;
}

/**
 * Whether it serves by an election that it has won from this master. A node that won another a few seconds ago, and has
 * been made a replica anew since, counts those votes again: it takes itself for the master at once, with the epoch of
 * then, until the others set it right. A master that follows it already shows its epoch.
 * Source: cluster.c clusterHandleSlaveFailover (failover_auth_count), clusterGenNodeDescription.
 */
export function hasWon(view: Pick<NodeView, 'id' | 'lines'>, master: Pick<NodeRef, 'id'>): boolean {
  const own = view.lines.find(({ id }) => id === view.id);
  const former = view.lines.find(({ id }) => id === master.id);
  if (own === undefined || !isServing(view)) return false;
  return former === undefined || former.masterId === own.id || own.configEpoch > former.configEpoch;
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

async function untilPromoted(
  replica: NodeRef,
  master: NodeRef,
  way: FailoverWay,
  context: StepContext,
): Promise<void> {
  const name = formatAddress(replica.address);
  let isMistaken = false;
  let attempt = 1;
  await poll(
    { ...context, joinTimeoutMs: Math.min(context.joinTimeoutMs, attemptMs * attempts) },
    async (elapsedMs) => {
      const views = await askPatiently(context.pool, [replica.address]);
      if (typeof views === 'string') return views;
      const [view] = views;
      if (view !== undefined && hasWon(view, master)) return undefined;
      const wasMistaken = isMistaken;
      isMistaken = view !== undefined && isServing(view);
      const isOver = elapsedMs > attemptMs * attempt && attempt < attempts;
      if (isOver) attempt++;
      // Set right by the others, it can be asked again.
      const isSetRight = wasMistaken && !isMistaken;
      if (view !== undefined && (isSetRight || isOver)) await sendFailover(replica, way, context);
      const reason = isMistaken
        ? 'it counts the votes of a former election, and the others do not follow it'
        : whyNotYet(view, master);
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
