/**
 * Owns the writing of bus packets. Source: Redis 7.0 cluster.c clusterBuildMessageHdr, clusterSendPing,
 * clusterSetGossipEntry, writeHostnamePingExt.
 */
import type { BusHeader, GossipEntry, SentBody } from './message.ts';
import {
  at,
  EXTENSION_HEADER_BYTES,
  extensionType,
  GOSSIP_ENTRY_BYTES,
  HEADER_BYTES,
  IP_BYTES,
  MESSAGE_TYPES,
  NODE_ID_BYTES,
  PROTOCOL_VERSION,
  SIGNATURE,
  UPDATE_BODY_BYTES,
} from './wire.ts';

/** One whole packet. Throws a RangeError when a number does not fit its field. */
export function encodeMessage(header: BusHeader, body: SentBody): Buffer {
  const packet = Buffer.alloc(HEADER_BYTES + bodyBytes(body));
  encodeHeader(packet, header, body);
  switch (body.type) {
    case 'ping':
    case 'pong':
    case 'meet': {
      packet.writeUInt16BE(body.gossip.length, at.count);
      let offset = HEADER_BYTES;
      for (const entry of body.gossip) {
        encodeGossip(packet, offset, entry);
        offset += GOSSIP_ENTRY_BYTES;
      }
      encodeHostname(packet, offset, body.hostname);
      break;
    }
    case 'fail':
      packet.latin1Write(body.nodeId, HEADER_BYTES);
      break;
    case 'publish':
    case 'publishshard':
      packet.writeUInt32BE(body.channel.length, HEADER_BYTES);
      packet.writeUInt32BE(body.message.length, HEADER_BYTES + 4);
      packet.latin1Write(body.channel, HEADER_BYTES + 8);
      packet.latin1Write(body.message, HEADER_BYTES + 8 + body.channel.length);
      break;
    case 'update':
      writeCount(packet, body.configEpoch, HEADER_BYTES);
      packet.latin1Write(body.nodeId, HEADER_BYTES + 8);
      packet.set(body.slots, HEADER_BYTES + 8 + NODE_ID_BYTES);
      break;
    case 'auth-req':
    case 'auth-ack':
    case 'mfstart':
      break;
  }
  return packet;
}

function bodyBytes(body: SentBody): number {
  switch (body.type) {
    case 'ping':
    case 'pong':
    case 'meet':
      return body.gossip.length * GOSSIP_ENTRY_BYTES + hostnameBytes(body.hostname);
    case 'fail':
      return NODE_ID_BYTES;
    case 'publish':
    case 'publishshard':
      return 8 + body.channel.length + body.message.length;
    case 'update':
      return UPDATE_BODY_BYTES;
    case 'auth-req':
    case 'auth-ack':
    case 'mfstart':
      return 0;
  }
}

function encodeHeader(packet: Buffer, header: BusHeader, body: SentBody): void {
  packet.latin1Write(SIGNATURE, 0);
  packet.writeUInt32BE(packet.length, at.totalLength);
  packet.writeUInt16BE(PROTOCOL_VERSION, at.version);
  packet.writeUInt16BE(header.port, at.port);
  packet.writeUInt16BE(MESSAGE_TYPES.indexOf(body.type), at.type);
  writeCount(packet, header.currentEpoch, at.currentEpoch);
  writeCount(packet, header.configEpoch, at.configEpoch);
  writeCount(packet, header.offset, at.offset);
  packet.latin1Write(header.sender, at.sender);
  packet.set(header.slots, at.slots);
  if (header.masterId !== undefined) packet.latin1Write(header.masterId, at.masterId);
  writeAddress(packet, header.ip, at.ip);
  packet.writeUInt16BE(header.plainPort, at.plainPort);
  packet.writeUInt16BE(header.busPort, at.busPort);
  packet.writeUInt16BE(header.flags, at.flags);
  packet.writeUInt8(header.stateOk ? 0 : 1, at.state);
  packet.writeUInt8(header.messageFlags, at.messageFlags);
}

function encodeGossip(packet: Buffer, start: number, entry: GossipEntry): void {
  packet.latin1Write(entry.id, start);
  let offset = packet.writeUInt32BE(entry.pingSentSeconds, start + NODE_ID_BYTES);
  offset = packet.writeUInt32BE(entry.pongReceivedSeconds, offset);
  writeAddress(packet, entry.ip, offset);
  offset = packet.writeUInt16BE(entry.port, offset + IP_BYTES);
  offset = packet.writeUInt16BE(entry.busPort, offset);
  offset = packet.writeUInt16BE(entry.flags, offset);
  packet.writeUInt16BE(entry.plainPort, offset);
}

/** With the zero that ends the text, rounded up to eight; nothing without a hostname. */
function hostnameBytes(hostname: string): number {
  return hostname === '' ? 0 : EXTENSION_HEADER_BYTES + Math.ceil((hostname.length + 1) / 8) * 8;
}

function encodeHostname(packet: Buffer, start: number, hostname: string): void {
  if (hostname === '') return;
  packet.writeUInt16BE(1, at.extensions);
  packet.writeUInt32BE(hostnameBytes(hostname), start);
  packet.writeUInt16BE(extensionType.hostname, start + 4);
  packet.latin1Write(hostname, start + EXTENSION_HEADER_BYTES);
}

/** The last byte of the field stays zero. */
function writeAddress(packet: Buffer, address: string, start: number): void {
  packet.latin1Write(address.slice(0, IP_BYTES - 1), start);
}

function writeCount(packet: Buffer, value: number, start: number): void {
  packet.writeUInt32BE(Math.floor(value / 2 ** 32), start);
  packet.writeUInt32BE(value % 2 ** 32, start + 4);
}
