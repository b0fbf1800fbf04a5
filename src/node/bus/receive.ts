/**
 * Owns what each message does to this node. Messages arrive decoded, so that a broken one never comes here.
 * Source: Redis 7.0 cluster.c clusterProcessPacket.
 */
import type { BusHeader, BusMessage, FailBody, PingBody } from '../../protocol/bus/message.ts';
import { MESSAGE_TYPES, nodeFlag } from '../../protocol/bus/wire.ts';
import { forgetAddress, learnAddress, learnOwnAddress } from './address.ts';
import type { BusCore } from './bus-core.ts';
import { hearVote } from './candidacy.ts';
import type { ClusterNode } from './cluster-node.ts';
import { sendPing } from './compose.ts';
import { voteIfPossible } from './election.ts';
import { resolveEpochCollision } from './epochs.ts';
import { hearAlive, markAsFailed } from './failure-detection.ts';
import { hearGossip } from './gossip.ts';
import { endHandshake, introduceTo, welcome } from './handshake.ts';
import type { BusLink } from './link.ts';
import { hearPausedOffset, hearPauseRequest } from './manual-failover.ts';
import { becomeMaster, learnRole } from './roles.ts';
import { acceptClaim, correctStaleClaim } from './slot-claims.ts';

/** May close `link`. */
export function receive(core: BusCore, link: BusLink, { header, body }: BusMessage): void {
  const index = body.type === 'unknown' ? -1 : MESSAGE_TYPES.indexOf(body.type);
  if (index >= 0) core.stats.received[index] = (core.stats.received[index] as number) + 1;
  if (index >= 0 && index === core.droppedType) {
    core.log('warning', 'Dropping packet that matches debug drop filter');
    return;
  }
  const sender = senderOf(core, link, header);
  if (sender !== undefined) {
    sender.dataReceivedMs = core.nowMs;
    if (!sender.inHandshake) learnEpochs(core, sender, header);
  }
  switch (body.type) {
    case 'ping':
    case 'pong':
    case 'meet':
      receivePing(core, link, sender, header, body);
      return;
    case 'fail':
      receiveFail(core, sender, header, body);
      return;
    case 'update':
      if (sender !== undefined) learnUpdate(core, body.nodeId, body.configEpoch, body.slots);
      return;
    case 'publish':
    case 'publishshard':
      if (sender !== undefined) core.host.deliver(body.channel, body.message, body.type === 'publishshard');
      return;
    case 'auth-req':
      if (sender !== undefined) voteIfPossible(core, sender, header);
      return;
    case 'auth-ack':
      if (sender !== undefined) hearVote(core, sender, header);
      return;
    case 'mfstart':
      if (sender !== undefined) hearPauseRequest(core, sender, link);
      return;
    case 'module':
    case 'unknown':
      return;
  }
}

/** The node that speaks on the link; an inbound link is bound to the first one known that does. */
function senderOf(core: BusCore, link: BusLink, header: BusHeader): ClusterNode | undefined {
  if (link.node !== undefined && !link.node.inHandshake) return link.node;
  const sender = core.state.node(header.sender);
  if (sender !== undefined && link.inbound && link.node === undefined) link.belongsTo(sender);
  return sender;
}

function learnEpochs(core: BusCore, sender: ClusterNode, header: BusHeader): void {
  core.state.currentEpoch = Math.max(core.state.currentEpoch, header.currentEpoch);
  // A replica tells its master's.
  if (header.masterId === undefined && header.configEpoch > sender.configEpoch) {
    sender.configEpoch = header.configEpoch;
    core.saveSoon('now');
  }
  sender.offset = header.offset;
  hearPausedOffset(core, sender, header);
}

function receivePing(
  core: BusCore,
  link: BusLink,
  knownSender: ClusterNode | undefined,
  header: BusHeader,
  body: PingBody,
): void {
  if (body.type !== 'pong') {
    learnOwnAddress(core, link, body.type);
    if (knownSender === undefined && body.type === 'meet') {
      welcome(core, link, header);
      hearGossip(core, undefined, body.gossip);
    }
    sendPing(core, link, 'pong');
    if (knownSender !== undefined) introduceTo(core, knownSender, link);
  }
  let sender = knownSender;
  if (!link.inbound && link.node !== undefined) {
    if (!isExpectedSender(core, link, link.node, knownSender, header)) return;
    sender = link.node;
  }
  if (sender !== undefined) learnSender(core, link, sender, header, body);
  if (!link.inbound && body.type === 'pong' && link.node !== undefined) {
    link.node.pongReceivedMs = core.nowMs;
    link.node.pingSentMs = 0;
    hearAlive(core, link.node);
  }
  if (sender !== undefined) learnConfiguration(core, sender, header, body);
}

/** On a link of our own: whether the one that was called answers. A handshake ends here, one way or the other. */
function isExpectedSender(
  core: BusCore,
  link: BusLink,
  node: ClusterNode,
  sender: ClusterNode | undefined,
  header: BusHeader,
): boolean {
  if (node.inHandshake) {
    if (sender !== undefined) {
      core.log('verbose', `Handshake: we already know node ${sender.id}, updating the address if needed.`);
      learnAddress(core, sender, link, header);
      core.state.deleteNode(node);
      return false;
    }
    endHandshake(core, node, header);
    learnEpochs(core, node, header);
    return true;
  }
  if (node.id === header.sender) return true;
  core.log('debug', `PONG contains mismatching sender ID. About node ${node.id}`);
  link.close();
  forgetAddress(core, node);
  return false;
}

function learnSender(
  core: BusCore,
  link: BusLink,
  sender: ClusterNode,
  header: BusHeader,
  body: PingBody,
): void {
  sender.mark(nodeFlag.nofailover, (header.flags & nodeFlag.nofailover) !== 0);
  if (body.type === 'ping' && !sender.inHandshake) learnAddress(core, sender, link, header);
}

/**
 * Whether a late packet tells of the replica that its sender was before its promotion: the two links between nodes keep no order
 * among each other. Redis believes it: the slots are nobody's then, the cluster looks smaller, and a minority may elect. What is
 * no late packet is believed a node timeout later.
 */
function saysWhatItWas(core: BusCore, sender: ClusterNode, header: BusHeader): boolean {
  if (!sender.isMaster || header.masterId === undefined) return false;
  const isOlder = header.configEpoch < sender.configEpoch && header.currentEpoch <= sender.configEpoch;
  return isOlder && core.nowMs - sender.masterSinceMs < core.settings.nodeTimeoutMs;
}

/** Role first: only a master's claims count. */
function learnConfiguration(core: BusCore, sender: ClusterNode, header: BusHeader, body: PingBody): void {
  if (sender === core.state.myself) return;
  if (saysWhatItWas(core, sender, header)) {
    hearGossip(core, sender, body.gossip);
    return;
  }
  // A master that has become a replica tells of its new master just as an UPDATE does. So its slots are nobody's at no time:
  // in Redis they are for a moment, the cluster looks smaller, and then a minority elects.
  if (sender.isMaster && header.masterId !== undefined)
    learnUpdate(core, header.masterId, header.configEpoch, header.slots);
  learnRole(core, sender, header.masterId);
  const slotsHolder = sender.isMaster ? sender : sender.master;
  if (slotsHolder !== undefined && Buffer.compare(slotsHolder.slots.bitmap, header.slots) !== 0) {
    if (sender.isMaster) acceptClaim(core, sender, header.configEpoch, header.slots);
    correctStaleClaim(core, sender, header.configEpoch, header.slots);
  }
  if (header.configEpoch === core.state.myself.configEpoch) resolveEpochCollision(core, sender);
  hearGossip(core, sender, body.gossip);
  sender.hostname = body.hostname;
}

function receiveFail(
  core: BusCore,
  sender: ClusterNode | undefined,
  header: BusHeader,
  body: FailBody,
): void {
  if (sender === undefined) {
    core.log('notice', `Ignoring FAIL message from unknown node ${header.sender} about ${body.nodeId}`);
    return;
  }
  const failing = core.state.node(body.nodeId);
  if (failing === undefined || failing.has(nodeFlag.fail | nodeFlag.myself)) return;
  core.log('notice', `FAIL message received from ${header.sender} about ${body.nodeId}`);
  markAsFailed(core, failing);
}

/** What another node tells of the slots of a third one. */
function learnUpdate(core: BusCore, nodeId: string, configEpoch: number, slots: Uint8Array): void {
  const node = core.state.node(nodeId);
  if (node === undefined || node.configEpoch >= configEpoch) return;
  if (node === core.state.myself) {
    core.log('warning', 'Discarding UPDATE message about myself.');
    return;
  }
  becomeMaster(core, node);
  node.configEpoch = configEpoch;
  core.saveSoon('now');
  acceptClaim(core, node, configEpoch, slots);
}
