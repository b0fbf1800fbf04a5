/**
 * Owns the choice and the framing of INFO's sections. Source: Redis server.c genInfoSectionDict, genRedisInfoString.
 */
import type { NodeParts } from '../../parts/node.ts';
import { commandStats, errorStats, latencyStats } from './commands.ts';
import { cluster, keyspace, stats } from './data.ts';
import { memory } from './memory.ts';
import { clients, cpu, server } from './process.ts';

interface Section {
  readonly title: string;
  /** Shown by INFO without arguments. */
  readonly isDefault: boolean;
  /** Lines "name:value". */
  readonly lines: (parts: NodeParts) => readonly string[];
}

/** By the name that INFO takes, in the order in which they are shown. */
const sections: Readonly<Record<string, Section>> = {
  server: { title: 'Server', isDefault: true, lines: server },
  clients: { title: 'Clients', isDefault: true, lines: clients },
  memory: { title: 'Memory', isDefault: true, lines: memory },
  persistence: { title: 'Persistence', isDefault: true, lines: (parts) => parts.persistence.infoLines() },
  stats: { title: 'Stats', isDefault: true, lines: stats },
  replication: { title: 'Replication', isDefault: true, lines: (parts) => parts.replication.infoLines() },
  cpu: { title: 'CPU', isDefault: true, lines: cpu },
  module_list: { title: 'Modules', isDefault: true, lines: () => [] },
  commandstats: { title: 'Commandstats', isDefault: false, lines: commandStats },
  errorstats: { title: 'Errorstats', isDefault: true, lines: errorStats },
  latencystats: { title: 'Latencystats', isDefault: false, lines: latencyStats },
  cluster: { title: 'Cluster', isDefault: true, lines: cluster },
  keyspace: { title: 'Keyspace', isDefault: true, lines: keyspace },
};

/** INFO's text. `names` in any case: sections, "default", "all", "everything"; none means "default". Unknown ones show nothing. */
export function infoText(parts: NodeParts, names: readonly string[]): string {
  const wanted = new Set(names.length === 0 ? ['default'] : names.map((name) => name.toLowerCase()));
  const all = wanted.has('all') || wanted.has('everything');
  const shown = Object.entries(sections).filter(
    ([name, { isDefault }]) =>
      all ||
      wanted.has(name) ||
      (isDefault && wanted.has('default')) ||
      (name === 'module_list' && wanted.has('modules')),
  );
  return shown.map(([, { title, lines }]) => [`# ${title}`, ...lines(parts), ''].join('\r\n')).join('\r\n');
}
