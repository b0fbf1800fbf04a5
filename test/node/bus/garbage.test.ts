import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/core/random.ts';
import { MixedCluster } from '../../helpers/mixed-cluster.ts';
import { until } from '../../helpers/servers.ts';
import { recorded, recordedPackets } from '../../protocol/bus/recorded.ts';

const seed = Number(process.env['TRIB_SEED'] ?? 7);

describe(`garbage on the port of the bus (seed ${seed})`, () => {
  let cluster: MixedCluster;
  beforeAll(async () => {
    cluster = await MixedCluster.start(['bundled', 'bundled'], ['--cluster-node-timeout', '3000']);
    await cluster.shareSlots(0, 1);
    await cluster.member(0).meet(cluster.member(1));
    await cluster.untilJoined();
    await cluster.untilAgreed();
  });
  afterAll(() => cluster.stop());

  const open = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect(cluster.member(0).busPort, '127.0.0.1', () => resolve(socket));
      socket.on('error', reject);
    });
  /** What stays the same whatever strangers send. */
  const view = async (): Promise<string> => {
    const text = await cluster.member(0).text('CLUSTER', 'NODES');
    return text.replace(/ \d+ \d+ (\d+ (?:dis)?connected)/g, ' $1');
  };
  /** Sends and waits until it was read: a closed connection, or an answer to a PING behind it. */
  const send = async (bytes: Buffer): Promise<boolean> => {
    const socket = await open();
    const closed = new Promise<boolean>((resolve) => socket.once('close', () => resolve(true)));
    const answered = new Promise<boolean>((resolve) => socket.once('data', () => resolve(false)));
    socket.removeAllListeners('error').on('error', () => {});
    socket.write(Buffer.concat([bytes, recorded('ping-bare')]));
    const wasClosed = await Promise.race([closed, answered]);
    socket.destroy();
    return wasClosed;
  };

  it('closes only the link that sends it', async () => {
    const before = await view();
    const strangers = [
      'GET / HTTP/1.0\r\n\r\n',
      '*1\r\n$4\r\nPING\r\n',
      'RCmb\0\0\0\x01aaaa',
      'RCmb\0\0\0\0aaaa',
      // More than any packet has.
      'RCmb\xff\xff\xff\xffaaaa',
      'RCmb\x7f\xff\xff\xffaaaa',
    ];
    for (const bytes of strangers) expect(await send(Buffer.from(bytes, 'latin1'))).toBe(true);
    expect(await view()).toBe(before);
    expect(await cluster.member(0).info('cluster_state')).toBe('ok');
  });

  it('of recorded packets with bytes flipped or cut changes nothing', async () => {
    const before = await view();
    const random = seededRandom(seed);
    const names = [...recordedPackets.keys()].filter((name) => !name.startsWith('meet'));
    for (let round = 0; round < 150; round++) {
      const packet = recorded(names[random.below(names.length)] ?? 'ping-bare');
      const cut = round % 3 === 0 ? packet.subarray(0, random.below(packet.length)) : packet;
      for (let flips = 1 + random.below(4); flips > 0 && cut.length > 0; flips--)
        cut[8 + random.below(Math.max(cut.length - 8, 1))] = random.below(256);
      // A type that makes a MEET of it would be a handshake, which is no harm but a change.
      if (cut.length > 13 && cut.readUInt16BE(12) === 2) continue;
      if (cut.length === packet.length) await send(cut);
      else {
        const socket = await open();
        await new Promise((resolve) => socket.write(cut, resolve));
        socket.destroy();
      }
    }
    expect(await view()).toBe(before);
    expect(await cluster.member(0).info('cluster_state')).toBe('ok');
    expect(await cluster.member(1).info('cluster_state')).toBe('ok');
  });

  it('of a stranger that says MEET ends as a handshake that nobody answers', async () => {
    const before = await view();
    const meet = recorded('meet-bare-hostname');
    // A port where nobody listens.
    meet.writeUInt16BE(1, 2248);
    await send(meet);
    expect(await view()).toContain('handshake');
    await until(async () => (await view()) === before, 'the handshake to be given up', 10_000);
  });
});
