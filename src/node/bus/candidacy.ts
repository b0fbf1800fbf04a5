/**
 * Owns the candidacy of this node, a replica: when its master has failed it asks the masters for their votes, and takes the
 * master's slots when the majority has given them.
 * Source: Redis 7.0 cluster.c clusterHandleSlaveFailover, clusterGetSlaveRank, clusterFailoverReplaceYourMaster,
 * clusterLogCantFailover.
 */
import type { BusHeader } from '../../protocol/bus/message.ts';
import type { BusCore } from './bus-core.ts';
import type { ClusterNode } from './cluster-node.ts';
import { broadcastPong, requestVotes } from './compose.ts';
import { type Candidacy, endFailover } from './failover-state.ts';
import { becomeMaster } from './roles.ts';

/** Lets FAIL reach the masters before they are asked, and keeps replicas of the same rank apart. */
const START_DELAY_MS = 500;
const START_SPREAD_MS = 500;
const RANK_DELAY_MS = 1000;
/** Votes count for so long: times the node timeout, and at least. After as much again another attempt begins. */
const VOTING_TIMES = 2;
const MIN_VOTING_MS = 2000;
const RETRY_TIMES = 2;
/** A reason that stays is logged again after this time; the first time only when the master is down this much longer. */
const RELOG_PERIOD_MS = 10_000;
const QUIET_MS = 5000;

const cannot = {
  dataAge:
    "Disconnected from master for longer than allowed. Please check the 'cluster-replica-validity-factor' configuration option.",
  waitingDelay: 'Waiting the delay before I can start a new failover.',
  expired: 'Failover attempt expired.',
  waitingVotes: 'Waiting for votes, but majority still not reached.',
} as const;

/** Goes as far as it can by now; to be called again and again. */
export function standForElection(core: BusCore): void {
  const { master } = core.state.myself;
  const isManual = core.manualFailover?.canStart === true;
  if (!isWanted(core, master, isManual)) {
    core.candidacy = undefined;
    core.cannotFailover = undefined;
    return;
  }
  if (!isManual && isTooOld(core)) {
    logCannot(core, master, 'dataAge');
    return;
  }
  const votingMs = Math.max(core.settings.nodeTimeoutMs * VOTING_TIMES, MIN_VOTING_MS);
  const candidacy = core.candidacy;
  if (candidacy === undefined || core.nowMs - candidacy.startMs > votingMs * RETRY_TIMES) {
    announceCandidacy(core);
    return;
  }
  if (candidacy.epoch === 0 && core.manualFailover === undefined) followRank(core, candidacy);
  if (core.nowMs < candidacy.startMs) logCannot(core, master, 'waitingDelay');
  else if (core.nowMs - candidacy.startMs > votingMs) logCannot(core, master, 'expired');
  else if (candidacy.epoch === 0) askForVotes(core, candidacy);
  else if (candidacy.voters.size < core.state.quorum) logCannot(core, master, 'waitingVotes');
  else win(core, candidacy);
}

/** A vote tells the epoch in which it was given: one for an election of before does not count. */
export function hearVote(core: BusCore, voter: ClusterNode, header: BusHeader): void {
  const { candidacy } = core;
  if (candidacy === undefined || candidacy.epoch === 0 || header.currentEpoch !== candidacy.epoch) return;
  if (!voter.votes) return;
  candidacy.voters.add(voter);
  core.failoverSoon();
}

/** Makes this replica the master of its master's slots. It has its new epoch already. */
export function takeOver(core: BusCore): void {
  const { state } = core;
  const { myself } = state;
  const { master } = myself;
  if (myself.isMaster || master === undefined) return;
  becomeMaster(core, myself);
  core.host.follow(undefined);
  for (const slot of [...master.slots]) {
    state.deleteSlot(slot);
    state.addSlot(myself, slot);
  }
  endFailover(core);
  core.updateStateSoon();
  core.saveSoon('now');
  core.announceSoon();
}

function isWanted(core: BusCore, master: ClusterNode | undefined, isManual: boolean): master is ClusterNode {
  if (core.state.myself.isMaster || master === undefined || master.slots.size === 0) return false;
  return isManual || (master.failed && !core.settings.replicaNoFailover);
}

/** The time that it takes to find out that a master has failed is no fault of the replica's. */
function isTooOld({ host, settings }: BusCore): boolean {
  const { nodeTimeoutMs, replicaValidityFactor, replicationPingMs } = settings;
  if (replicaValidityFactor === 0) return false;
  const { dataAgeMs } = host;
  const ageMs = dataAgeMs > nodeTimeoutMs ? dataAgeMs - nodeTimeoutMs : dataAgeMs;
  return ageMs > replicationPingMs + nodeTimeoutMs * replicaValidityFactor;
}

/**
 * Siblings hear of the offset now: those that have less stand back. A replica that was told to take over loses no time, even if
 * its master has failed meanwhile.
 */
function announceCandidacy(core: BusCore): void {
  const { nowMs } = core;
  const isManual = core.manualFailover !== undefined;
  const rank = isManual ? 0 : rankOf(core);
  const delayMs = isManual ? 0 : START_DELAY_MS + core.random.below(START_SPREAD_MS) + rank * RANK_DELAY_MS;
  core.candidacy = { startMs: nowMs + delayMs, rank, epoch: 0, voters: new Set() };
  if (isManual) core.failoverSoon();
  const offset = core.host.replicationOffset;
  core.log(
    'warning',
    `Start of election delayed for ${delayMs} milliseconds (rank #${rank}, offset ${offset}).`,
  );
  broadcastPong(core, core.state.myself.master?.replicas ?? []);
}

function rankOf({ state, host }: BusCore): number {
  const { myself } = state;
  const offset = host.replicationOffset;
  const better = myself.master?.replicas.filter(
    (replica) => replica !== myself && replica.mayFailover && replica.offset > offset,
  );
  return better?.length ?? 0;
}

function followRank(core: BusCore, candidacy: Candidacy): void {
  const rank = rankOf(core);
  if (rank <= candidacy.rank) return;
  const addedMs = (rank - candidacy.rank) * RANK_DELAY_MS;
  candidacy.startMs += addedMs;
  candidacy.rank = rank;
  core.log('warning', `Replica rank updated to #${rank}, added ${addedMs} milliseconds of delay.`);
}

function askForVotes(core: BusCore, candidacy: Candidacy): void {
  const { state } = core;
  state.currentEpoch++;
  candidacy.epoch = state.currentEpoch;
  core.log('warning', `Starting a failover election for epoch ${candidacy.epoch}.`);
  requestVotes(core, core.manualFailover !== undefined);
  core.saveSoon('now');
  core.updateStateSoon();
}

function win(core: BusCore, { epoch }: Candidacy): void {
  const { myself } = core.state;
  core.log('warning', "Failover election won: I'm the new master.");
  if (myself.configEpoch < epoch) {
    myself.configEpoch = epoch;
    core.log('warning', `configEpoch set to ${epoch} after successful failover`);
  }
  takeOver(core);
}

function logCannot(core: BusCore, master: ClusterNode, reason: keyof typeof cannot): void {
  const { nowMs, cannotFailover: last } = core;
  if (last?.reason === reason && nowMs - last.loggedMs < RELOG_PERIOD_MS) return;
  const quiet = master.failed && nowMs - master.failTimeMs < core.settings.nodeTimeoutMs + QUIET_MS;
  core.cannotFailover = { reason, loggedMs: quiet ? 0 : nowMs };
  if (!quiet) core.log('warning', `Currently unable to failover: ${cannot[reason]}`);
}
