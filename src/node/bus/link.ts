/**
 * Owns what the machine knows of one connection of the bus. Each pair of nodes keeps two: each sends its PINGs on
 * the one it has opened and gets the PONGs there. The socket stays behind LinkHandle.
 * Source: Redis 7.0 cluster.h struct clusterLink; cluster.c createClusterLink, freeClusterLink.
 */
import type { ClusterNode } from './cluster-node.ts';

/** The machine's hold on a connection. */
export interface LinkHandle {
  /** IP of the other end, and the own one; "" when there is none (not connected yet). */
  readonly remoteIp: string;
  readonly localIp: string;
  /** Bytes that the connection has not taken yet. */
  readonly pendingBytes: number;
  send(packet: Buffer): void;
  close(): void;
}

export class BusLink {
  readonly inbound: boolean;
  readonly createdAtMs: number;
  /** Of an inbound link unknown until a known node has spoken on it. */
  node: ClusterNode | undefined;
  handle: LinkHandle | undefined;
  /** False once closed, by whichever side. */
  open = true;

  constructor(node: ClusterNode | undefined, createdAtMs: number) {
    this.node = node;
    this.inbound = node === undefined;
    this.createdAtMs = createdAtMs;
  }

  /** Closes the connection and lets go of the node. Idempotent. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    if (this.node?.link === this) this.node.link = undefined;
    if (this.node?.inboundLink === this) this.node.inboundLink = undefined;
    this.handle?.close();
  }

  /** An inbound link turns out to be `node`'s. An older one is given up: the other has opened this one since. */
  belongsTo(node: ClusterNode): void {
    node.inboundLink?.close();
    node.inboundLink = this;
    this.node = node;
  }
}
