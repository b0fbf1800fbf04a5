/**
 * Owns what this node knows of one node of the cluster (itself among them). Times are Unix ms, 0 for never.
 * Source: Redis 7.0 cluster.h struct clusterNode.
 */
import { nodeFlag } from '../../protocol/bus/wire.ts';
import { SlotSet } from '../../protocol/slots/slot-set.ts';
import type { BusLink } from './link.ts';

export class ClusterNode {
  /** Random until the handshake has told the true one. */
  id: string;
  /** Bits of `nodeFlag`. */
  flags: number;
  readonly createdAtMs: number;
  configEpoch = 0;
  readonly slots = new SlotSet();
  /** By id, so that all nodes list them alike. */
  readonly replicas: ClusterNode[] = [];
  /** Of a replica; undefined as long as this node does not know that master. */
  master: ClusterNode | undefined;

  /** "" as long as it is not known. */
  ip = '';
  port = 0;
  busPort = 0;
  plainPort = 0;
  hostname = '';

  /** 0 when no PONG is awaited. */
  pingSentMs = 0;
  pongReceivedMs = 0;
  dataReceivedMs = 0;
  failTimeMs = 0;
  /** When this node last voted for a replica of this master. */
  votedMs = 0;
  /** When this node heard of its promotion; 0 when it was a master all the while. */
  masterSinceMs = 0;
  /** Since when this master has slots and no working replica, though it had some; kept by replicas. */
  orphanedMs = 0;
  /** Replication offset in bytes, from its last message. */
  offset = 0;

  /** The link that this node has opened, and the one that the other has. */
  link: BusLink | undefined;
  inboundLink: BusLink | undefined;
  /** Which masters hold this node for failing, and when they last said so. */
  readonly failReports = new Map<ClusterNode, number>();
  /** The PING that carried it last in its gossip. */
  lastGossipRound = 0;
  /** Its handshake has ended on our side, and it has sent no PING since. */
  introducePending = false;

  constructor(id: string, flags: number, createdAtMs: number) {
    this.id = id;
    this.flags = flags;
    this.createdAtMs = createdAtMs;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  /** Sets or clears the bits of `flag`. */
  mark(flag: number, on: boolean): void {
    if (on) this.flags |= flag;
    else this.flags &= ~flag;
  }

  get isMaster(): boolean {
    return this.has(nodeFlag.master);
  }
  get isReplica(): boolean {
    return this.has(nodeFlag.replica);
  }
  get inHandshake(): boolean {
    return this.has(nodeFlag.handshake);
  }
  get failed(): boolean {
    return this.has(nodeFlag.fail);
  }
  get timedOut(): boolean {
    return this.has(nodeFlag.pfail);
  }

  /** A master with slots has a voice when nodes fail and replicas are elected. */
  get votes(): boolean {
    return this.isMaster && this.slots.size > 0;
  }

  /** cluster-replica-no-failover is not set there. */
  get mayFailover(): boolean {
    return !this.has(nodeFlag.nofailover);
  }

  get workingReplicas(): number {
    let count = 0;
    for (const replica of this.replicas) if (!replica.failed) count++;
    return count;
  }
}
