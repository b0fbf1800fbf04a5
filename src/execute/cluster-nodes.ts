/** Owns the short question: CLUSTER NODES of one node, and what its lines say. */
import type { NodeClient } from '../client/node-client.ts';
import { type NodeLine, parseNodes } from '../protocol/text/nodes.ts';

export const clusterNodes = ['CLUSTER', 'NODES'] as const;

/** Throws a TribError. */
export async function askLines(client: NodeClient): Promise<NodeLine[]> {
  return parseNodes(String(await client.demand(clusterNodes, { repeatable: true })));
}

/** The line of the node that was asked. */
export function ownLineOf(lines: readonly NodeLine[]): NodeLine | undefined {
  return lines.find(({ flags }) => flags.includes('myself'));
}

/** What a node says of itself. Throws a TribError. */
export async function askOwnLine(client: NodeClient): Promise<NodeLine | undefined> {
  return ownLineOf(await askLines(client));
}

export function isMaster(line: NodeLine | undefined): line is NodeLine {
  return line?.flags.includes('master') === true && !line.flags.includes('handshake');
}

export function isFailing(line: NodeLine): boolean {
  return line.flags.includes('fail') || line.flags.includes('fail?');
}
