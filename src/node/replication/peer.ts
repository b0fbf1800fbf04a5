/**
 * Owns what a master knows of one replica that is attached, or about to be. Source: Redis server.h struct client, the
 * replication fields; replication.c replicationGetSlaveName.
 */

import type { Session } from '../dispatch/session.ts';
import type { ReplicaInfo, ReplicaOptions } from '../parts/replication.ts';
import type { FailoverCandidate } from './failover.ts';

/**
 * waiting: for its full synchronisation to begin; saving: for a BGSAVE that is to be sent; transfer: the RDB goes out as it is
 * made; bulk: from a file; online: it follows the stream.
 */
export type PeerState = 'none' | 'waiting' | 'saving' | 'transfer' | 'bulk' | 'online';

export class ReplicaPeer implements ReplicaOptions {
  readonly session: Session;
  listeningPort = 0;
  announcedIp = '';
  eofCapable = false;
  psync2Capable = false;
  rdbOnly = false;
  excludeData = false;
  excludeFunctions = false;
  state: PeerState = 'none';
  /** Came with SYNC: it does not know replication ids, and need not acknowledge. */
  plainSync = false;
  attachedAtMs = 0;
  /** Offset of the next byte of the stream that it is to get. */
  nextOffset = 0;
  /** The stream goes to it as it is written; before that, the backlog keeps it from `nextOffset` on. */
  streaming = false;
  /** The stream begins with its first acknowledgement. */
  streamOnAck = false;
  ackOffset = 0;
  ackAtMs = 0;
  /** Since when its output is above the soft limit; 0 when it is not. */
  overSoftLimitSinceMs = 0;

  constructor(session: Session) {
    this.session = session;
  }

  /** Wants an RDB that not everybody wants. */
  get isFiltered(): boolean {
    return this.excludeData || this.excludeFunctions;
  }

  get ip(): string {
    if (this.announcedIp !== '') return this.announcedIp;
    const address = this.session.address;
    return address.slice(0, Math.max(0, address.lastIndexOf(':'))).replace(/^\[|\]$/g, '');
  }

  /** For the log: "ip:port". */
  get name(): string {
    const port = this.listeningPort === 0 ? '<unknown-replica-port>' : String(this.listeningPort);
    return `${this.ip.includes(':') ? `[${this.ip}]` : this.ip}:${port}`;
  }

  get candidate(): FailoverCandidate {
    return {
      address: { host: this.ip, port: this.listeningPort },
      online: this.state === 'online',
      ackOffset: this.ackOffset,
    };
  }

  /** As INFO and ROLE show it. */
  info(nowMs: number): ReplicaInfo {
    const online = this.state === 'online';
    return {
      ip: this.ip,
      port: this.listeningPort,
      state: online ? 'online' : this.state === 'bulk' ? 'send_bulk' : 'wait_bgsave',
      offset: this.ackOffset,
      lagSeconds: online ? Math.floor(nowMs / 1000) - Math.floor(this.ackAtMs / 1000) : 0,
    };
  }
}
