/**
 * Owns the reading of one bus packet. Throws a BusError on anything that is not exactly a message; a packet is
 * read whole before anything is believed. Never changes state.
 * Source: Redis 7.0 cluster.c clusterProcessPacket (sanity checks), clusterProcessPingExtensions.
 */
import { ByteReader } from '../../core/bytes.ts';
import { SLOT_BITMAP_BYTES } from '../slots/slot-set.ts';
import type { BusHeader, BusMessage, GossipEntry, MessageBody, PingBody } from './message.ts';
import { BusError } from './message.ts';
import {
  at,
  EXTENSION_HEADER_BYTES,
  extensionType,
  HEADER_BYTES,
  IP_BYTES,
  MESSAGE_TYPES,
  messageFlag,
  NODE_ID_BYTES,
  PROTOCOL_VERSION,
  SIGNATURE,
} from './wire.ts';

const noId = '\0'.repeat(NODE_ID_BYTES);
const idPattern = /^[0-9a-f]{40}$/;
// Announced addresses are free text in Redis. What would break a line of CLUSTER NODES is no address.
const addressPattern = /^[!-~]*$/;
const hostnamePattern = /^[-A-Za-z0-9_.]*$/;

/**
 * One packet, from its signature to its last byte. Views into `packet` are kept: it must not be changed later.
 * Throws a BusError; the link can go on after one, for the packet's length is known.
 */
export function decodeMessage(packet: Buffer): BusMessage {
  const reader = new ByteReader(packet);
  if (packet.length < HEADER_BYTES || reader.latin1(4) !== SIGNATURE) throw new BusError('not a bus packet');
  if (reader.u32be() !== packet.length) throw new BusError('the length in the packet is not its own');
  const version = reader.u16be();
  if (version !== PROTOCOL_VERSION) throw new BusError(`unknown version ${version} of the bus protocol`);
  const header = decodeHeader(packet);
  reader.offset = HEADER_BYTES;
  return { header, body: decodeBody(packet, reader, header) };
}

function decodeHeader(packet: Buffer): BusHeader {
  const sender = idAt(packet, at.sender);
  const masterId = packet.latin1Slice(at.masterId, at.masterId + NODE_ID_BYTES);
  return {
    sender,
    port: packet.readUInt16BE(at.port),
    busPort: packet.readUInt16BE(at.busPort),
    plainPort: packet.readUInt16BE(at.plainPort),
    ip: addressAt(packet, at.ip),
    currentEpoch: countAt(packet, at.currentEpoch),
    configEpoch: countAt(packet, at.configEpoch),
    slots: packet.subarray(at.slots, at.slots + SLOT_BITMAP_BYTES),
    offset: countAt(packet, at.offset),
    masterId: masterId === noId ? undefined : checkedId(masterId),
    flags: packet.readUInt16BE(at.flags),
    stateOk: packet.readUInt8(at.state) === 0,
    messageFlags: packet.readUInt8(at.messageFlags),
  };
}

function decodeBody(packet: Buffer, reader: ByteReader, header: BusHeader): MessageBody {
  const type = MESSAGE_TYPES[packet.readUInt16BE(at.type)];
  switch (type) {
    case 'ping':
    case 'pong':
    case 'meet':
      return decodePing(type, packet, reader, header);
    case 'fail':
      return ended(reader, { type, nodeId: checkedId(reader.latin1(NODE_ID_BYTES)) });
    case 'publish':
    case 'publishshard': {
      const channelBytes = reader.u32be();
      const messageBytes = reader.u32be();
      return ended(reader, {
        type,
        channel: reader.latin1(channelBytes),
        message: reader.latin1(messageBytes),
      });
    }
    case 'update': {
      const configEpoch = countAt(packet, reader.take(8));
      const nodeId = checkedId(reader.latin1(NODE_ID_BYTES));
      return ended(reader, { type, nodeId, configEpoch, slots: reader.view(SLOT_BITMAP_BYTES) });
    }
    case 'auth-req':
    case 'auth-ack':
    case 'mfstart':
      return ended(reader, { type });
    case 'module':
      reader.take(8);
      reader.take(reader.u32be() + 1);
      return ended(reader, { type });
    default:
      return { type: 'unknown' };
  }
}

function decodePing(type: PingBody['type'], packet: Buffer, reader: ByteReader, header: BusHeader): PingBody {
  const gossip: GossipEntry[] = [];
  for (let left = packet.readUInt16BE(at.count); left > 0; left--) gossip.push(decodeGossip(packet, reader));
  let hostname = '';
  // Servers before 7.0 have no such field: without the flag it is only reserved bytes.
  const extended = (header.messageFlags & messageFlag.extensions) !== 0;
  for (let left = extended ? packet.readUInt16BE(at.extensions) : 0; left > 0; left--) {
    const length = reader.u32be();
    const kind = reader.u16be();
    if (length < EXTENSION_HEADER_BYTES || length % 8 !== 0)
      throw new BusError(`extension of ${length} bytes without proper padding`);
    reader.take(2);
    const content = reader.latin1(length - EXTENSION_HEADER_BYTES);
    if (kind === extensionType.hostname) hostname = textOf(content, hostnamePattern, 'hostname');
  }
  return ended(reader, { type, gossip, hostname });
}

function decodeGossip(packet: Buffer, reader: ByteReader): GossipEntry {
  const id = checkedId(reader.latin1(NODE_ID_BYTES));
  const pingSentSeconds = reader.u32be();
  const pongReceivedSeconds = reader.u32be();
  const ip = addressAt(packet, reader.take(IP_BYTES));
  const port = reader.u16be();
  const busPort = reader.u16be();
  const flags = reader.u16be();
  const plainPort = reader.u16be();
  reader.take(2);
  return { id, pingSentSeconds, pongReceivedSeconds, ip, port, busPort, plainPort, flags };
}

function ended<Body extends MessageBody>(reader: ByteReader, body: Body): Body {
  if (reader.remaining !== 0) throw new BusError(`${reader.remaining} bytes after the end of a ${body.type}`);
  return body;
}

function idAt(packet: Buffer, start: number): string {
  return checkedId(packet.latin1Slice(start, start + NODE_ID_BYTES));
}

function checkedId(id: string): string {
  if (!idPattern.test(id)) throw new BusError('a node id is not 40 hexadecimal characters');
  return id;
}

function addressAt(packet: Buffer, start: number): string {
  return textOf(packet.latin1Slice(start, start + IP_BYTES), addressPattern, 'address');
}

/** Up to the first zero byte. */
function textOf(field: string, pattern: RegExp, what: string): string {
  const end = field.indexOf('\0');
  const text = end < 0 ? field : field.slice(0, end);
  if (!pattern.test(text)) throw new BusError(`the ${what} holds characters that none has`);
  return text;
}

/** Epochs and offsets: 64 bits on the wire. Beyond 2^53 no cluster comes in its life; broken bytes do. */
function countAt(packet: Buffer, start: number): number {
  const value = packet.readUInt32BE(start) * 2 ** 32 + packet.readUInt32BE(start + 4);
  if (!Number.isSafeInteger(value)) throw new BusError('an epoch or offset is out of range');
  return value;
}
