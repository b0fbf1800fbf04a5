import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BytesError } from '../../../src/core/bytes.ts';
import { decodeMessage } from '../../../src/protocol/bus/decode.ts';
import { encodeMessage } from '../../../src/protocol/bus/encode.ts';
import type { BusHeader, ForeignBody, MessageBody, SentBody } from '../../../src/protocol/bus/message.ts';
import { nodeFlag } from '../../../src/protocol/bus/wire.ts';
import { SlotSet } from '../../../src/protocol/slots/slot-set.ts';
import { recorded, recordedPackets } from './recorded.ts';

const id = fc
  .array(fc.constantFrom(...'0123456789abcdef'), { minLength: 40, maxLength: 40 })
  .map((c) => c.join(''));
const u16 = fc.nat(0xffff);
const count = fc.nat(Number.MAX_SAFE_INTEGER);
const latin1 = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const slots = fc.uint8Array({ minLength: 2048, maxLength: 2048 }).map((bytes) => Buffer.from(bytes));
const ip = fc.constantFrom('', '127.0.0.1', '10.0.0.255', '2001:db8::1', 'node-1.example');
const hostname = fc.constantFrom('', 'a', 'seven77', 'eight888', 'host-0.example', 'x'.repeat(255));

const header: fc.Arbitrary<BusHeader> = fc.record({
  sender: id,
  port: u16,
  busPort: u16,
  plainPort: u16,
  ip,
  currentEpoch: count,
  configEpoch: count,
  slots,
  offset: count,
  masterId: fc.option(id, { nil: undefined }),
  flags: u16,
  stateOk: fc.boolean(),
  messageFlags: fc.constant(4),
});
const gossip = fc.record({
  id,
  pingSentSeconds: fc.nat(0xffffffff),
  pongReceivedSeconds: fc.nat(0xffffffff),
  ip,
  port: u16,
  busPort: u16,
  plainPort: u16,
  flags: u16,
});
const body: fc.Arbitrary<SentBody> = fc.oneof(
  fc.record({
    type: fc.constantFrom('ping' as const, 'pong' as const, 'meet' as const),
    gossip: fc.array(gossip, { maxLength: 12 }),
    hostname,
  }),
  fc.record({ type: fc.constant('fail' as const), nodeId: id }),
  fc.record({
    type: fc.constantFrom('publish' as const, 'publishshard' as const),
    channel: latin1,
    message: latin1,
  }),
  fc.record({ type: fc.constant('update' as const), nodeId: id, configEpoch: count, slots }),
  fc.record({ type: fc.constantFrom('auth-req' as const, 'auth-ack' as const, 'mfstart' as const) }),
);

/** The same bytes from what was read: nothing on the wire is overlooked. */
function again(packet: Buffer): Buffer {
  const { header: read, body: kind } = decodeMessage(packet);
  if (isForeign(kind)) throw new Error(`a ${kind.type} message is never written`);
  return encodeMessage(read, kind);
}

function isForeign(kind: MessageBody): kind is ForeignBody {
  return kind.type === 'module' || kind.type === 'unknown';
}

describe('the codec of the bus', () => {
  it('reads back every message it writes', () => {
    fc.assert(
      fc.property(header, body, (someHeader, someBody) => {
        const message = decodeMessage(encodeMessage(someHeader, someBody));
        expect(message).toEqual({ header: someHeader, body: someBody });
      }),
    );
  });

  it.each([...recordedPackets.keys()])('writes %s as redis-server did', (name) => {
    expect(again(recorded(name)).equals(recorded(name))).toBe(true);
  });

  it('reads a recorded PING whole', () => {
    const { header: read, body: ping } = decodeMessage(recorded('ping-gossip-hostname'));
    expect(read).toMatchObject({ port: 21701, busPort: 41701, ip: '', masterId: undefined });
    expect(read.flags & nodeFlag.master).toBe(nodeFlag.master);
    expect(SlotSet.fromBitmap(read.slots).toString()).toBe('0-5460');
    if (ping.type !== 'ping') throw new Error(ping.type);
    expect(ping.hostname).toBe('host-0.example');
    expect(ping.gossip.length).toBeGreaterThan(0);
    for (const entry of ping.gossip) {
      expect(entry.ip).toBe('127.0.0.1');
      expect(entry.busPort).toBe(entry.port + 20000);
      expect(entry.pongReceivedSeconds).toBeGreaterThan(1.6e9);
    }
  });

  it('reads recorded PUBLISH and UPDATE', () => {
    expect(decodeMessage(recorded('publish')).body).toEqual({
      type: 'publish',
      channel: 'news',
      message: Buffer.from('hello \u00e9 world').toString('latin1'),
    });
    const update = decodeMessage(recorded('update')).body;
    if (update.type !== 'update') throw new Error(update.type);
    expect(SlotSet.fromBitmap(update.slots).size).toBeGreaterThan(5000);
    expect(update.configEpoch).toBeGreaterThan(0);
  });

  it('passes over extensions of later servers and keeps the hostname', () => {
    const base = recorded('pong-bare');
    const human = Buffer.from('0000001000010000' + '6e616d6500000000', 'hex');
    const shard = Buffer.concat([Buffer.from('0000003000030000', 'hex'), Buffer.alloc(40, 'ab')]);
    const host = Buffer.from('0000001000000000' + '686f737400000000', 'hex');
    const packet = Buffer.concat([base, human, shard, host]);
    packet.writeUInt32BE(packet.length, 4);
    packet.writeUInt16BE(3, 2214);
    packet.writeUInt8(4, 2253);
    expect(decodeMessage(packet).body).toMatchObject({ type: 'pong', hostname: 'host' });
  });

  it('knows a message of a later server by its header only', () => {
    const packet = recorded('auth-req');
    packet.writeUInt16BE(77, 12);
    expect(decodeMessage(packet).body).toEqual({ type: 'unknown' });
  });
});

describe('broken packets', () => {
  it('of any bytes give an error, or a message', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4000 }), (bytes) => {
        expect(() => decodeMessage(Buffer.from(bytes))).toThrow(BytesError);
      }),
    );
  });

  it.each([...recordedPackets.keys()])('%s cut short or made longer gives an error', (name) => {
    fc.assert(
      fc.property(fc.nat(recorded(name).length - 1), fc.boolean(), (length, consistent) => {
        const packet = recorded(name).subarray(0, length);
        if (consistent && length >= 8) packet.writeUInt32BE(length, 4);
        expect(() => decodeMessage(packet)).toThrow(BytesError);
      }),
    );
    const longer = Buffer.concat([recorded(name), Buffer.alloc(8)]);
    expect(() => decodeMessage(longer)).toThrow(BytesError);
    longer.writeUInt32BE(longer.length, 4);
    expect(() => decodeMessage(longer)).toThrow(BytesError);
  });

  it('with flipped bytes give an error or a message that can be written', () => {
    const flips = fc.array(fc.record({ offset: fc.nat(5000), value: fc.nat(255) }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(fc.constantFrom(...recordedPackets.keys()), flips, (name, changes) => {
        const packet = recorded(name);
        for (const { offset, value } of changes) packet[offset % packet.length] = value;
        try {
          const { header: read, body: kind } = decodeMessage(packet);
          if (!isForeign(kind)) encodeMessage(read, kind);
        } catch (error) {
          expect(error).toBeInstanceOf(BytesError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('name what is wrong', () => {
    const change = (edit: (packet: Buffer) => void): Buffer => {
      const packet = recorded('ping-gossip');
      edit(packet);
      return packet;
    };
    const cases: [RegExp, Buffer][] = [
      [/not a bus packet/, change((packet) => packet.write('RCMB', 0))],
      [/version 2/, change((packet) => packet.writeUInt16BE(2, 8))],
      [/node id/, change((packet) => packet.write('G', 40))],
      [/out of range/, change((packet) => packet.writeUInt8(0x80, 16))],
      [/address/, change((packet) => packet.write('1.2 3', 2168))],
      [/bytes wanted/, change((packet) => packet.writeUInt16BE(9, 14))],
      [/after the end/, change((packet) => packet.writeUInt16BE(0, 14))],
    ];
    for (const [message, packet] of cases) expect(() => decodeMessage(packet)).toThrow(message);
  });
});
