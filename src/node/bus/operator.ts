/**
 * Owns what operators may do to the cluster through this node: CLUSTER's subcommands without their syntax and
 * replies. Each answers an error text (with its code) when it refuses, and has changed nothing then.
 * Source: Redis 7.0 cluster.c clusterCommand, clusterReset, checkSlotAssignmentsOrReply, clusterUpdateSlots.
 */
import { SLOT_COUNT } from '../../protocol/slots/key-slot.ts';
import type { BusCore } from './bus-core.ts';
import type { ClusterNode } from './cluster-node.ts';
import { bumpConfigEpoch } from './epochs.ts';
import { endFailover } from './failover-state.ts';
import { banish } from './handshake.ts';
import { becomeMaster, followMaster } from './roles.ts';

/** Whether `slots`, in this order, can be added (or deleted). */
export function checkSlots(
  core: BusCore,
  slots: Iterable<number>,
  seen: Set<number>,
  adding: boolean,
): string | undefined {
  for (const slot of slots) {
    const assigned = core.state.owner(slot) !== undefined;
    if (!adding && !assigned) return `ERR Slot ${slot} is already unassigned`;
    if (adding && assigned) return `ERR Slot ${slot} is already busy`;
    if (seen.has(slot)) return `ERR Slot ${slot} specified multiple times`;
    seen.add(slot);
  }
  return undefined;
}

/** Of slots that `checkSlots` has passed. */
export function changeSlots(core: BusCore, slots: Iterable<number>, adding: boolean): void {
  const { state } = core;
  for (const slot of slots) {
    state.importing.delete(slot);
    if (adding) state.addSlot(state.myself, slot);
    else state.deleteSlot(slot);
  }
  changed(core);
  core.announceSoon();
}

export function flushSlots(core: BusCore): void {
  core.state.deleteSlotsOf(core.state.myself);
  changed(core);
  core.announceSoon();
}

export function setMigrating(core: BusCore, slot: number, nodeId: string): string | undefined {
  if (core.state.owner(slot) !== core.state.myself) return `ERR I'm not the owner of hash slot ${slot}`;
  return openSlot(core, core.state.migrating, slot, nodeId);
}

export function setImporting(core: BusCore, slot: number, nodeId: string): string | undefined {
  if (core.state.owner(slot) === core.state.myself) return `ERR I'm already the owner of hash slot ${slot}`;
  return openSlot(core, core.state.importing, slot, nodeId);
}

function openSlot(
  core: BusCore,
  open: Map<number, ClusterNode>,
  slot: number,
  nodeId: string,
): string | undefined {
  const other = core.state.node(nodeId);
  if (other === undefined) return `ERR I don't know about node ${nodeId}`;
  if (other.isReplica) return 'ERR Target node is not a master';
  open.set(slot, other);
  changed(core);
  return undefined;
}

export function setStable(core: BusCore, slot: number): void {
  core.state.importing.delete(slot);
  core.state.migrating.delete(slot);
  changed(core);
}

/** Gives a slot to a node. Taking one that was being imported gives this node a new epoch to claim it with. */
export function setOwner(core: BusCore, slot: number, nodeId: string): string | undefined {
  const { state } = core;
  const { myself } = state;
  const owner = state.node(nodeId);
  if (owner === undefined) return `ERR Unknown node ${nodeId}`;
  if (owner.isReplica) return 'ERR Target node is not a master';
  const wasMine = state.owner(slot) === myself;
  const keys = core.host.countKeysInSlot(slot);
  if (wasMine && owner !== myself && keys !== 0)
    return `ERR Can't assign hashslot ${slot} to a different node while I still hold keys for this hash slot.`;
  if (keys === 0) state.migrating.delete(slot);

  state.deleteSlot(slot);
  state.addSlot(owner, slot);
  changed(core);
  // Who takes a slot says so. Who gives it away need not: the claim of the new owner counts more.
  if (!wasMine && owner === myself) core.announceSoon();
  if (wasMine && owner !== myself && myself.slots.size === 0 && core.settings.allowReplicaMigration) {
    core.log('warning', `Configuration change detected. Reconfiguring myself as a replica of ${owner.id}`);
    followMaster(core, owner);
  }
  if (owner === myself && state.importing.delete(slot)) {
    if (bumpConfigEpoch(core)) core.log('warning', `configEpoch updated after importing slot ${slot}`);
  }
  return undefined;
}

export function forget(core: BusCore, nodeId: string): string | undefined {
  const { state } = core;
  const node = state.node(nodeId);
  if (node === undefined) return `ERR Unknown node ${nodeId}`;
  if (node === state.myself) return "ERR I tried hard but I can't forget myself...";
  if (state.myself.isReplica && state.myself.master === node) return "ERR Can't forget my master!";
  banish(core, nodeId);
  if (core.manualFailover?.replica === node) endFailover(core);
  state.deleteNode(node);
  changed(core);
  return undefined;
}

/** `isEmpty`: this node holds no keys. */
export function replicate(core: BusCore, nodeId: string, isEmpty: boolean): string | undefined {
  const { state } = core;
  const { myself } = state;
  const master = state.node(nodeId);
  if (master === undefined) return `ERR Unknown node ${nodeId}`;
  if (master === myself) return "ERR Can't replicate myself";
  if (master.isReplica) return 'ERR I can only replicate a master, not a replica.';
  if (myself.isMaster && (myself.slots.size !== 0 || !isEmpty))
    return 'ERR To set a master the node must be empty and without assigned slots.';
  followMaster(core, master);
  changed(core);
  return undefined;
}

export function setConfigEpoch(core: BusCore, epoch: number): string | undefined {
  const { state } = core;
  if (epoch < 0) return `ERR Invalid config epoch specified: ${epoch}`;
  if (state.nodeCount > 1)
    return 'ERR The user can assign a config epoch only when the node does not know any other node.';
  if (state.myself.configEpoch !== 0) return 'ERR Node config epoch is already non-zero';
  state.myself.configEpoch = epoch;
  core.log('warning', `configEpoch set to ${epoch} via CLUSTER SET-CONFIG-EPOCH`);
  state.currentEpoch = Math.max(state.currentEpoch, epoch);
  changed(core);
  return undefined;
}

/** Forgets the cluster; with `hard` its name and epochs too. A replica's keys are deleted. */
export function reset(core: BusCore, hard: boolean): void {
  const { state, host } = core;
  const { myself } = state;
  if (myself.isReplica) {
    becomeMaster(core, myself);
    host.follow(undefined);
    host.deleteAllKeys();
  }
  endFailover(core);
  state.closeAllSlots();
  for (let slot = 0; slot < SLOT_COUNT; slot++) state.deleteSlot(slot);
  for (const node of state.nodes) if (node !== myself) state.deleteNode(node);
  if (hard) {
    state.currentEpoch = 0;
    state.lastVoteEpoch = 0;
    myself.configEpoch = 0;
    core.log('warning', 'configEpoch set to 0 via CLUSTER RESET HARD');
    state.rename(myself, core.random.hex(40));
    core.log('notice', `Node hard reset, now I'm ${myself.id}`);
  }
  changed(core);
}

/** What a command has changed is kept before its reply is sent. */
function changed(core: BusCore): void {
  core.updateStateSoon();
  core.saveSoon('now');
}
