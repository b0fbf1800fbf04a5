/**
 * Owns the addresses of nodes as messages show them: the own one, learnt from MEET, and those of others.
 * Source: Redis 7.0 cluster.c nodeUpdateAddressIfNeeded, nodeIp2String, clusterProcessPacket.
 */
import type { BusHeader, PingBody } from '../../protocol/bus/message.ts';
import { nodeFlag } from '../../protocol/bus/wire.ts';
import type { BusCore } from './bus-core.ts';
import type { ClusterNode } from './cluster-node.ts';
import type { BusLink } from './link.ts';
import { followAddressOf } from './roles.ts';

/**
 * A node that sends MEET uses our official address: what it connected to is our IP. With no IP at all, any PING
 * will do until the next MEET.
 */
export function learnOwnAddress(core: BusCore, link: BusLink, type: PingBody['type']): void {
  const { myself } = core.state;
  if (core.settings.announceIp !== '' || (type !== 'meet' && myself.ip !== '')) return;
  const ip = link.handle?.localIp ?? '';
  if (ip === '' || ip === myself.ip) return;
  myself.ip = ip;
  core.log('warning', `IP address for this node updated to ${ip}`);
  core.saveSoon('later');
}

/**
 * Compares the address of `node` with the one that its message on `link` shows. After a change its own link is
 * closed, to be opened to the new address. Never closes `link`.
 */
export function learnAddress(core: BusCore, node: ClusterNode, link: BusLink, header: BusHeader): void {
  if (link === node.link) return;
  const ip = header.ip === '' ? (link.handle?.remoteIp ?? '') : header.ip;
  if (ip === '') return;
  const { port, busPort, plainPort } = header;
  if (node.port === port && node.busPort === busPort && node.plainPort === plainPort && node.ip === ip)
    return;
  node.ip = ip;
  node.port = port;
  node.plainPort = plainPort;
  node.busPort = busPort;
  node.link?.close();
  node.mark(nodeFlag.noaddr, false);
  core.log('warning', `Address updated for node ${node.id}, now ${ip}:${port}`);
  const { myself } = core.state;
  if (myself.isReplica && myself.master === node) followAddressOf(core, node);
  core.saveSoon('later');
  core.updateStateSoon();
}

/** Another node answers at this address: where `node` is now, nobody knows. */
export function forgetAddress(core: BusCore, node: ClusterNode): void {
  node.mark(nodeFlag.noaddr, true);
  node.ip = '';
  node.port = 0;
  node.plainPort = 0;
  node.busPort = 0;
  core.saveSoon('later');
}
