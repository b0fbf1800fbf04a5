/** Owns the finding of a node by what a person writes: an id, a unique beginning of one, host:port. */
import { TribError } from '../core/errors.ts';
import { formatAddress } from '../protocol/text/addresses.ts';
import { type ClusterNode, nameOfNode, type Topology } from './topology.ts';

/** Throws a TribError ("usage") when no node or more than one fits. */
export function findNode(topology: Topology, word: string): ClusterNode {
  const found = topology.nodes.filter((node) => fits(node, word));
  const [node] = found;
  if (node === undefined) {
    throw new TribError('usage', `No node of the cluster fits "${word}".`, {
      hint: `Write an id, the beginning of one, or host:port. The nodes: ${topology.nodes.map(short).join(', ')}.`,
    });
  }
  if (found.length > 1) {
    throw new TribError('usage', `"${word}" fits ${found.length} nodes: ${found.map(short).join(', ')}.`, {
      hint: 'Write more of the id.',
    });
  }
  return node;
}

/** As findNode, for what only a master can do or give. */
export function findMaster(topology: Topology, word: string): ClusterNode {
  const node = findNode(topology, word);
  if (node.role === 'master') return node;
  const master = topology.nodes.find(({ id }) => id === node.masterId);
  throw new TribError('usage', `${nameOfNode(node)} is not a master, and only masters have slots.`, {
    ...(master === undefined ? {} : { hint: `Its master is ${master.id} (${nameOfNode(master)}).` }),
  });
}

function fits(node: ClusterNode, word: string): boolean {
  if (/^[0-9a-f]{1,40}$/i.test(word) && node.id.startsWith(word.toLowerCase())) return true;
  const { port } = node.address;
  const names = [nameOfNode(node), `:${port}`];
  for (const host of [node.ip, node.hostname]) if (host !== '') names.push(formatAddress({ host, port }));
  return names.includes(word);
}

function short(node: ClusterNode): string {
  return `${node.id.slice(0, 8)} (${nameOfNode(node)})`;
}
