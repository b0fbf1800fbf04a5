/** Owns the sections of INFO about the process and its clients. Source: Redis server.c genRedisInfoString. */
import { arch, release, type } from 'node:os';
import type { NodeParts } from '../../parts/node.ts';
import { redisVersion } from '../version.ts';
import { lines } from './format.ts';

const machines: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

export function server(parts: NodeParts): string[] {
  const { clock, config, startedAtMs } = parts;
  const nowMs = clock.nowMs();
  const uptimeSeconds = Math.max(0, Math.trunc((nowMs - startedAtMs) / 1000));
  const remainingMs = parts.server.stopping.remainingMs;
  return lines({
    redis_version: redisVersion,
    redis_git_sha1: '00000000',
    redis_git_dirty: 0,
    redis_build_id: '0',
    redis_mode: parts.cluster === undefined ? 'standalone' : 'cluster',
    os: `${type()} ${release()} ${machines[arch()] ?? arch()}`,
    arch_bits: 64,
    monotonic_clock: 'POSIX clock_gettime',
    multiplexing_api: 'libuv',
    process_id: process.pid,
    process_supervised: 'no',
    run_id: parts.runId,
    tcp_port: parts.port || parts.tlsPort,
    server_time_usec: nowMs * 1000,
    uptime_in_seconds: uptimeSeconds,
    uptime_in_days: Math.trunc(uptimeSeconds / 86400),
    hz: config.number('hz'),
    configured_hz: config.number('hz'),
    lru_clock: Math.trunc(nowMs / 1000) & 0xffffff,
    executable: process.execPath,
    config_file: parts.server.config.file ?? '',
    io_threads_active: 0,
    ...(remainingMs === undefined ? {} : { shutdown_in_milliseconds: remainingMs }),
  });
}

export function clients(parts: NodeParts): string[] {
  let maxInput = 0;
  let maxOutput = 0;
  for (const client of parts.clients.all()) {
    maxInput = Math.max(maxInput, client.queryBytes);
    maxOutput = Math.max(maxOutput, client.pendingBytes);
  }
  return lines({
    connected_clients: parts.clients.count - parts.replication.replicas.length,
    cluster_connections: 0,
    maxclients: parts.config.number('maxclients'),
    client_recent_max_input_buffer: maxInput,
    client_recent_max_output_buffer: maxOutput,
    blocked_clients: parts.clients.blockedCount,
    tracking_clients: parts.tracking.clientCount,
    clients_in_timeout_table: 0,
  });
}

export function cpu(): string[] {
  const { user, system } = process.cpuUsage();
  const seconds = (microseconds: number): string => (microseconds / 1e6).toFixed(6);
  return lines({
    used_cpu_sys: seconds(system),
    used_cpu_user: seconds(user),
    used_cpu_sys_children: seconds(0),
    used_cpu_user_children: seconds(0),
  });
}
