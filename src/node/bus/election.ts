/**
 * Owns the vote of this node, as a master, on a replica that wants to take its failed master's place. At most one
 * vote an epoch; it is kept before it is given. Source: Redis 7.0 cluster.c clusterSendFailoverAuthIfNeeded.
 */
import type { BusHeader } from '../../protocol/bus/message.ts';
import { messageFlag } from '../../protocol/bus/wire.ts';
import { SlotSet } from '../../protocol/slots/slot-set.ts';
import type { BusCore } from './bus-core.ts';
import type { ClusterNode } from './cluster-node.ts';
import { sendVote } from './compose.ts';

/** Times the node timeout: so long no other replica of the same master is voted for. */
const VOTE_PAUSE = 2;

/** `candidate` asks everybody; only masters with slots have a vote. */
export function voteIfPossible(core: BusCore, candidate: ClusterNode, request: BusHeader): void {
  const { state } = core;
  if (!state.myself.votes) return;
  const refusal = refusalOf(core, candidate, request);
  if (refusal !== undefined) {
    core.log('warning', `Failover auth denied to ${candidate.id}: ${refusal}`);
    return;
  }
  state.lastVoteEpoch = state.currentEpoch;
  if (candidate.master !== undefined) candidate.master.votedMs = core.nowMs;
  core.saveSoon('now');
  if (candidate.link !== undefined) sendVote(core, candidate.link);
  core.log('warning', `Failover auth granted to ${candidate.id} for epoch ${state.currentEpoch}`);
}

/** Why this node does not vote for the candidate; the request's own epoch has raised ours already. */
function refusalOf(core: BusCore, candidate: ClusterNode, request: BusHeader): string | undefined {
  const { state } = core;
  if (request.currentEpoch < state.currentEpoch)
    return `reqEpoch (${request.currentEpoch}) < curEpoch(${state.currentEpoch})`;
  if (state.lastVoteEpoch === state.currentEpoch) return `already voted for epoch ${state.currentEpoch}`;
  if (candidate.isMaster) return 'it is a master node';
  const { master } = candidate;
  if (master === undefined) return "I don't know its master";
  const isForced = (request.messageFlags & messageFlag.forceAck) !== 0;
  if (!master.failed && !isForced) return 'its master is up';
  const pauseMs = core.settings.nodeTimeoutMs * VOTE_PAUSE - (core.nowMs - master.votedMs);
  if (pauseMs > 0) return `can't vote about this master before ${pauseMs} milliseconds`;
  return newerClaim(core, request);
}

/** A slot that the candidate claims is another master's by a newer configuration. */
function newerClaim({ state }: BusCore, request: BusHeader): string | undefined {
  for (const slot of SlotSet.fromBitmap(request.slots)) {
    const owner = state.owner(slot);
    if (owner === undefined || state.isUnclaimed(slot) || owner.configEpoch <= request.configEpoch) continue;
    return `slot ${slot} epoch (${owner.configEpoch}) > reqEpoch (${request.configEpoch})`;
  }
  return undefined;
}
