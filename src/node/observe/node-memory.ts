/**
 * Owns the sum of the memory that a node counts: keys, clients and their buffers, the replication stream, what waits for the AOF,
 * scripts, what it remembers for client caches. It is the same for the same contents, whatever V8 has not collected yet; code, the
 * states of Lua and the pieces of a snapshot are not in it. Source: the role of Redis zmalloc_used_memory; evict.c
 * freeMemoryGetNotCountedMemory; object.c getMemoryOverheadData.
 */
import type { MemorySum } from '../keyspace/memory.ts';
import type { MemoryUse } from '../parts/memory.ts';
import type { NodeParts } from '../parts/node.ts';

/** As seen in V8: a node without data and clients; what is kept of a key that clients cache, and of each of them. */
const STARTUP_BYTES = 400_000;
const CACHED_KEY_BYTES = 300;
const CACHE_ITEM_BYTES = 40;

export class NodeMemory implements MemoryUse {
  readonly startupBytes = STARTUP_BYTES;
  readonly #parts: NodeParts;
  readonly #keys: MemorySum;

  constructor(parts: NodeParts, keys: MemorySum) {
    this.#parts = parts;
    this.#keys = keys;
  }

  get usedBytes(): number {
    const { replication } = this.#parts;
    return (
      this.startupBytes +
      this.keyBytes +
      this.clientBytes +
      replication.bufferedBytes +
      this.aofBytes +
      this.scriptBytes +
      this.cacheBytes
    );
  }

  get keyBytes(): number {
    return this.#keys.bytes;
  }

  get clientBytes(): number {
    return this.#parts.clients.memoryBytes;
  }

  get replicaBytes(): number {
    return this.#parts.replication.replicaBytes;
  }

  get aofBytes(): number {
    return this.#parts.persistence.aof.waitingBytes;
  }

  get scriptBytes(): number {
    return this.#parts.scripts.keptBytes;
  }

  get cacheBytes(): number {
    const { tracking } = this.#parts;
    return tracking.keyCount * CACHED_KEY_BYTES + tracking.itemCount * CACHE_ITEM_BYTES;
  }

  get notCountedBytes(): number {
    return this.replicaBytes + this.aofBytes;
  }
}
