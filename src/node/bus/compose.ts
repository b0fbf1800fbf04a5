/**
 * Owns what this node says: the header about itself, PINGs with their gossip, UPDATE, FAIL, PUBLISH.
 * Source: Redis 7.0 cluster.c clusterBuildMessageHdr, clusterSendPing, clusterBroadcastPong, clusterSendUpdate,
 * clusterSendFail, clusterSendPublish, clusterSendFailoverAuth, clusterRequestFailoverAuth, clusterSendMFStart.
 */
import { encodeMessage } from '../../protocol/bus/encode.ts';
import type { BusHeader, GossipEntry, PingBody, SentBody } from '../../protocol/bus/message.ts';
import { messageFlag, nodeFlag } from '../../protocol/bus/wire.ts';
import type { BusCore } from './bus-core.ts';
import type { ClusterNode } from './cluster-node.ts';
import type { BusLink } from './link.ts';

/** Which other nodes a PING tells about: a few at random, or these. */
export type GossipChoice = 'some' | 'everyone' | Iterable<ClusterNode>;

function headerOf(core: BusCore, flags = 0): BusHeader {
  const { state, settings } = core;
  const { myself } = state;
  // A replica shows the slots and the epoch of its master.
  const master = (myself.isReplica ? myself.master : undefined) ?? myself;
  return {
    sender: myself.id,
    port: settings.port,
    busPort: settings.busPort,
    plainPort: settings.plainPort,
    ip: settings.announceIp,
    currentEpoch: state.currentEpoch,
    configEpoch: master.configEpoch,
    slots: master.slots.bitmap,
    offset: core.host.replicationOffset,
    masterId: myself.master?.id,
    flags: myself.flags,
    stateOk: state.ok,
    messageFlags: myself.isMaster && core.manualFailover !== undefined ? flags | messageFlag.paused : flags,
  };
}

function send(core: BusCore, link: BusLink, body: SentBody, flags = 0): void {
  core.send(link, body.type, encodeMessage(headerOf(core, flags), body));
}

export function sendPing(
  core: BusCore,
  link: BusLink,
  type: PingBody['type'],
  choice: GossipChoice = 'some',
): void {
  if (!link.inbound && type === 'ping' && link.node !== undefined) link.node.pingSentMs = core.nowMs;
  const gossip = [...gossipNodes(core, choice), ...suspects(core)].map(gossipEntry);
  // 7.0 sets the flag only along with an extension. Later servers take it for leave to send theirs (a hostname
  // among them); to 7.0 and before a flag with no extension means nothing.
  send(core, link, { type, gossip, hostname: core.state.myself.hostname }, messageFlag.extensions);
}

/** To these nodes, in place of waiting for the next PING. */
export function broadcastPong(core: BusCore, nodes = core.state.nodes): void {
  for (const node of nodes) {
    if (node.link !== undefined && !node.inHandshake) sendPing(core, node.link, 'pong');
  }
}

export function sendUpdate(core: BusCore, link: BusLink, about: ClusterNode): void {
  const slots = about.slots.copy();
  for (const slot of core.state.notClaimed) slots.delete(slot);
  send(core, link, {
    type: 'update',
    nodeId: about.id,
    configEpoch: about.configEpoch,
    slots: slots.bitmap,
  });
}

export function sendVote(core: BusCore, link: BusLink): void {
  send(core, link, { type: 'auth-ack' });
}

/** To everybody: who has no vote hears the epoch. `isManual`: the master works, and is to be replaced nevertheless. */
export function requestVotes(core: BusCore, isManual: boolean): void {
  broadcast(core, core.state.nodes, { type: 'auth-req' }, isManual ? messageFlag.forceAck : 0);
}

/** Asks a master to hold its clients back for a manual failover. */
export function requestPause(core: BusCore, link: BusLink): void {
  send(core, link, { type: 'mfstart' });
}

export function broadcastFail(core: BusCore, failing: ClusterNode): void {
  broadcast(core, core.state.nodes, { type: 'fail', nodeId: failing.id });
}

/** A sharded message stays among the nodes of this shard. */
export function publish(core: BusCore, channel: string, message: string, sharded: boolean): void {
  const { myself } = core.state;
  const master = myself.isMaster ? myself : myself.master;
  const nodes = sharded ? (master === undefined ? [] : [master, ...master.replicas]) : core.state.nodes;
  broadcast(core, nodes, { type: sharded ? 'publishshard' : 'publish', channel, message });
}

function broadcast(core: BusCore, nodes: readonly ClusterNode[], body: SentBody, flags = 0): void {
  const packet = encodeMessage(headerOf(core, flags), body);
  for (const node of nodes) {
    if (node.link !== undefined && !node.inHandshake) core.send(node.link, body.type, packet);
  }
}

function gossipEntry(node: ClusterNode): GossipEntry {
  return {
    id: node.id,
    pingSentSeconds: Math.floor(node.pingSentMs / 1000),
    pongReceivedSeconds: Math.floor(node.pongReceivedMs / 1000),
    ip: node.ip,
    port: node.port,
    busPort: node.busPort,
    plainPort: node.plainPort,
    flags: node.flags,
  };
}

function isTellable(node: ClusterNode): boolean {
  return (
    !node.has(nodeFlag.myself | nodeFlag.pfail | nodeFlag.handshake | nodeFlag.noaddr) &&
    (node.link !== undefined || node.slots.size > 0)
  );
}

/** Nodes that do not answer this node are always told of: the others can agree sooner. */
function suspects(core: BusCore): ClusterNode[] {
  if (core.pfailCount === 0) return [];
  const found = core.state.nodes.filter(
    (node) => node.timedOut && !node.has(nodeFlag.handshake | nodeFlag.noaddr),
  );
  return found.slice(0, core.pfailCount);
}

function gossipNodes(core: BusCore, choice: GossipChoice): ClusterNode[] {
  if (choice === 'everyone') return core.state.nodes.filter(isTellable);
  if (choice !== 'some') return [...choice].filter(isTellable);
  return randomNodes(core);
}

/** A tenth of the nodes, at least three, without this one and the receiver. */
function randomNodes(core: BusCore): ClusterNode[] {
  const { nodes } = core.state;
  let fresh = nodes.length - 2;
  const wanted = Math.min(Math.max(Math.floor(nodes.length / 10), 3), fresh);
  const round = ++core.gossipRound;
  const chosen: ClusterNode[] = [];
  for (let tries = wanted * 3; tries > 0 && fresh > 0 && chosen.length < wanted; tries--) {
    const node = nodes[core.random.below(nodes.length)] as ClusterNode;
    if (node.has(nodeFlag.myself | nodeFlag.pfail)) continue;
    if (!isTellable(node)) {
      fresh--;
      continue;
    }
    if (node.lastGossipRound === round) continue;
    node.lastGossipRound = round;
    chosen.push(node);
    fresh--;
  }
  return chosen;
}
