/**
 * Owns how nodes come to know each other: MEET, the handshake under a random name, the introduction of the new one
 * to everybody, and the list of those that are not to come back yet.
 * Source: Redis 7.0 cluster.c clusterStartHandshake, clusterProcessPacket (MEET and handshake), clusterBlacklist*.
 */
import { isIP } from 'node:net';
import type { BusHeader } from '../../protocol/bus/message.ts';
import { nodeFlag } from '../../protocol/bus/wire.ts';
import type { BusCore } from './bus-core.ts';
import { ClusterNode } from './cluster-node.ts';
import { broadcastPong, sendPing } from './compose.ts';
import type { BusLink } from './link.ts';

const BLACKLIST_MS = 60_000;

/**
 * Meets the node at an address: false when it is no address. A handshake with it that is under way goes on.
 */
export function startHandshake(core: BusCore, ip: string, port: number, busPort: number): boolean {
  const address = normalizedIp(ip);
  if (address === undefined || !isPort(port) || !isPort(busPort)) return false;
  const underWay = core.state.nodes.some(
    (node) => node.inHandshake && node.ip === address && node.port === port && node.busPort === busPort,
  );
  if (underWay) return true;
  const node = new ClusterNode(core.random.hex(40), nodeFlag.handshake | nodeFlag.meet, core.nowMs);
  node.ip = address;
  node.port = port;
  node.busPort = busPort;
  core.state.addNode(node);
  core.dialSoon(node);
  return true;
}

/** An unknown node has sent MEET: its name and role will come with its PONG on a link of our own. */
export function welcome(core: BusCore, link: BusLink, header: BusHeader): void {
  const node = new ClusterNode(core.random.hex(40), nodeFlag.handshake, core.nowMs);
  node.ip = header.ip === '' ? (link.handle?.remoteIp ?? '') : header.ip;
  node.port = header.port;
  node.plainPort = header.plainPort;
  node.busPort = header.busPort;
  core.state.addNode(node);
  core.saveSoon('later');
  core.dialSoon(node);
}

/** The other end of a handshake has answered: it gets its name, and everybody will hear of it. */
export function endHandshake(core: BusCore, node: ClusterNode, header: BusHeader): void {
  core.state.rename(node, header.sender);
  core.log('debug', `Handshake with node ${node.id} completed.`);
  node.mark(nodeFlag.handshake, false);
  node.mark(header.flags & (nodeFlag.master | nodeFlag.replica), true);
  core.saveSoon('later');
  core.introduceSoon(node);
}

/** Tells new nodes about everyone, and everyone about them, now instead of by and by. */
export function introduceNewcomers(core: BusCore): void {
  const newcomers = core.introductions.fresh;
  core.introductions.fresh = new Set();
  introduce(core, newcomers);
  for (const node of newcomers) {
    node.introducePending = true;
    core.introductions.recent.add(node);
  }
}

/**
 * Does it once more a tick or two later, for all of that time together: some may have been at their own side of a
 * handshake, where nobody listens to gossip.
 */
export function introduceAgain(core: BusCore): void {
  const { due, recent } = core.introductions;
  core.introductions.due = recent;
  core.introductions.recent = new Set();
  introduce(core, due);
}

function introduce(core: BusCore, newcomers: ReadonlySet<ClusterNode>): void {
  if (newcomers.size === 0) return;
  for (const node of core.state.nodes) {
    if (node.link === undefined || node.inHandshake) continue;
    if (newcomers.has(node)) sendPing(core, node.link, 'ping', 'everyone');
    else sendPing(core, node.link, 'pong', newcomers);
  }
}

/**
 * The first PING of a node since its handshake: our PONG ends its side of it. What follows on the same link is
 * what it will listen to.
 */
export function introduceTo(core: BusCore, node: ClusterNode, link: BusLink): void {
  if (!node.introducePending) return;
  node.introducePending = false;
  sendPing(core, link, 'pong', 'everyone');
}

/** Slots or the role of this node have changed. */
export function announce(core: BusCore): void {
  core.announcementDue = false;
  broadcastPong(core);
}

/** Keeps gossip from bringing `id` back for a minute: time to have it forgotten everywhere. */
export function banish(core: BusCore, id: string): void {
  core.blacklist.set(id, core.nowMs + BLACKLIST_MS);
}

export function isBanished(core: BusCore, id: string): boolean {
  for (const [banished, untilMs] of core.blacklist) if (untilMs < core.nowMs) core.blacklist.delete(banished);
  return core.blacklist.has(id);
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port <= 65_535;
}

/** IPv6 in its shortest form; undefined when it is no IP. */
function normalizedIp(ip: string): string | undefined {
  switch (isIP(ip)) {
    case 4:
      return ip;
    case 6:
      return ip.includes('%') ? undefined : new URL(`http://[${ip}]`).hostname.slice(1, -1);
    default:
      return undefined;
  }
}
