/**
 * Owns the move of this replica to a master that has lost all of its own, when its present master can spare it.
 * Source: Redis 7.0 cluster.c clusterHandleSlaveMigration, and clusterCron's count of orphaned masters.
 */
import { nodeFlag } from '../../protocol/bus/wire.ts';
import type { BusCore } from './bus-core.ts';
import type { ClusterNode } from './cluster-node.ts';
import { followMaster } from './roles.ts';

/** After a failover the replicas of the former master may take this long to show themselves. */
const DELAY_MS = 5000;
/** With fewer replicas nobody can spare one. */
const MIN_REPLICAS = 2;

/** To be called at each tick. */
export function migrateToOrphan(core: BusCore): void {
  const { state, settings, nowMs } = core;
  const { myself } = state;
  const { master } = myself;
  if (!myself.isReplica || master === undefined || !settings.allowReplicaMigration) return;
  const masters = state.nodes.filter(
    (node) => node.isMaster && !node.has(nodeFlag.fail | nodeFlag.noaddr | nodeFlag.handshake),
  );
  for (const node of masters) {
    if (!isOrphaned(node)) node.orphanedMs = 0;
    else if (node.orphanedMs === 0) node.orphanedMs = nowMs;
  }
  const most = Math.max(0, ...masters.map((node) => node.workingReplicas));
  if (!state.ok || most < MIN_REPLICAS || master.failed || master.workingReplicas < most) return;
  const reachable = master.replicas.filter((replica) => !replica.failed && !replica.timedOut);
  if (reachable.length <= settings.migrationBarrier) return;
  const orphan = masters.find((node) => node.orphanedMs !== 0 && nowMs - node.orphanedMs > DELAY_MS);
  if (orphan === undefined || !isFirstToGo(myself, masters, most)) return;
  core.log('warning', `Migrating to orphaned master ${orphan.id}`);
  followMaster(core, orphan);
  core.updateStateSoon();
  core.saveSoon('now');
}

/** It has slots and had replicas once, itself or as the heir of another; none of them works. */
function isOrphaned(node: ClusterNode): boolean {
  return node.slots.size > 0 && node.has(nodeFlag.migrateTo) && node.workingReplicas === 0;
}

/**
 * Of all replicas of the masters that have most, the one with the smallest id goes, so that one does. Redis lets one that
 * has failed for good be that one too, and then nobody ever goes.
 */
function isFirstToGo(myself: ClusterNode, masters: readonly ClusterNode[], most: number): boolean {
  return masters
    .filter((node) => node.workingReplicas === most)
    .every((node) => node.replicas.every((replica) => replica.failed || replica.id >= myself.id));
}
