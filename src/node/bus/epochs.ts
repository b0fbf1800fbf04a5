/**
 * Owns config epochs that are taken without a vote: for slots that were imported, and out of a collision.
 * Source: Redis 7.0 cluster.c clusterBumpConfigEpochWithoutConsensus, clusterHandleConfigEpochCollision.
 */
import type { BusCore } from './bus-core.ts';
import type { ClusterNode } from './cluster-node.ts';

/** Takes the next epoch, unless this node has the greatest already. True when it did. */
export function bumpConfigEpoch(core: BusCore): boolean {
  const { state } = core;
  if (state.myself.configEpoch !== 0 && state.myself.configEpoch === state.greatestEpoch) return false;
  takeNextEpoch(core);
  core.log('warning', `New configEpoch set to ${state.myself.configEpoch}`);
  return true;
}

/**
 * Two masters have the same epoch: the one with the smaller id moves on. Of several the one with the greatest id
 * stays, so that all end up with different ones.
 */
export function resolveEpochCollision(core: BusCore, other: ClusterNode): void {
  const { myself } = core.state;
  if (other.configEpoch !== myself.configEpoch || !other.isMaster || !myself.isMaster) return;
  if (other.id <= myself.id) return;
  takeNextEpoch(core);
  core.log(
    'verbose',
    `WARNING: configEpoch collision with node ${other.id}. configEpoch set to ${myself.configEpoch}`,
  );
}

function takeNextEpoch(core: BusCore): void {
  core.state.currentEpoch++;
  core.state.myself.configEpoch = core.state.currentEpoch;
  core.saveSoon('now');
}
