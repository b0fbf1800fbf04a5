/**
 * Owns the text of nodes.conf: the lines of CLUSTER NODES and the `vars` line, interchangeable with redis-server's.
 * Reads and writes no file. Source: Redis 7.0 cluster.c clusterLoadConfig, clusterSaveConfig.
 */
import { type NodeLine, NodesTextError, parseNodeLine } from '../../protocol/text/nodes.ts';
import { ClusterNode } from './cluster-node.ts';
import { ClusterState } from './cluster-state.ts';
import { flagWords, nodesText } from './describe.ts';

/** Nodes that are still in their handshake are left out. */
export function formatNodesConf(state: ClusterState): string {
  return `${nodesText(state, false)}vars currentEpoch ${state.currentEpoch} lastVoteEpoch ${state.lastVoteEpoch}\n`;
}

/** The state as it was kept. Throws a NodesTextError when the text is no nodes.conf. */
export function parseNodesConf(text: string, nowMs: number): ClusterState {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const nodeLines = lines.filter((line) => !isVars(line)).map((line) => parseNodeLine(line.trim()));
  const own = nodeLines.find(({ flags }) => flags.includes('myself'));
  if (own === undefined) throw new NodesTextError('no line is about this node itself');
  const state = new ClusterState(new ClusterNode(own.id, 0, nowMs));
  const nodeOf = (id: string): ClusterNode => {
    const known = state.node(id);
    if (known !== undefined) return known;
    const node = new ClusterNode(id, 0, nowMs);
    state.addNode(node);
    return node;
  };
  for (const line of nodeLines) load(state, line, nodeOf, nowMs);
  for (const line of lines.filter(isVars)) loadVars(state, line);
  // Cannot be, but for a file changed by hand.
  state.currentEpoch = Math.max(state.currentEpoch, state.greatestEpoch);
  return state;
}

function isVars(line: string): boolean {
  return /^\s*vars\b/i.test(line);
}

function load(state: ClusterState, line: NodeLine, nodeOf: (id: string) => ClusterNode, nowMs: number): void {
  const node = nodeOf(line.id);
  node.ip = line.ip;
  node.port = line.port;
  node.busPort = line.busPort;
  node.hostname = line.hostname;
  node.flags = flagsOf(line);
  if (node.failed) node.failTimeMs = nowMs;
  if (line.masterId !== undefined) state.attachReplica(nodeOf(line.masterId), node);
  if (line.pingSentMs !== 0) node.pingSentMs = nowMs;
  if (line.pongReceivedMs !== 0) node.pongReceivedMs = nowMs;
  // The line of a replica shows its master's epoch.
  node.configEpoch = node.isReplica && node.master !== undefined ? 0 : line.configEpoch;
  for (const { first, last } of line.slots) {
    for (let slot = first; slot <= last; slot++) state.addSlot(node, slot);
  }
  for (const { slot, nodeId } of line.migrating) state.migrating.set(slot, nodeOf(nodeId));
  for (const { slot, nodeId } of line.importing) state.importing.set(slot, nodeOf(nodeId));
}

function flagsOf({ flags }: NodeLine): number {
  let bits = 0;
  for (const word of flags) {
    const known = flagWords.find(([, name]) => name === word);
    if (known === undefined) throw new NodesTextError(`unknown flag ${word}`);
    bits |= known[0];
  }
  return bits;
}

function loadVars(state: ClusterState, line: string): void {
  const [, ...words] = line.trim().split(/\s+/);
  if (words.length % 2 !== 0) throw new NodesTextError(`a value is missing in: ${line}`);
  for (let index = 0; index < words.length; index += 2) {
    const value = Number(words[index + 1]);
    if (!Number.isSafeInteger(value) || value < 0) throw new NodesTextError(`not an epoch in: ${line}`);
    const name = (words[index] as string).toLowerCase();
    if (name === 'currentepoch') state.currentEpoch = value;
    else if (name === 'lastvoteepoch') state.lastVoteEpoch = value;
  }
}
