/**
 * Owns the lines of CLUSTER NODES (and of nodes.conf): parsing and formatting side by side.
 * Source: https://redis.io/commands/cluster-nodes, Redis cluster.c clusterGenNodeDescription and clusterLoadConfig.
 */

import type { SlotRange } from '../slots/slot-set.ts';
import { formatRange, isSlot } from '../slots/slot-set.ts';

export type NodeFlag =
  | 'myself'
  | 'master'
  | 'slave'
  | 'fail?'
  | 'fail'
  | 'handshake'
  | 'noaddr'
  | 'nofailover';

/** A slot on its way: `nodeId` is the other end. */
export interface OpenSlot {
  readonly slot: number;
  readonly nodeId: string;
}

export interface NodeLine {
  readonly id: string;
  /** "" when the node does not know (noaddr, or itself before it met anyone). IPv6 without brackets. */
  readonly ip: string;
  readonly port: number;
  readonly busPort: number;
  /** From 7.0 on; "" without one. */
  readonly hostname: string;
  /** In the order of the line; "noflags" is an empty list. Unknown flags of newer servers are kept. */
  readonly flags: readonly (NodeFlag | (string & {}))[];
  readonly masterId: string | undefined;
  /** Unix ms, or 0 when no ping is pending. */
  readonly pingSentMs: number;
  readonly pongReceivedMs: number;
  readonly configEpoch: number;
  readonly linkState: 'connected' | 'disconnected';
  readonly slots: readonly SlotRange[];
  /** Only on the line of the node that was asked. */
  readonly migrating: readonly OpenSlot[];
  readonly importing: readonly OpenSlot[];
}

/** The text is not what CLUSTER NODES answers. */
export class NodesTextError extends Error {
  override readonly name = 'NodesTextError';
}

/** All lines of a reply of CLUSTER NODES; empty ones are passed over. Throws NodesTextError. */
export function parseNodes(text: string): NodeLine[] {
  const lines: NodeLine[] = [];
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed !== '') lines.push(parseNodeLine(trimmed));
  }
  return lines;
}

/** One line. Throws NodesTextError. */
export function parseNodeLine(line: string): NodeLine {
  const [id, address, flags, masterId, pingSent, pongReceived, epoch, linkState, ...slotWords] =
    line.split(' ');
  if (
    id === undefined ||
    !/^[0-9a-f]{40}$/.test(id) ||
    address === undefined ||
    flags === undefined ||
    masterId === undefined ||
    (linkState !== 'connected' && linkState !== 'disconnected')
  ) {
    throw new NodesTextError(`not a line of CLUSTER NODES: ${line.slice(0, 120)}`);
  }
  return {
    id,
    ...parseNodeAddress(address),
    flags: flags === 'noflags' ? [] : flags.split(','),
    masterId: masterId === '-' ? undefined : masterId,
    pingSentMs: parseCount(pingSent, line),
    pongReceivedMs: parseCount(pongReceived, line),
    configEpoch: parseCount(epoch, line),
    linkState,
    ...parseSlotWords(slotWords, line),
  };
}

function parseCount(word: string | undefined, line: string): number {
  if (word === undefined || !/^\d+$/.test(word))
    throw new NodesTextError(`a number is missing in: ${line.slice(0, 120)}`);
  return Number(word);
}

/** "ip:port@busport[,hostname[,key=value...]]"; the ip may be empty or IPv6. Throws NodesTextError. */
export function parseNodeAddress(word: string): Pick<NodeLine, 'ip' | 'port' | 'busPort' | 'hostname'> {
  const [endpoint = '', hostname = ''] = word.split(',');
  const match = /^(.*):(\d+)(?:@(\d+))?$/.exec(endpoint);
  if (match === null) throw new NodesTextError(`not an address of a node: ${word}`);
  const port = Number(match[2]);
  return {
    ip: (match[1] ?? '').replace(/^\[(.*)\]$/, '$1'),
    port,
    busPort: match[3] === undefined ? port + 10000 : Number(match[3]),
    hostname,
  };
}

function parseSlotWords(
  words: readonly string[],
  line: string,
): Pick<NodeLine, 'slots' | 'migrating' | 'importing'> {
  const slots: SlotRange[] = [];
  const migrating: OpenSlot[] = [];
  const importing: OpenSlot[] = [];
  for (const word of words) {
    const match = /^(?:(\d+)(?:-(\d+))?|\[(\d+)-([<>])-([0-9a-f]{40})\])$/.exec(word);
    if (match === null) throw new NodesTextError(`not a slot: ${word} in: ${line.slice(0, 60)}`);
    const first = Number(match[1] ?? match[3]);
    const last = Number(match[2] ?? first);
    if (!isSlot(first) || !isSlot(last) || last < first) throw new NodesTextError(`no such slots: ${word}`);
    if (match[5] === undefined) slots.push({ first, last });
    else (match[4] === '>' ? migrating : importing).push({ slot: first, nodeId: match[5] });
  }
  return { slots, migrating, importing };
}

/** One line, without its line break: the inverse of `parseNodeLine`. */
export function formatNodeLine(line: NodeLine): string {
  const words = [
    line.id,
    `${line.ip}:${line.port}@${line.busPort}${line.hostname === '' ? '' : `,${line.hostname}`}`,
    line.flags.length === 0 ? 'noflags' : line.flags.join(','),
    line.masterId ?? '-',
    String(line.pingSentMs),
    String(line.pongReceivedMs),
    String(line.configEpoch),
    line.linkState,
    ...line.slots.map(formatRange),
    ...openSlotWords(line),
  ];
  return words.join(' ');
}

function openSlotWords({ migrating, importing }: NodeLine): string[] {
  const words = [
    ...migrating.map(({ slot, nodeId }) => ({ slot, word: `[${slot}->-${nodeId}]` })),
    ...importing.map(({ slot, nodeId }) => ({ slot, word: `[${slot}-<-${nodeId}]` })),
  ];
  return words.sort((a, b) => a.slot - b.slot).map(({ word }) => word);
}
