/**
 * Owns the finding of settings that differ between nodes and matter: after a failover another node's count. Pure.
 * Which settings those are stands here; values of passwords are never known, only whether they are the same.
 */
import type { Finding } from './health.ts';
import { answeringNodes, type ClusterNode, nameOfNode, type Topology } from './topology.ts';

export const comparedSettings = [
  'cluster-node-timeout',
  'cluster-require-full-coverage',
  'cluster-allow-reads-when-down',
  'cluster-allow-replica-migration',
  'cluster-migration-barrier',
  'cluster-replica-validity-factor',
  'maxmemory',
  'maxmemory-policy',
  'appendonly',
] as const;

export const secretSettings = ['requirepass', 'masterauth', 'masteruser'] as const;

export function findDrift(topology: Topology): Finding[] {
  const asked = topology.nodes.filter(({ view }) => view?.settings !== undefined);
  return [
    ...comparedSettings.flatMap((name) => differing(name, asked)),
    ...differingPasswords(asked),
    ...mixedVersions(answeringNodes(topology)),
  ];
}

function differing(name: string, nodes: readonly ClusterNode[]): Finding[] {
  const groups = grouped(nodes, ({ view }) => view?.settings?.get(name));
  if (groups.size < 2) return [];
  const values = [...groups].map(([value, its]) => `${value} on ${its.map(nameOfNode).join(', ')}`);
  return [drift(`Setting ${name} is not the same everywhere: ${values.join('; ')}.`, nodes)];
}

function differingPasswords(nodes: readonly ClusterNode[]): Finding[] {
  const found: Finding[] = [];
  const passwords = grouped(nodes, ({ view }) => view?.settings?.get('requirepass'));
  if (passwords.size > 1) {
    const [first = []] = passwords.values();
    const others = nodes.filter((node) => !first.includes(node));
    const names = others.map(nameOfNode).join(', ');
    found.push(drift(`Setting requirepass of ${names} is not that of ${listed(first)}.`, nodes));
  }
  // With a user of their own, replicas may well have another password.
  const cannotFollow = nodes.filter(({ view }) => {
    const settings = view?.settings;
    const password = settings?.get('requirepass') ?? '';
    return (
      password !== '' &&
      (settings?.get('masteruser') ?? '') === '' &&
      settings?.get('masterauth') !== password
    );
  });
  if (cannotFollow.length > 0) {
    found.push(
      drift(
        `Setting masterauth of ${listed(cannotFollow)} is not the password of the nodes: after a failover they cannot follow the new master.`,
        cannotFollow,
      ),
    );
  }
  return found;
}

function mixedVersions(nodes: readonly ClusterNode[]): Finding[] {
  const groups = grouped(nodes, ({ view }) => view?.version);
  if (groups.size < 2) return [];
  const versions = [...groups].map(([version, its]) => `${version} on ${its.map(nameOfNode).join(', ')}`);
  return [{ ...drift(`Nodes run different versions: ${versions.join('; ')}.`, nodes), severity: 'note' }];
}

/** Nodes by their value; those without one are in none. */
function grouped(
  nodes: readonly ClusterNode[],
  value: (node: ClusterNode) => string | undefined,
): Map<string, ClusterNode[]> {
  const groups = new Map<string, ClusterNode[]>();
  for (const node of nodes) {
    const its = value(node);
    if (its === undefined) continue;
    const group = groups.get(its);
    if (group === undefined) groups.set(its, [node]);
    else group.push(node);
  }
  return groups;
}

function listed(nodes: readonly ClusterNode[]): string {
  return nodes.map(nameOfNode).join(', ');
}

function drift(message: string, nodes: readonly ClusterNode[]): Finding {
  return {
    kind: 'configuration-drift',
    severity: 'warning',
    message,
    nodes: nodes.map(({ id }) => id),
    slots: [],
  };
}
