/** Owns the memory of a node as the other parts see it: what it counts, and what happens when it is too much. */

import type { Session } from '../dispatch/session.ts';

/** What is in use, as this node counts it; bytes. */
export interface MemoryUse {
  /** All of it. */
  readonly usedBytes: number;
  /** Without data and without clients. */
  readonly startupBytes: number;
  /** The keys of all databases. */
  readonly keyBytes: number;
  /** Clients that are no replicas. */
  readonly clientBytes: number;
  /** What of the replication stream is kept only for replicas that lag. */
  readonly replicaBytes: number;
  /** What waits to be written to the AOF. */
  readonly aofBytes: number;
  /** Scripts and functions. */
  readonly scriptBytes: number;
  /** Which keys clients cache. */
  readonly cacheBytes: number;
  /** What evictions make grow themselves: it is no reason to evict. */
  readonly notCountedBytes: number;
}

/** 'running': there is too much still, but keys go on going. 'failed': no key may go. */
export type EvictionResult = 'ok' | 'running' | 'failed';

/** What maxmemory-clients does. */
export interface ClientEviction {
  /** What clients may take all together; 0 for any. */
  readonly limitBytes: number;
  /** Sends the largest ones away while they take too much. Whether `requester` was one of them. */
  run(requester?: Session): boolean;
}

/** What maxmemory does. */
export interface Eviction {
  /** Whether maxmemory is set: else nothing below needs to be asked. */
  readonly limited: boolean;
  /** Evicts keys, for a bounded time, when more memory is in use than is allowed. To be called before a command, never within. */
  makeRoom(): EvictionResult;
  /** What `makeRoom` said before the command that runs: nothing could be freed. Scripts go by it. */
  outOfMemory: boolean;
}
