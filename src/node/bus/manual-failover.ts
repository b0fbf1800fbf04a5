/**
 * Owns the manual failover, on both sides: the replica asks its master to hold its clients back (MFSTART), hears where the
 * master's stream stands since then (flag PAUSED), and stands for election when it has all of it. No write is lost.
 * Source: Redis 7.0 cluster.c clusterCommand (FAILOVER), clusterProcessPacket (MFSTART), clusterHandleManualFailover,
 * manualFailoverCheckTimeout.
 */
import type { BusHeader } from '../../protocol/bus/message.ts';
import { messageFlag } from '../../protocol/bus/wire.ts';
import type { BusCore } from './bus-core.ts';
import { takeOver } from './candidacy.ts';
import type { ClusterNode } from './cluster-node.ts';
import { requestPause, sendPing } from './compose.ts';
import { bumpConfigEpoch } from './epochs.ts';
import { endFailover, endManualFailover } from './failover-state.ts';
import type { BusLink } from './link.ts';

const TIMEOUT_MS = 5000;
/** Clients are held back beyond the timeout: the outcome must have reached the master by then. */
const PAUSE_TIMES = 2;
/** How often the replica looks whether it has everything, while clients wait for it. */
const RECHECK_MS = 5;

/** 'force' does without the master, 'takeover' without the other masters as well. */
export type FailoverKind = 'coordinated' | 'force' | 'takeover';

/** What the operator asks of a replica; answers an error text (with its code) when refused. */
export function failover(core: BusCore, kind: FailoverKind): string | undefined {
  const { myself } = core.state;
  const { master } = myself;
  if (myself.isMaster) return 'ERR You should send CLUSTER FAILOVER to a replica';
  if (master === undefined) return "ERR I'm a replica but my master is unknown to me";
  const { link } = master;
  if (kind === 'coordinated' && (master.failed || link === undefined))
    return 'ERR Master is down or failed, please use CLUSTER FAILOVER FORCE';
  endFailover(core);
  if (kind === 'takeover') {
    core.log('warning', 'Taking over the master (user request).');
    bumpConfigEpoch(core);
    takeOver(core);
    return undefined;
  }
  const isForced = kind === 'force';
  core.manualFailover = {
    endMs: core.nowMs + TIMEOUT_MS,
    replica: undefined,
    masterOffset: undefined,
    canStart: isForced,
    rechecking: false,
  };
  if (isForced) {
    core.log('warning', 'Forced failover user request accepted.');
    core.failoverSoon();
  } else {
    core.log('warning', 'Manual failover user request accepted.');
    if (link !== undefined) requestPause(core, link);
  }
  return undefined;
}

/** MFSTART: a replica of this master is to take over. */
export function hearPauseRequest(core: BusCore, replica: ClusterNode, link: BusLink): void {
  if (replica.master !== core.state.myself) return;
  endFailover(core);
  const { nowMs } = core;
  core.manualFailover = {
    endMs: nowMs + TIMEOUT_MS,
    replica,
    masterOffset: undefined,
    canStart: false,
    rechecking: false,
  };
  core.host.pauseWrites(nowMs + TIMEOUT_MS * PAUSE_TIMES);
  core.log('warning', `Manual failover requested by replica ${replica.id}.`);
  // Carries the offset, which stands still from now on.
  sendPing(core, link, 'ping');
}

/**
 * The offset of a master that holds its clients back. The last one counts: keys that a MIGRATE has under way are deleted when it
 * is done, pause or not.
 */
export function hearPausedOffset(core: BusCore, sender: ClusterNode, header: BusHeader): void {
  const { manualFailover: manual } = core;
  if (manual === undefined || manual.masterOffset === header.offset) return;
  if (core.state.myself.master !== sender || (header.messageFlags & messageFlag.paused) === 0) return;
  manual.masterOffset = header.offset;
  core.log('warning', `Received replication offset for paused master manual failover: ${header.offset}`);
  core.failoverSoon();
}

/** Gives up what takes too long. A master goes on telling its offset meanwhile. To be called at each tick. */
export function tendManualFailover(core: BusCore): void {
  const { manualFailover: manual } = core;
  if (manual === undefined) return;
  if (manual.endMs < core.nowMs) {
    core.log('warning', 'Manual failover timed out.');
    endManualFailover(core);
  } else if (manual.replica?.link !== undefined) {
    sendPing(core, manual.replica.link, 'ping');
  }
}

/** Lets the candidacy begin as soon as this replica has what its master had when it held its clients back. */
export function startWhenComplete(core: BusCore): void {
  const { manualFailover: manual } = core;
  if (manual?.masterOffset === undefined || manual.canStart || core.state.myself.isMaster) return;
  if (manual.masterOffset === core.host.replicationOffset) {
    manual.canStart = true;
    core.log('warning', 'All master replication stream processed, manual failover can start.');
  } else if (!manual.rechecking) {
    manual.rechecking = true;
    core.clock.after(RECHECK_MS, () => {
      manual.rechecking = false;
      core.failoverSoon();
    });
  }
}
