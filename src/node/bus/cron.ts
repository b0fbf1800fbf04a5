/**
 * Owns what the bus does ten times a second: dialling, PINGs, time-outs. Source: Redis 7.0 cluster.c clusterCron,
 * clusterNodeCronHandleReconnect, freeClusterLinkOnBufferLimitReached.
 */
import { nodeFlag } from '../../protocol/bus/wire.ts';
import type { BusCore } from './bus-core.ts';
import type { ClusterNode } from './cluster-node.ts';
import { sendPing } from './compose.ts';
import { BusLink } from './link.ts';

export const TICK_MS = 100;
/** Ticks between the PINGs to a node chosen at random, and among how many it is chosen. */
const RANDOM_PING_TICKS = 10;
const RANDOM_PING_CANDIDATES = 5;
const MIN_HANDSHAKE_TIMEOUT_MS = 1000;
/** Times the node timeout: a PONG that is late by so much will not come on this link. */
const STUCK_PING_TIMES = 2;

export function tendLinks(core: BusCore): void {
  core.pfailCount = 0;
  const handshakeTimeoutMs = Math.max(core.settings.nodeTimeoutMs, MIN_HANDSHAKE_TIMEOUT_MS);
  for (const node of core.state.nodes) {
    closeOverfullLinks(core, node);
    if (node.has(nodeFlag.myself | nodeFlag.noaddr)) continue;
    if (node.timedOut) core.pfailCount++;
    if (node.inHandshake && core.nowMs - node.createdAtMs > handshakeTimeoutMs) {
      core.state.deleteNode(node);
      continue;
    }
    dial(core, node);
  }
}

/** Opens the link to a node that has none. */
export function dial(core: BusCore, node: ClusterNode): void {
  if (node.link !== undefined || node.has(nodeFlag.myself | nodeFlag.noaddr)) return;
  // A node may be gone, or its address unknown, between the wish to dial it and this.
  if (core.state.node(node.id) !== node || node.ip === '' || node.busPort === 0) return;
  const link = new BusLink(node, core.nowMs);
  node.link = link;
  link.handle = core.host.dial(node.ip, node.busPort, link);
}

export function pingOneAtRandom(core: BusCore, tick: number): void {
  if (tick % RANDOM_PING_TICKS !== 0) return;
  const { nodes } = core.state;
  let oldest: ClusterNode | undefined;
  for (let tries = 0; tries < RANDOM_PING_CANDIDATES; tries++) {
    const node = nodes[core.random.below(nodes.length)] as ClusterNode;
    if (node.link === undefined || node.pingSentMs !== 0) continue;
    if (node.has(nodeFlag.myself | nodeFlag.handshake)) continue;
    if (oldest === undefined || oldest.pongReceivedMs > node.pongReceivedMs) oldest = node;
  }
  if (oldest?.link !== undefined) sendPing(core, oldest.link, 'ping');
}

/** PINGs every node in time, and marks as PFAIL those that do not answer. True when one was marked. */
export function watchNodes(core: BusCore): boolean {
  let marked = false;
  for (const node of core.state.nodes) {
    if (node.has(nodeFlag.myself | nodeFlag.noaddr | nodeFlag.handshake)) continue;
    if (watch(core, node)) marked = true;
  }
  return marked;
}

function watch(core: BusCore, node: ClusterNode): boolean {
  const { nodeTimeoutMs } = core.settings;
  const { nowMs } = core;
  const pingDelayMs = nowMs - node.pingSentMs;
  const dataDelayMs = nowMs - node.dataReceivedMs;
  const halfMs = nodeTimeoutMs / 2;
  const isSilent = pingDelayMs > halfMs && dataDelayMs > halfMs;
  // The other end may speak on its own link all the while. Redis waits for ever then.
  const isStuck = pingDelayMs > nodeTimeoutMs * STUCK_PING_TIMES;
  if (
    node.link !== undefined &&
    node.pingSentMs !== 0 &&
    nowMs - node.link.createdAtMs > nodeTimeoutMs &&
    (isSilent || isStuck)
  ) {
    // Perhaps only the connection is dead: the next tick opens another.
    node.link.close();
  }
  if (node.link !== undefined && node.pingSentMs === 0 && nowMs - node.pongReceivedMs > halfMs) {
    sendPing(core, node.link, 'ping');
    return false;
  }
  if (node.pingSentMs === 0 || node.has(nodeFlag.pfail | nodeFlag.fail)) return false;
  // Any data is a sign of life: a PONG may be late behind many PUBLISH messages.
  if (Math.min(pingDelayMs, dataDelayMs) <= nodeTimeoutMs) return false;
  core.log('debug', `*** NODE ${node.id} possibly failing`);
  node.mark(nodeFlag.pfail, true);
  return true;
}

function closeOverfullLinks(core: BusCore, node: ClusterNode): void {
  const limitBytes = core.settings.linkSendBufferLimitBytes;
  if (limitBytes === 0) return;
  for (const link of [node.link, node.inboundLink]) {
    const pendingBytes = link?.handle?.pendingBytes ?? 0;
    if (link === undefined || pendingBytes <= limitBytes) continue;
    const direction = link.inbound ? 'from' : 'to';
    core.log(
      'warning',
      `Freeing cluster link(${direction} node ${node.id}, used memory: ${pendingBytes}) due to exceeding send buffer memory limit.`,
    );
    link.close();
    core.stats.linksOverLimit++;
  }
}
