/**
 * Owns the verdict on the cluster: ok or fail, from the slots that are covered and the masters that are reachable.
 * Source: Redis 7.0 cluster.c clusterUpdateState.
 */
import { nodeFlag } from '../../protocol/bus/wire.ts';
import { SLOT_COUNT } from '../../protocol/slots/key-slot.ts';
import type { BusCore } from './bus-core.ts';

const MAX_REJOIN_DELAY_MS = 5000;
const MIN_REJOIN_DELAY_MS = 500;
const WRITABLE_DELAY_MS = 2000;

export class Health {
  readonly #core: BusCore;
  /** A master that comes back with slots waits, so that the others can tell it who has them by now. */
  readonly #rejoins: boolean;
  #firstUpdateMs = 0;
  #minorityMs = Number.NEGATIVE_INFINITY;

  /** `rejoins`: the state was read from nodes.conf and gives this node slots. */
  constructor(core: BusCore, rejoins: boolean) {
    this.#core = core;
    this.#rejoins = rejoins;
  }

  update(): void {
    const { state, settings, nowMs } = this.#core;
    const { myself } = state;
    this.#core.stateUpdateDue = false;
    if (this.#firstUpdateMs === 0) this.#firstUpdateMs = nowMs;
    const sinceFirstMs = nowMs - this.#firstUpdateMs;
    // Before anything else: what a majority is depends on it.
    const reachable = this.#countMasters();
    if (this.#rejoins && myself.isMaster && !state.ok && sinceFirstMs < WRITABLE_DELAY_MS) return;

    let ok = !settings.requireFullCoverage || this.#allSlotsCovered();
    if (reachable < state.quorum) {
      ok = false;
      // Redis takes a cluster without any slots for a minority too, and then lets a new cluster wait. There is
      // nobody whose newer configuration could have been missed.
      if (state.size > 0) this.#minorityMs = nowMs;
    }
    if (ok === state.ok) return;
    const rejoinDelayMs = Math.max(
      Math.min(settings.nodeTimeoutMs, MAX_REJOIN_DELAY_MS),
      MIN_REJOIN_DELAY_MS,
    );
    if (ok && myself.isMaster && nowMs - this.#minorityMs < rejoinDelayMs) return;
    this.#core.log('warning', `Cluster state changed: ${ok ? 'ok' : 'fail'}`);
    state.ok = ok;
  }

  #allSlotsCovered(): boolean {
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const owner = this.#core.state.owner(slot);
      if (owner === undefined || owner.failed) return false;
    }
    return true;
  }

  /** Sets the size of the cluster; answers how many masters with slots are reachable. */
  #countMasters(): number {
    const { state } = this.#core;
    let reachable = 0;
    state.size = 0;
    for (const node of state.nodes) {
      if (!node.isMaster || node.slots.size === 0) continue;
      state.size++;
      if (!node.has(nodeFlag.fail | nodeFlag.pfail)) reachable++;
    }
    return reachable;
  }
}
