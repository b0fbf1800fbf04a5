/**
 * Owns what becomes of slots when a master claims them: the claim with the greater config epoch wins. Losing the
 * last slot makes a replica; keys of lost slots go.
 * Source: Redis 7.0 cluster.c clusterUpdateSlotsConfigWith, and clusterProcessPacket's check for stale claims.
 */
import { SlotSet } from '../../protocol/slots/slot-set.ts';
import type { BusCore } from './bus-core.ts';
import type { ClusterNode } from './cluster-node.ts';
import type { ClusterState } from './cluster-state.ts';
import { sendUpdate } from './compose.ts';
import { followMaster } from './roles.ts';

/** Takes over what `claimant` claims under `configEpoch`. The bitmap has 2048 bytes. */
export function acceptClaim(
  core: BusCore,
  claimant: ClusterNode,
  configEpoch: number,
  claimed: Uint8Array,
): void {
  const { state } = core;
  const { myself } = state;
  const shardMaster = myself.isMaster ? myself : myself.master;
  const dirtySlots: number[] = [];
  let lostCount = 0;
  for (const slot of slotsInQuestion(state, claimant, claimed)) {
    const owner = state.owner(slot);
    if (!hasBit(claimed, slot)) {
      // Still bound to the claimant, so that clients find somebody, but no longer told to others as its own.
      if (owner === claimant) state.notClaimed.add(slot);
      continue;
    }
    if (owner === claimant) {
      state.notClaimed.delete(slot);
      continue;
    }
    // A slot that is being imported is closed by the operator only.
    if (state.importing.has(slot)) continue;
    if (owner !== undefined && !state.notClaimed.has(slot) && owner.configEpoch >= configEpoch) continue;
    if (owner === myself && core.host.countKeysInSlot(slot) > 0) dirtySlots.push(slot);
    if (owner !== undefined && owner === shardMaster) lostCount++;
    state.deleteSlot(slot);
    state.addSlot(claimant, slot);
    core.saveSoon('now');
    core.updateStateSoon();
  }
  const claimsOnlyOurs = lostCount > 0 && SlotSet.fromBitmap(claimed).size === lostCount;
  settleRole(core, claimant, shardMaster, lostCount, claimsOnlyOurs, dirtySlots);
}

/** Slots that are claimed and not the claimant's, or the reverse, or uncertain: mostly none, so bytes are compared. */
function slotsInQuestion(state: ClusterState, claimant: ClusterNode, claimed: Uint8Array): number[] {
  const held = claimant.slots.bitmap;
  const uncertain = state.notClaimed.bitmap;
  const slots: number[] = [];
  for (let index = 0; index < claimed.length; index++) {
    const bits = ((claimed[index] as number) ^ (held[index] as number)) | (uncertain[index] as number);
    for (let bit = 0; bits !== 0 && bit < 8; bit++) if (bits & (1 << bit)) slots.push(index * 8 + bit);
  }
  return slots;
}

function hasBit(bitmap: Uint8Array, slot: number): boolean {
  return ((bitmap[slot >> 3] as number) & (1 << (slot & 7))) !== 0;
}

function settleRole(
  core: BusCore,
  claimant: ClusterNode,
  shardMaster: ClusterNode | undefined,
  lostCount: number,
  claimsOnlyOurs: boolean,
  dirtySlots: readonly number[],
): void {
  const { myself } = core.state;
  const grandmaster = myself.master?.master;
  if (
    lostCount > 0 &&
    shardMaster?.slots.size === 0 &&
    (core.settings.allowReplicaMigration || claimsOnlyOurs)
  ) {
    // Failed over, or moved away slot by slot: either way the claimant has the data that this shard had.
    core.log('warning', `Configuration change detected. Reconfiguring myself as a replica of ${claimant.id}`);
    turnTo(core, claimant);
  } else if (grandmaster !== undefined && grandmaster !== myself) {
    core.log(
      'warning',
      `I'm a sub-replica! Reconfiguring myself as a replica of grandmaster ${grandmaster.id}`,
    );
    turnTo(core, grandmaster);
  } else if (dirtySlots.length > 0) {
    core.host.deleteKeysInSlots(dirtySlots);
  }
}

function turnTo(core: BusCore, master: ClusterNode): void {
  followMaster(core, master);
  core.saveSoon('now');
  core.updateStateSoon();
}

/** Tells a sender that claims a slot under an old epoch who has it now. */
export function correctStaleClaim(
  core: BusCore,
  sender: ClusterNode,
  configEpoch: number,
  claimed: Uint8Array,
): void {
  const { state } = core;
  for (const slot of slotsInQuestion(state, sender, claimed)) {
    if (!hasBit(claimed, slot)) continue;
    const owner = state.owner(slot);
    if (owner === undefined || owner === sender || state.notClaimed.has(slot)) continue;
    if (owner.configEpoch <= configEpoch) continue;
    core.log(
      'verbose',
      `Node ${sender.id} has old slots configuration, sending an UPDATE message about ${owner.id}`,
    );
    if (sender.link !== undefined) sendUpdate(core, sender.link, owner);
    return;
  }
}
