/** Owns the sections of INFO about data and traffic. Source: Redis server.c genRedisInfoString. */
import type { NodeParts } from '../../parts/node.ts';
import { lines } from './format.ts';

export function stats(parts: NodeParts): string[] {
  const { activeExpiry, pubsub, tracking } = parts;
  const { stats: counters } = parts.server;
  const { evictionExceededSinceMs } = counters;
  const exceededMs =
    evictionExceededSinceMs === 0 ? 0 : Math.max(0, parts.clock.monotonicMs() - evictionExceededSinceMs);
  const kilobytes = (bytesPerSecond: number): string => (bytesPerSecond / 1024).toFixed(2);
  return lines({
    total_connections_received: counters.connectionsReceived,
    total_commands_processed: counters.commandsProcessed,
    instantaneous_ops_per_sec: Math.round(counters.commandRate.perSecond),
    total_net_input_bytes: counters.netInputBytes,
    total_net_output_bytes: counters.netOutputBytes,
    instantaneous_input_kbps: kilobytes(counters.inputRate.perSecond),
    instantaneous_output_kbps: kilobytes(counters.outputRate.perSecond),
    rejected_connections: counters.rejectedConnections,
    sync_full: counters.fullSyncs,
    sync_partial_ok: counters.partialSyncsOk,
    sync_partial_err: counters.partialSyncsRefused,
    expired_keys: counters.expiredKeys,
    expired_stale_perc: (activeExpiry.staleRatio * 100).toFixed(2),
    expired_time_cap_reached_count: activeExpiry.timeCapReachedCount,
    expire_cycle_cpu_milliseconds: Math.trunc(activeExpiry.timeUsedMs),
    evicted_keys: counters.evictedKeys,
    evicted_clients: counters.evictedClients,
    total_eviction_exceeded_time: Math.trunc(counters.evictionExceededMs + exceededMs),
    current_eviction_exceeded_time: Math.trunc(exceededMs),
    keyspace_hits: counters.keyspaceHits,
    keyspace_misses: counters.keyspaceMisses,
    pubsub_channels: pubsub.count('channel'),
    pubsub_patterns: pubsub.count('pattern'),
    pubsubshard_channels: pubsub.count('shard'),
    latest_fork_usec: parts.persistence.latestForkMicroseconds,
    total_forks: parts.persistence.totalForks,
    migrate_cached_sockets: counters.migrateCachedSockets,
    tracking_total_keys: tracking.keyCount,
    tracking_total_items: tracking.itemCount,
    tracking_total_prefixes: tracking.prefixCount,
    unexpected_error_replies: counters.unexpectedErrorReplies,
    total_error_replies: counters.errorReplies,
    // No pass of its own: a payload is checked as it is decoded.
    dump_payload_sanitizations: 0,
    total_reads_processed: counters.readsProcessed,
    total_writes_processed: counters.writesProcessed,
  });
}

export function cluster(parts: NodeParts): string[] {
  return lines({ cluster_enabled: parts.cluster === undefined ? 0 : 1 });
}

export function keyspace(parts: NodeParts): string[] {
  return parts.databases
    .filter((db) => db.size > 0)
    .map(
      (db) =>
        `db${db.index}:keys=${db.size},expires=${db.expiringCount},avg_ttl=${Math.trunc(db.averageTtlMs)}`,
    );
}
