/**
 * Owns what all rules of the bus work with: the tables, the clock, the host outside, the messages to send and the
 * things left to do before this node goes back to sleep. The rules live in the files beside it.
 * Source: Redis 7.0 cluster.c clusterDoBeforeSleep, clusterSendMessage.
 */
import type { Clock } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import { MESSAGE_TYPES, type MessageType } from '../../protocol/bus/wire.ts';
import type { Log, LogLevel } from '../parts/basics.ts';
import type { MasterAddress } from '../parts/replication.ts';
import type { ClusterNode } from './cluster-node.ts';
import type { ClusterState } from './cluster-state.ts';
import type { Candidacy, ManualFailover } from './failover-state.ts';
import type { BusLink, LinkHandle } from './link.ts';

/** Directives of redis.conf that the bus reads; they may change at any time. */
export interface BusSettings {
  readonly nodeTimeoutMs: number;
  /** As announced: the own ones unless cluster-announce-port, -tls-port and -bus-port say otherwise. */
  readonly port: number;
  /** Where clients are served without TLS, in a cluster with it; 0 for nowhere. */
  readonly plainPort: number;
  readonly busPort: number;
  /** "" when the others shall find out. */
  readonly announceIp: string;
  readonly announceHostname: string;
  /** A replica of this node's reaches its master at the plain port, when that has one beside the other. */
  readonly followsPlainPort: boolean;
  readonly requireFullCoverage: boolean;
  readonly allowReplicaMigration: boolean;
  readonly replicaNoFailover: boolean;
  /** Replicas that a master keeps when one of them moves to a master without any. */
  readonly migrationBarrier: number;
  /** How old a replica's data may be, times the node timeout, for it to stand for election; 0 for any age. */
  readonly replicaValidityFactor: number;
  /** How often a master without writes sends something to its replicas. */
  readonly replicationPingMs: number;
  /** 0 for none. */
  readonly linkSendBufferLimitBytes: number;
}

/** What the machine wants of the world: sockets and a disk, or a simulation. */
export interface BusHost {
  readonly log: Log;
  /** Opens a connection; its success, data and end are told to the machine later, never within the call. */
  dial(ip: string, port: number, link: BusLink): LinkHandle;
  /** Keeps the state, safe from a crash when it returns. Throws when it cannot. */
  save(): void;
  /** The state cannot be kept any more: the node must end. */
  fatal(message: string): void;
  /** Asks that `settle` be called when what has arrived by now is worked off. May be called again and again. */
  wake(): void;
  countKeysInSlot(slot: number): number;
  /** Of slots that are no longer this node's. */
  deleteKeysInSlots(slots: readonly number[]): void;
  deleteAllKeys(): void;
  readonly following: MasterAddress | undefined;
  follow(master: MasterAddress | undefined): void;
  /** Bytes of the replication stream written as a master, or applied as a replica. */
  readonly replicationOffset: number;
  /** Of a replica: since when it has heard nothing of its master's writes; Infinity when it has none of its data. */
  readonly dataAgeMs: number;
  /** Holds the writes of clients back for a manual failover, until `untilMs` (Unix ms) or `resumeWrites`. */
  pauseWrites(untilMs: number): void;
  resumeWrites(): void;
  /** A PUBLISH of another node. */
  deliver(channel: string, message: string, sharded: boolean): void;
}

export interface BusStats {
  /** By `MESSAGE_TYPES`. */
  readonly sent: number[];
  readonly received: number[];
  /** Links closed because their send buffer was over the limit. */
  linksOverLimit: number;
}

/** How soon the state is to be kept: at the next tick, or before anybody is told of it. */
export type SaveUrgency = 'later' | 'now';

export class BusCore {
  readonly state: ClusterState;
  readonly settings: BusSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly host: BusHost;
  readonly stats: BusStats = {
    sent: MESSAGE_TYPES.map(() => 0),
    received: MESSAGE_TYPES.map(() => 0),
    linksOverLimit: 0,
  };

  /** Forgotten nodes, and until when gossip does not bring them back (Unix ms). */
  readonly blacklist = new Map<string, number>();
  /** Nodes that look dead to this node alone, counted by the last tick. */
  pfailCount = 0;
  /** Messages of this type (its number on the wire) are ignored, for tests; -1 for none. */
  droppedType = -1;
  /** Number of the last PING, PONG or MEET sent. */
  gossipRound = 0;

  candidacy: Candidacy | undefined;
  manualFailover: ManualFailover | undefined;
  /** Why this replica does not take over, as last found, and when that was logged (Unix ms, 0 for not yet). */
  cannotFailover: { readonly reason: string; readonly loggedMs: number } | undefined;

  /** Something of what follows is left to do by `settle`. */
  due = false;
  failoverDue = false;
  stateUpdateDue = false;
  saveDue: SaveUrgency | undefined;
  /** Slots or the role of this node changed by command: everybody is to hear of it at once. */
  announcementDue = false;
  readonly undialled = new Set<ClusterNode>();
  /** Nodes whose handshake has ended: since `settle` looked last, since the last tick, and in the tick before. */
  readonly introductions = {
    fresh: new Set<ClusterNode>(),
    recent: new Set<ClusterNode>(),
    due: new Set<ClusterNode>(),
  };
  readonly outbox: { readonly link: BusLink; readonly packet: Buffer }[] = [];

  constructor(state: ClusterState, settings: BusSettings, clock: Clock, random: Random, host: BusHost) {
    this.state = state;
    this.settings = settings;
    this.clock = clock;
    this.random = random;
    this.host = host;
  }

  get nowMs(): number {
    return this.clock.nowMs();
  }

  log(level: LogLevel, message: string): void {
    this.host.log(level, message);
  }

  updateStateSoon(): void {
    this.stateUpdateDue = true;
    this.#wake();
  }

  /** 'now' is for what would be harmful to forget after others have heard of it, and for commands. */
  saveSoon(urgency: SaveUrgency): void {
    if (this.saveDue !== 'now') this.saveDue = urgency;
    if (urgency === 'now') this.#wake();
  }

  /** Something has happened that a failover under way waits for. */
  failoverSoon(): void {
    this.failoverDue = true;
    this.#wake();
  }

  announceSoon(): void {
    this.announcementDue = true;
    this.#wake();
  }

  dialSoon(node: ClusterNode): void {
    this.undialled.add(node);
    this.#wake();
  }

  introduceSoon(node: ClusterNode): void {
    this.introductions.fresh.add(node);
    this.#wake();
  }

  /** Sent when the state is kept, so that nobody hears of what a crash could make untrue. */
  send(link: BusLink, type: MessageType, packet: Buffer): void {
    if (!link.open) return;
    const index = MESSAGE_TYPES.indexOf(type);
    this.stats.sent[index] = (this.stats.sent[index] as number) + 1;
    this.outbox.push({ link, packet });
    this.#wake();
  }

  #wake(): void {
    this.due = true;
    this.host.wake();
  }
}
