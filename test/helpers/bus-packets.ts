/** Owns packets of the cluster bus that a test sends in a node's name, as if they had been on their way for long. */
import { connect } from 'node:net';
import { encodeMessage } from '../../src/protocol/bus/encode.ts';
import { nodeFlag } from '../../src/protocol/bus/wire.ts';
import type { NodeLine } from '../../src/protocol/text/nodes.ts';

/** A PING of the master in which it claims these slots; resolves when the listener has dealt with it. */
export function sendPing(sender: NodeLine, slots: Iterable<number>, listenerBusPort: number): Promise<void> {
  const bitmap = new Uint8Array(2048);
  for (const slot of slots) bitmap[slot >> 3] = (bitmap[slot >> 3] ?? 0) | (1 << (slot & 7));
  const packet = encodeMessage(
    {
      sender: sender.id,
      port: sender.port,
      busPort: sender.busPort,
      plainPort: 0,
      ip: '',
      currentEpoch: sender.configEpoch,
      configEpoch: sender.configEpoch,
      slots: bitmap,
      offset: 0,
      masterId: undefined,
      flags: nodeFlag.master,
      stateOk: true,
      messageFlags: 0,
    },
    { type: 'ping', gossip: [], hostname: '' },
  );
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: listenerBusPort }, () => socket.write(packet));
    socket.once('error', reject);
    // The answer is a PONG, written in the turn in which the packet is dealt with.
    socket.once('data', () => {
      socket.destroy();
      resolve();
    });
  });
}
