/**
 * Owns the figures about memory that INFO and MEMORY show: what the node counts, divided into data and overhead, and what the
 * process takes, which all nodes in it share. Source: Redis object.c getMemoryOverheadData.
 */
import { getHeapStatistics } from 'node:v8';
import { ENTRY_BYTES, TIME_TO_LIVE_BYTES } from '../keyspace/memory.ts';
import type { Database } from '../parts/keyspace.ts';
import type { NodeParts } from '../parts/node.ts';

/** What a database takes beside keys and values. */
export interface DatabaseOverhead {
  readonly index: number;
  readonly entryBytes: number;
  readonly timeToLiveBytes: number;
}

export interface MemoryFigures {
  readonly usedBytes: number;
  readonly peakBytes: number;
  readonly backlogBytes: number;
  /** What is kept for replicas beyond the backlog. */
  readonly replicaBytes: number;
  /** What waits for other nodes of the cluster; not counted as used, it is little and soon gone. */
  readonly linkBytes: number;
  readonly databases: readonly DatabaseOverhead[];
  readonly overheadBytes: number;
  readonly datasetBytes: number;
  /** Of what is used beyond an empty node. */
  readonly datasetPercent: number;
  readonly keys: number;
  readonly bytesPerKey: number;
  /** Of V8's heap: in use, and taken from the system. */
  readonly heapUsedBytes: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
}

function overheadOf({ index, size, expiringCount }: Database): DatabaseOverhead {
  return { index, entryBytes: size * ENTRY_BYTES, timeToLiveBytes: expiringCount * TIME_TO_LIVE_BYTES };
}

export function memoryFigures(parts: NodeParts): MemoryFigures {
  const { memory, replication } = parts;
  const { stats } = parts.server;
  const { usedBytes, startupBytes } = memory;
  stats.peakMemoryBytes = Math.max(stats.peakMemoryBytes, usedBytes);
  const replicaBytes = replication.replicas.length > 0 ? memory.replicaBytes : 0;
  const databases = parts.databases.filter(({ size }) => size > 0).map(overheadOf);
  const keys = parts.databases.reduce((sum, { size }) => sum + size, 0);
  let overheadBytes = usedBytes - memory.keyBytes;
  for (const { entryBytes, timeToLiveBytes } of databases) overheadBytes += entryBytes + timeToLiveBytes;
  const datasetBytes = usedBytes - overheadBytes;
  const netBytes = Math.max(1, usedBytes - startupBytes);
  const { used_heap_size, total_heap_size, external_memory } = getHeapStatistics();
  return {
    usedBytes,
    peakBytes: stats.peakMemoryBytes,
    backlogBytes: replication.bufferedBytes - replicaBytes,
    replicaBytes,
    linkBytes: parts.cluster?.waitingBytes ?? 0,
    databases,
    overheadBytes,
    datasetBytes,
    datasetPercent: (datasetBytes * 100) / netBytes,
    keys,
    bytesPerKey: keys === 0 ? 0 : Math.trunc(netBytes / keys),
    heapUsedBytes: used_heap_size + external_memory,
    heapBytes: total_heap_size + external_memory,
    rssBytes: process.memoryUsage.rss(),
  };
}
