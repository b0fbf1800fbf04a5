/**
 * Owns MEMORY STATS, DOCTOR and MALLOC-STATS: what the memory of the process is taken by, as far as V8 tells. All nodes of
 * one process share it and show the same. Source: the fields of Redis object.c getMemoryOverheadData, getMemoryDoctorReport.
 */
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import { bulk, double, integer, map, type RespVersion } from '../../../protocol/resp/encode.ts';
import { humanBytes } from '../../observe/info/format.ts';
import type { NodeParts } from '../../parts/node.ts';
import { usedMemoryBytes } from '../../server/cron.ts';

const MEGABYTE = 1024 * 1024;
/** From these on the report speaks of it. */
const BIG_PEAK = 1.5;
const BIG_CLIENT_BYTES = 200 * 1024;
const BIG_REPLICA_BYTES = 10 * MEGABYTE;
const MANY_SCRIPTS = 1000;

interface Figures {
  readonly usedBytes: number;
  readonly peakBytes: number;
  readonly rssBytes: number;
  readonly backlogBytes: number;
  /** What replicas need beyond the backlog. */
  readonly replicaBytes: number;
  readonly clientBytes: number;
  readonly keys: number;
}

function measure(node: NodeParts): Figures {
  const usedBytes = usedMemoryBytes();
  const { stats } = node.server;
  stats.peakMemoryBytes = Math.max(stats.peakMemoryBytes, usedBytes);
  const { bufferedBytes } = node.replication;
  const backlogLimit = node.config.number('repl-backlog-size');
  let clientBytes = 0;
  for (const client of node.clients.all())
    if (client.kind !== 'replica') clientBytes += client.queryBytes + client.pendingBytes;
  return {
    usedBytes,
    peakBytes: stats.peakMemoryBytes,
    rssBytes: process.memoryUsage.rss(),
    backlogBytes: Math.min(bufferedBytes, backlogLimit),
    replicaBytes: Math.max(0, bufferedBytes - backlogLimit),
    clientBytes,
    keys: node.databases.reduce((sum, { size }) => sum + size, 0),
  };
}

/** The fields that have a meaning here, under Redis's names. */
export function memoryStats(node: NodeParts, resp: RespVersion): string {
  const figures = measure(node);
  const { usedBytes, peakBytes, rssBytes } = figures;
  const { scriptBytes, functionBytes } = node.scripts.usage;
  const { used_heap_size, total_heap_size } = getHeapStatistics();
  const whole = (name: string, value: number): string[] => [bulk(name), integer(Math.trunc(value))];
  const part = (name: string, value: number): string[] => [bulk(name), double(value, resp)];
  return map(
    [
      ...whole('peak.allocated', peakBytes),
      ...whole('total.allocated', usedBytes),
      ...whole('replication.backlog', figures.backlogBytes),
      ...whole('clients.slaves', figures.replicaBytes),
      ...whole('clients.normal', figures.clientBytes),
      ...whole('lua.caches', scriptBytes),
      ...whole('functions.caches', functionBytes),
      ...whole('keys.count', figures.keys),
      ...whole('keys.bytes-per-key', figures.keys === 0 ? 0 : usedBytes / figures.keys),
      ...part('peak.percentage', (usedBytes / peakBytes) * 100),
      ...whole('allocator.allocated', used_heap_size),
      ...whole('allocator.active', total_heap_size),
      ...whole('allocator.resident', rssBytes),
      ...part('fragmentation', rssBytes / usedBytes),
      ...whole('fragmentation.bytes', rssBytes - usedBytes),
    ],
    resp,
  );
}

/** What looks unusual, in words. */
export function memoryReport(node: NodeParts): string {
  const { usedBytes, peakBytes, replicaBytes, clientBytes } = measure(node);
  const found: string[] = [];
  if (peakBytes > usedBytes * BIG_PEAK)
    found.push(
      `Peak: ${humanBytes(peakBytes)} were in use before, ${humanBytes(usedBytes)} are now. The process may keep what it had.`,
    );
  const replicas = node.replication.replicas.length;
  const clients = Math.max(1, node.clients.count - replicas);
  if (clientBytes / clients > BIG_CLIENT_BYTES)
    found.push(
      'Client buffers: more than 200K for each client. CLIENT LIST tells which ones read too slowly.',
    );
  if (replicas > 0 && replicaBytes > BIG_REPLICA_BYTES)
    found.push('Replica buffers: replicas are more than 10M behind the backlog. INFO tells which ones lag.');
  if (node.scripts.usage.scripts > MANY_SCRIPTS)
    found.push('Scripts: more than 1000 are kept. Give what differs as KEYS and ARGV, not in the script.');
  if (found.length === 0) return 'No memory issue was found.\n';
  return `What looks unusual about memory:\n\n${found.map((line) => ` * ${line}\n`).join('')}`;
}

/** The spaces of V8's heap, one a line. */
export function allocatorReport(): string {
  return getHeapSpaceStatistics()
    .map(
      ({ space_name, space_size, space_used_size, physical_space_size }) =>
        `${space_name}: size ${space_size}, used ${space_used_size}, physical ${physical_space_size}\n`,
    )
    .join('');
}
