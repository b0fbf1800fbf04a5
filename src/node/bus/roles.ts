/**
 * Owns changes of role: this node becoming a replica, any node becoming a master or a replica of another.
 * Source: Redis 7.0 cluster.c clusterSetMaster, clusterSetNodeAsMaster, and clusterProcessPacket's check for role
 * switches.
 */
import { nodeFlag } from '../../protocol/bus/wire.ts';
import type { BusCore } from './bus-core.ts';
import type { ClusterNode } from './cluster-node.ts';
import { endFailover } from './failover-state.ts';

/** Makes this node a replica of `master`. It must have no slots. */
export function followMaster(core: BusCore, master: ClusterNode): void {
  const { state } = core;
  const { myself } = state;
  if (myself.isMaster) {
    myself.mark(nodeFlag.master | nodeFlag.migrateTo, false);
    myself.mark(nodeFlag.replica, true);
    state.closeAllSlots();
  } else if (myself.master !== undefined) {
    state.detachReplica(myself.master, myself);
  }
  state.attachReplica(master, myself);
  followAddressOf(core, master);
  endFailover(core);
  core.announceSoon();
}

/** Begins the replication from where `master` is by now. */
export function followAddressOf({ host, settings }: BusCore, { ip, port, plainPort }: ClusterNode): void {
  host.follow({ host: ip, port: settings.followsPlainPort && plainPort !== 0 ? plainPort : port });
}

export function becomeMaster(core: BusCore, node: ClusterNode): void {
  if (node.isMaster) return;
  if (node.master !== undefined) {
    core.state.detachReplica(node.master, node);
    if (node !== core.state.myself) node.mark(nodeFlag.migrateTo, true);
  }
  node.mark(nodeFlag.replica, false);
  node.mark(nodeFlag.master, true);
  node.masterSinceMs = core.nowMs;
  core.saveSoon('later');
  core.updateStateSoon();
}

/** What another node says of its own role. `masterId` is absent for a master. */
export function learnRole(core: BusCore, node: ClusterNode, masterId: string | undefined): void {
  const { state } = core;
  if (masterId === undefined) {
    becomeMaster(core, node);
    return;
  }
  if (node.isMaster) {
    state.deleteSlotsOf(node);
    node.mark(nodeFlag.master | nodeFlag.migrateTo, false);
    node.mark(nodeFlag.replica, true);
    core.saveSoon('later');
    core.updateStateSoon();
  }
  const master = state.node(masterId);
  if (master === undefined || node.master === master) return;
  if (node.master !== undefined) state.detachReplica(node.master, node);
  state.attachReplica(master, node);
  core.saveSoon('later');
}
