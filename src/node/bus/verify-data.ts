/**
 * Owns what becomes of keys that were read from disk in slots that this node does not serve: it takes a slot that is nobody's,
 * and imports one that is another's, so that no key is out of reach. Source: Redis cluster.c verifyClusterConfigWithData.
 */
import { SLOT_COUNT } from '../../protocol/slots/key-slot.ts';
import type { BusCore } from './bus-core.ts';

/** Only on a master: a replica has what its master has. True when something changed, to be kept in nodes.conf. */
export function adoptSlotsWithKeys(core: BusCore): boolean {
  const { state, host } = core;
  const { myself } = state;
  if (myself.isReplica) return false;
  let changed = false;
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const owner = state.owner(slot);
    if (owner === myself || state.importing.has(slot) || host.countKeysInSlot(slot) === 0) continue;
    changed = true;
    if (owner === undefined) {
      core.log('warning', `I have keys for unassigned slot ${slot}. Taking responsibility for it.`);
      state.addSlot(myself, slot);
    } else {
      core.log(
        'warning',
        `I have keys for slot ${slot}, but the slot is assigned to another node. Setting it to importing state.`,
      );
      state.importing.set(slot, owner);
    }
  }
  return changed;
}
