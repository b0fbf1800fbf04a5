/** Owns the sections of INFO about data and traffic. Source: Redis server.c genRedisInfoString. */
import type { NodeParts } from '../../parts/node.ts';
import { lines } from './format.ts';

/** V8 moves what lies about by itself. */
const noDefragmentation = {
  active_defrag_hits: 0,
  active_defrag_misses: 0,
  active_defrag_key_hits: 0,
  active_defrag_key_misses: 0,
  total_active_defrag_time: 0,
  current_active_defrag_time: 0,
};

/** There are none, so none was used or grew; tools that read all fields find them. */
const noThreadsNorBuffers = {
  io_threaded_reads_processed: 0,
  io_threaded_writes_processed: 0,
  reply_buffer_shrinks: 0,
  reply_buffer_expands: 0,
};

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
    total_net_input_bytes: counters.netInputBytes + counters.replicationInputBytes,
    total_net_output_bytes: counters.netOutputBytes + counters.replicationOutputBytes,
    total_net_repl_input_bytes: counters.replicationInputBytes,
    total_net_repl_output_bytes: counters.replicationOutputBytes,
    instantaneous_input_kbps: kilobytes(counters.inputRate.perSecond),
    instantaneous_output_kbps: kilobytes(counters.outputRate.perSecond),
    instantaneous_input_repl_kbps: kilobytes(counters.replicationInputRate.perSecond),
    instantaneous_output_repl_kbps: kilobytes(counters.replicationOutputRate.perSecond),
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
    slave_expires_tracked_keys: parts.databases.reduce(
      (sum, { ownExpiringCount }) => sum + ownExpiringCount,
      0,
    ),
    ...noDefragmentation,
    tracking_total_keys: tracking.keyCount,
    tracking_total_items: tracking.itemCount,
    tracking_total_prefixes: tracking.prefixCount,
    unexpected_error_replies: counters.unexpectedErrorReplies,
    total_error_replies: counters.errorReplies,
    // No pass of its own: a payload is checked as it is decoded.
    dump_payload_sanitizations: 0,
    total_reads_processed: counters.readsProcessed,
    total_writes_processed: counters.writesProcessed,
    ...noThreadsNorBuffers,
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
