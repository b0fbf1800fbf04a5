import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BusError } from '../../../src/protocol/bus/message.ts';
import { PacketSplitter } from '../../../src/protocol/bus/splitter.ts';
import { recorded, recordedPackets } from './recorded.ts';

const all = [...recordedPackets.values()];
const stream = Buffer.concat(all);

describe('the splitter of the bus', () => {
  it('cuts a stream of recorded packets, however it arrives', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 40 }), (cuts) => {
        const splitter = new PacketSplitter();
        const edges = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const packets = edges
          .slice(1)
          .flatMap((end, index) => splitter.push(stream.subarray(edges[index], end)));
        expect(packets.map((packet) => packet.toString('hex'))).toEqual(
          all.map((packet) => packet.toString('hex')),
        );
        expect(splitter.pendingBytes).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('cuts it byte by byte', () => {
    const splitter = new PacketSplitter();
    const packets: Buffer[] = [];
    for (let index = 0; index < stream.length; index++)
      packets.push(...splitter.push(stream.subarray(index, index + 1)));
    expect(packets.length).toBe(all.length);
  });

  it('waits for the rest of a packet', () => {
    const splitter = new PacketSplitter();
    expect(splitter.push(recorded('ping-bare').subarray(0, 2000))).toEqual([]);
    expect(splitter.pendingBytes).toBe(2000);
    expect(splitter.push(recorded('ping-bare').subarray(2000))).toHaveLength(1);
  });

  it('refuses what is no packet as soon as eight bytes tell', () => {
    const wrong = [
      Buffer.from('GET / HTTP/1.1\r\n'),
      Buffer.from('RCmb\0\0\0\x08'),
      Buffer.from('RCmb\xff\xff\xff\xff', 'latin1'),
    ];
    for (const bytes of wrong) {
      expect(() => new PacketSplitter().push(bytes)).toThrow(BusError);
      expect(new PacketSplitter().push(bytes.subarray(0, 7))).toEqual([]);
    }
    expect(() => new PacketSplitter().push(Buffer.concat([recorded('fail'), Buffer.alloc(8)]))).toThrow(
      BusError,
    );
  });
});
