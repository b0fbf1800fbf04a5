/**
 * Owns the course of the bus: messages, link events and ticks go in; what they leave to do is done in Redis's order
 * before anything is told to anybody. No sockets, no files, no timers: the host has them, or a simulation.
 * Source: Redis 7.0 cluster.c clusterCron, clusterBeforeSleep, clusterLinkConnectHandler.
 */
import { messageOf } from '../../core/errors.ts';
import type { BusMessage } from '../../protocol/bus/message.ts';
import { nodeFlag } from '../../protocol/bus/wire.ts';
import type { BusCore } from './bus-core.ts';
import { standForElection } from './candidacy.ts';
import { sendPing } from './compose.ts';
import { dial, pingOneAtRandom, tendLinks, watchNodes } from './cron.ts';
import { announce, introduceAgain, introduceNewcomers } from './handshake.ts';
import { Health } from './health.ts';
import { BusLink, type LinkHandle } from './link.ts';
import { startWhenComplete, tendManualFailover } from './manual-failover.ts';
import { receive } from './receive.ts';
import { migrateToOrphan } from './replica-migration.ts';
import { followAddressOf } from './roles.ts';

export class BusMachine {
  readonly core: BusCore;
  readonly #health: Health;
  #ticks = 0;
  /** The replication offset was 0 when everybody last heard from this node. */
  #offsetUntold = true;

  /** `rejoins`: the state was read from nodes.conf and gives this node slots. */
  constructor(core: BusCore, rejoins: boolean) {
    this.core = core;
    this.#health = new Health(core, rejoins);
  }

  /** To be called every TICK_MS. */
  tick(): void {
    const { core } = this;
    this.#ticks++;
    this.refreshMyself();
    tendLinks(core);
    introduceAgain(core);
    pingOneAtRandom(core, this.#ticks);
    if (watchNodes(core) || !core.state.ok) core.updateStateSoon();
    resumeFollowing(core);
    tendManualFailover(core);
    advanceFailover(core);
    migrateToOrphan(core);
    this.#tellFirstOffset();
    if (core.saveDue !== undefined) core.saveSoon('now');
  }

  /** Somebody has connected. */
  accepted(handle: LinkHandle): BusLink {
    const link = new BusLink(undefined, this.core.nowMs);
    link.handle = handle;
    return link;
  }

  /** A link that was dialled is open. */
  connected(link: BusLink): void {
    const { node } = link;
    if (!link.open || node === undefined) return;
    // An unanswered PING of before keeps its time, or a node that takes connections only would never fail.
    const pendingSinceMs = node.pingSentMs;
    sendPing(this.core, link, node.has(nodeFlag.meet) ? 'meet' : 'ping');
    if (pendingSinceMs !== 0) node.pingSentMs = pendingSinceMs;
    node.mark(nodeFlag.meet, false);
  }

  /** A link has ended, or could not be opened. */
  disconnected(link: BusLink, wasConnected: boolean): void {
    const { node } = link;
    if (!link.open) return;
    // A node that cannot even be connected to counts as pinged, or it would never fail.
    if (!wasConnected && node !== undefined && node.pingSentMs === 0) node.pingSentMs = this.core.nowMs;
    link.close();
  }

  /** May close the link: nothing more of it is to be read then. */
  received(link: BusLink, message: BusMessage): void {
    if (link.open) receive(this.core, link, message);
  }

  /** What directives say of this node itself. */
  refreshMyself(): void {
    const { myself } = this.core.state;
    const { settings } = this.core;
    myself.port = settings.port;
    myself.plainPort = settings.plainPort;
    myself.busPort = settings.busPort;
    myself.hostname = settings.announceHostname;
    if (myself.has(nodeFlag.nofailover) !== settings.replicaNoFailover) {
      myself.mark(nodeFlag.nofailover, settings.replicaNoFailover);
      this.core.saveSoon('later');
      this.core.updateStateSoon();
    }
  }

  /**
   * Does what was left to do: first the verdict on the cluster and a failover, then the file, then the messages. To be called when
   * the host was woken, and before replies of commands are sent. Cheap when there is nothing.
   */
  settle(): void {
    const { core } = this;
    if (!core.due) return;
    for (const node of core.undialled) dial(core, node);
    core.undialled.clear();
    if (core.introductions.fresh.size > 0) introduceNewcomers(core);
    // The size of the cluster first, which tells what a majority is.
    if (core.stateUpdateDue) this.#health.update();
    if (core.failoverDue) advanceFailover(core);
    if (core.stateUpdateDue) this.#health.update();
    if (core.announcementDue) announce(core);
    core.due = false;
    const messages = core.outbox.splice(0);
    if (core.saveDue === 'now' && !this.#save()) return;
    for (const { link, packet } of messages) if (link.open) link.handle?.send(packet);
  }

  /** False when it failed: then nothing may be told any more. */
  #save(): boolean {
    this.core.saveDue = undefined;
    try {
      this.core.host.save();
      return true;
    } catch (error) {
      this.core.log('warning', messageOf(error));
      this.core.host.fatal("Fatal: can't update cluster config file.");
      return false;
    }
  }

  /** A replica is listed by others from its first offset on: they need not wait for their next PING. */
  #tellFirstOffset(): void {
    const untold = this.core.host.replicationOffset === 0;
    if (this.#offsetUntold && !untold && this.core.state.myself.isReplica) this.core.announceSoon();
    this.#offsetUntold = untold;
  }
}

function advanceFailover(core: BusCore): void {
  core.failoverDue = false;
  if (!core.state.myself.isReplica) return;
  startWhenComplete(core);
  standForElection(core);
}

/** A replica whose replication is off (it has just started) begins as soon as it knows its master's address. */
function resumeFollowing(core: BusCore): void {
  const { myself } = core.state;
  const { master } = myself;
  if (!myself.isReplica || master === undefined || master.has(nodeFlag.noaddr)) return;
  if (core.host.following === undefined) followAddressOf(core, master);
}
