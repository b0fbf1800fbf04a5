/**
 * Owns the marking of nodes as failing: reports of other masters, PFAIL into FAIL by majority, and back.
 * Source: Redis 7.0 cluster.c clusterNodeAddFailureReport, markNodeAsFailingIfNeeded, clearNodeFailureIfNeeded.
 */
import { nodeFlag } from '../../protocol/bus/wire.ts';
import type { BusCore } from './bus-core.ts';
import type { ClusterNode } from './cluster-node.ts';
import { broadcastFail } from './compose.ts';

/** Times the node timeout. */
const REPORT_VALIDITY = 2;
const FAIL_UNDO_TIME = 2;

/** How many other masters with slots hold `node` for failing; outdated reports are dropped. */
export function countFailureReports(core: BusCore, node: ClusterNode): number {
  const oldestMs = core.nowMs - core.settings.nodeTimeoutMs * REPORT_VALIDITY;
  for (const [reporter, reportedMs] of node.failReports) {
    if (reportedMs < oldestMs) node.failReports.delete(reporter);
  }
  return node.failReports.size;
}

/** What the gossip of a master says of `node`. */
export function hearReport(core: BusCore, reporter: ClusterNode, node: ClusterNode, failing: boolean): void {
  if (failing) {
    if (!node.failReports.has(reporter))
      core.log('verbose', `Node ${reporter.id} reported node ${node.id} as not reachable.`);
    node.failReports.set(reporter, core.nowMs);
    markAsFailingIfAgreed(core, node);
  } else if (node.failReports.delete(reporter)) {
    core.log('verbose', `Node ${reporter.id} reported node ${node.id} is back online.`);
  }
}

function markAsFailingIfAgreed(core: BusCore, node: ClusterNode): void {
  const { state } = core;
  if (!node.timedOut || node.failed) return;
  const reports = countFailureReports(core, node) + (state.myself.votes ? 1 : 0);
  if (reports < state.quorum) return;
  core.log('notice', `Marking node ${node.id} as failing (quorum reached).`);
  markAsFailed(core, node);
  broadcastFail(core, node);
}

/** By majority, or because another node has told of its majority. */
export function markAsFailed(core: BusCore, node: ClusterNode): void {
  node.mark(nodeFlag.pfail, false);
  node.mark(nodeFlag.fail, true);
  node.failTimeMs = core.nowMs;
  core.updateStateSoon();
  core.saveSoon('later');
}

/** A PONG has come: whatever was thought of `node` is to be thought over. */
export function hearAlive(core: BusCore, node: ClusterNode): void {
  if (node.timedOut) {
    node.mark(nodeFlag.pfail, false);
    core.updateStateSoon();
    core.saveSoon('later');
  } else if (node.failed) {
    clearFailureIfPossible(core, node);
  }
}

function clearFailureIfPossible(core: BusCore, node: ClusterNode): void {
  const servesSlots = node.isMaster && node.slots.size > 0;
  // A master that still has its slots after this time was not failed over, and nobody is going to.
  const undoMs = core.settings.nodeTimeoutMs * FAIL_UNDO_TIME;
  if (servesSlots && core.nowMs - node.failTimeMs <= undoMs) return;
  const why = servesSlots
    ? 'is reachable again and nobody is serving its slots after some time.'
    : `${node.isReplica ? 'replica' : 'master without slots'} is reachable again.`;
  core.log('notice', `Clear FAIL state for node ${node.id}: ${why}`);
  node.mark(nodeFlag.fail, false);
  core.updateStateSoon();
  core.saveSoon('later');
}
