/**
 * Owns MEMORY STATS, DOCTOR and MALLOC-STATS: what memory is taken by. All nodes of one process share V8's heap and show the
 * same of it. Source: the fields of Redis object.c memoryCommand, getMemoryDoctorReport.
 */
import { getHeapSpaceStatistics } from 'node:v8';
import { bulk, double, integer, map, type RespVersion } from '../../../protocol/resp/encode.ts';
import { humanBytes } from '../../observe/info/format.ts';
import { memoryFigures } from '../../observe/memory-figures.ts';
import type { NodeParts } from '../../parts/node.ts';

const MEGABYTE = 1024 * 1024;
/** With less in use there is no report. */
const LITTLE_BYTES = 5 * MEGABYTE;
/** From these on the report speaks of it. */
const BIG_PEAK = 1.5;
const BIG_CLIENT_BYTES = 200 * 1024;
const BIG_REPLICA_BYTES = 10 * MEGABYTE;
const MANY_SCRIPTS = 1000;

/** The fields, under Redis's names. */
export function memoryStats(node: NodeParts, resp: RespVersion): string {
  const figures = memoryFigures(node);
  const { usedBytes, peakBytes, rssBytes, heapBytes, heapUsedBytes } = figures;
  const { scriptBytes, functionBytes } = node.scripts.usage;
  const { memory } = node;
  const whole = (name: string, value: number): string[] => [bulk(name), integer(Math.trunc(value))];
  const part = (name: string, value: number): string[] => [bulk(name), double(value, resp)];
  const databases = figures.databases.flatMap(({ index, entryBytes, timeToLiveBytes }) => [
    bulk(`db.${index}`),
    map(
      [
        ...whole('overhead.hashtable.main', entryBytes),
        ...whole('overhead.hashtable.expires', timeToLiveBytes),
        ...whole('overhead.hashtable.slot-to-keys', 0),
      ],
      resp,
    ),
  ]);
  return map(
    [
      ...whole('peak.allocated', peakBytes),
      ...whole('total.allocated', usedBytes),
      ...whole('startup.allocated', memory.startupBytes),
      ...whole('replication.backlog', figures.backlogBytes),
      ...whole('clients.slaves', figures.replicaBytes),
      ...whole('clients.normal', memory.clientBytes),
      ...whole('cluster.links', figures.linkBytes),
      ...whole('aof.buffer', memory.aofBytes),
      ...whole('lua.caches', scriptBytes),
      ...whole('functions.caches', functionBytes),
      ...databases,
      ...whole('overhead.total', figures.overheadBytes),
      ...whole('keys.count', figures.keys),
      ...whole('keys.bytes-per-key', figures.bytesPerKey),
      ...whole('dataset.bytes', figures.datasetBytes),
      ...part('dataset.percentage', figures.datasetPercent),
      ...part('peak.percentage', (usedBytes / peakBytes) * 100),
      ...whole('allocator.allocated', heapUsedBytes),
      ...whole('allocator.active', heapBytes),
      ...whole('allocator.resident', rssBytes),
      ...part('allocator-fragmentation.ratio', heapBytes / heapUsedBytes),
      ...whole('allocator-fragmentation.bytes', heapBytes - heapUsedBytes),
      ...part('allocator-rss.ratio', rssBytes / heapBytes),
      ...whole('allocator-rss.bytes', rssBytes - heapBytes),
      ...part('rss-overhead.ratio', 1),
      ...whole('rss-overhead.bytes', 0),
      ...part('fragmentation', rssBytes / usedBytes),
      ...whole('fragmentation.bytes', rssBytes - usedBytes),
    ],
    resp,
  );
}

/** What looks unusual, in words. */
export function memoryReport(node: NodeParts): string {
  const { usedBytes, peakBytes, replicaBytes } = memoryFigures(node);
  const { clientBytes } = node.memory;
  if (usedBytes < LITTLE_BYTES) return 'Hardly any memory is in use: there is nothing to find.\n';
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
