/** Owns the short question: CLUSTER NODES of one node, and the look at its lines by id. */
import type { NodeClient } from '../client/node-client.ts';
import { type NodeLine, parseNodes } from '../protocol/text/nodes.ts';

export const clusterNodes = ['CLUSTER', 'NODES'] as const;

/** Throws a TribError. */
export async function askLines(client: NodeClient): Promise<NodeLine[]> {
  return parseNodes(String(await client.demand(clusterNodes, { repeatable: true })));
}

export function isMaster(line: NodeLine | undefined): line is NodeLine {
  return line?.flags.includes('master') === true && !line.flags.includes('handshake');
}

export function isFailing(line: NodeLine): boolean {
  return line.flags.includes('fail') || line.flags.includes('fail?');
}
