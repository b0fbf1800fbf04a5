/**
 * Owns what this node believes of what others tell about third nodes.
 * Source: Redis 7.0 cluster.c clusterProcessGossipSection.
 */
import type { GossipEntry } from '../../protocol/bus/message.ts';
import { nodeFlag } from '../../protocol/bus/wire.ts';
import type { BusCore } from './bus-core.ts';
import { ClusterNode } from './cluster-node.ts';
import { countFailureReports, hearReport } from './failure-detection.ts';
import { isBanished } from './handshake.ts';

/** How far ahead of our clock a time may be. */
const CLOCK_TOLERANCE_MS = 500;

/** What may be believed of a node that is only known by hearsay. */
const believedFlags =
  nodeFlag.master |
  nodeFlag.replica |
  nodeFlag.pfail |
  nodeFlag.fail |
  nodeFlag.migrateTo |
  nodeFlag.nofailover;

/** `sender` is absent when this node does not know it: then nobody new is believed. */
export function hearGossip(
  core: BusCore,
  sender: ClusterNode | undefined,
  entries: readonly GossipEntry[],
): void {
  for (const entry of entries) {
    const node = core.state.node(entry.id);
    if (node !== undefined) hearAbout(core, sender, node, entry);
    else if (sender !== undefined) addNode(core, entry);
  }
}

function hearAbout(
  core: BusCore,
  sender: ClusterNode | undefined,
  node: ClusterNode,
  entry: GossipEntry,
): void {
  const failing = (entry.flags & (nodeFlag.fail | nodeFlag.pfail)) !== 0;
  if (sender?.votes && node !== core.state.myself) hearReport(core, sender, node, failing);
  if (failing) return;

  if (node.pingSentMs === 0 && countFailureReports(core, node) === 0) {
    const pongMs = entry.pongReceivedSeconds * 1000;
    if (pongMs <= core.nowMs + CLOCK_TOLERANCE_MS && pongMs > node.pongReceivedMs)
      node.pongReceivedMs = pongMs;
  }

  // Unreachable for us, while the sender talks to it at another address: it has moved.
  const moved = node.ip !== entry.ip || node.port !== entry.port || node.busPort !== entry.busPort;
  if (moved && node.has(nodeFlag.fail | nodeFlag.pfail) && (entry.flags & nodeFlag.noaddr) === 0) {
    node.link?.close();
    takeAddress(node, entry);
  }
}

/** Trusted as it is told. No handshake: the address may be another cluster's by now, the id tells. */
function addNode(core: BusCore, entry: GossipEntry): void {
  if ((entry.flags & nodeFlag.noaddr) !== 0 || isBanished(core, entry.id)) return;
  const node = new ClusterNode(entry.id, entry.flags & believedFlags, core.nowMs);
  takeAddress(node, entry);
  core.state.addNode(node);
  core.dialSoon(node);
}

function takeAddress(node: ClusterNode, entry: GossipEntry): void {
  node.ip = entry.ip;
  node.port = entry.port;
  node.plainPort = entry.plainPort;
  node.busPort = entry.busPort;
  node.mark(nodeFlag.noaddr, false);
}
