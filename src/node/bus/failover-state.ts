/**
 * Owns what a node keeps of failovers that are under way: a candidacy, a manual failover. They end with the role in which they
 * began, so that nothing of a former one counts in the next. Decides nothing.
 * Source: Redis 7.0 cluster.h struct clusterState (failover_auth_*, mf_*); cluster.c resetManualFailover.
 */
import type { BusCore } from './bus-core.ts';
import type { ClusterNode } from './cluster-node.ts';

/** A replica's attempt to be elected. */
export interface Candidacy {
  /** When votes are asked for; Unix ms. */
  startMs: number;
  /** How many replicas of the same master have more data. */
  rank: number;
  /** Of the election; 0 until votes are asked for. */
  epoch: number;
  readonly voters: Set<ClusterNode>;
}

/** CLUSTER FAILOVER, at the replica or at its master. */
export interface ManualFailover {
  /** When it is given up; Unix ms. */
  readonly endMs: number;
  /** At the master: who takes over. Writes of clients are held back meanwhile. */
  readonly replica: ClusterNode | undefined;
  /** At the replica: where the master's stream stands since it holds its clients back. */
  masterOffset: number | undefined;
  /** At the replica: it has everything, or is to do without. */
  canStart: boolean;
  /** A look at the offset is planned. */
  rechecking: boolean;
}

/** Gives up what is under way, because it is done, too late, or not for this role any more. Idempotent. */
export function endFailover(core: BusCore): void {
  core.candidacy = undefined;
  endManualFailover(core);
}

/** The candidacy goes on if there is another reason for it. */
export function endManualFailover(core: BusCore): void {
  const manual = core.manualFailover;
  core.manualFailover = undefined;
  if (manual?.replica !== undefined) core.host.resumeWrites();
}
