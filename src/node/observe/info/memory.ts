/** Owns the section of INFO about memory. Source: Redis server.c genRedisInfoString. */
import { totalmem } from 'node:os';
import type { NodeParts } from '../../parts/node.ts';
import type { ScriptUsage } from '../../parts/scripts.ts';
import { type MemoryFigures, memoryFigures } from '../memory-figures.ts';
import { humanBytes, lines } from './format.ts';

type Fields = Record<string, number | string>;

function withHuman(name: string, bytes: number): Fields {
  return { [name]: bytes, [`${name}_human`]: humanBytes(bytes) };
}

function useFields(figures: MemoryFigures, startupBytes: number): Fields {
  const { usedBytes, peakBytes, datasetPercent } = figures;
  return {
    ...withHuman('used_memory', usedBytes),
    ...withHuman('used_memory_rss', figures.rssBytes),
    ...withHuman('used_memory_peak', peakBytes),
    used_memory_peak_perc: `${((usedBytes / peakBytes) * 100).toFixed(2)}%`,
    used_memory_overhead: figures.overheadBytes,
    used_memory_startup: startupBytes,
    used_memory_dataset: figures.datasetBytes,
    used_memory_dataset_perc: `${datasetPercent.toFixed(2)}%`,
    allocator_allocated: figures.heapUsedBytes,
    allocator_active: figures.heapBytes,
    allocator_resident: figures.rssBytes,
    ...withHuman('total_system_memory', totalmem()),
  };
}

function scriptFields(usage: ScriptUsage): Fields {
  const states = usage.evalStateBytes + usage.functionStateBytes;
  const kept = usage.scriptBytes + usage.functionBytes;
  return {
    used_memory_lua: usage.evalStateBytes,
    used_memory_vm_eval: usage.evalStateBytes,
    used_memory_lua_human: humanBytes(usage.evalStateBytes),
    used_memory_scripts_eval: usage.scriptBytes,
    number_of_cached_scripts: usage.scripts,
    number_of_functions: usage.functions,
    number_of_libraries: usage.libraries,
    used_memory_vm_functions: usage.functionStateBytes,
    ...withHuman('used_memory_vm_total', states),
    used_memory_functions: usage.functionBytes,
    ...withHuman('used_memory_scripts', kept),
  };
}

/** V8 takes from the system in larger pieces than it uses, and the process has more than V8's heap. */
function fragmentationFields({ heapUsedBytes, heapBytes, rssBytes, usedBytes }: MemoryFigures): Fields {
  return {
    allocator_frag_ratio: (heapBytes / heapUsedBytes).toFixed(2),
    allocator_frag_bytes: heapBytes - heapUsedBytes,
    allocator_rss_ratio: (rssBytes / heapBytes).toFixed(2),
    allocator_rss_bytes: rssBytes - heapBytes,
    rss_overhead_ratio: '1.00',
    rss_overhead_bytes: 0,
    mem_fragmentation_ratio: (rssBytes / usedBytes).toFixed(2),
    mem_fragmentation_bytes: rssBytes - usedBytes,
  };
}

/** What is said of the process is the same for all nodes in it. */
export function memory(parts: NodeParts): string[] {
  const figures = memoryFigures(parts);
  const { config, memory: use, replication } = parts;
  return lines({
    ...useFields(figures, use.startupBytes),
    ...scriptFields(parts.scripts.usage),
    ...withHuman('maxmemory', config.number('maxmemory')),
    maxmemory_policy: config.text('maxmemory-policy'),
    ...fragmentationFields(figures),
    mem_not_counted_for_evict: use.notCountedBytes,
    mem_replication_backlog: figures.backlogBytes,
    mem_total_replication_buffers: replication.bufferedBytes,
    mem_clients_slaves: figures.replicaBytes,
    mem_clients_normal: use.clientBytes,
    mem_cluster_links: figures.linkBytes,
    mem_aof_buffer: use.aofBytes,
    mem_allocator: `v8-${process.versions.v8}`,
    active_defrag_running: 0,
    lazyfree_pending_objects: 0,
    lazyfreed_objects: 0,
  });
}
