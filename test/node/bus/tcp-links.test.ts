import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { BusLink } from '../../../src/node/bus/link.ts';
import { TcpLinks } from '../../../src/node/bus/tcp-links.ts';
import type { Tls } from '../../../src/node/parts/tls.ts';

it('gives up a node that takes the connection and never ends the handshake', async () => {
  const silent = createServer();
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const tls: Tls = {
    configure: () => true,
    door: () => ({ pending: 0, accept: () => {}, close: () => {} }),
    dial: (_, target) => ({ socket: connect(target), isTls: true, readyEvent: 'secureConnect' }),
  };
  const link = new BusLink(undefined, 0);
  const ended = new Promise<boolean>((resolve) => {
    const links = new TcpLinks(
      {
        accepted: () => link,
        connected: () => resolve(true),
        disconnected: (_, wasConnected) => resolve(wasConnected),
        received: () => {},
      },
      { log: () => {}, tls, speaksTls: () => true, sourceAddress: () => '', nodeTimeoutMs: () => 100 },
    );
    links.dial('127.0.0.1', (silent.address() as AddressInfo).port, link);
  });
  expect(await ended).toBe(false);
  silent.close();
});
