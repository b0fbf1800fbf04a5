import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ConnectionLost, ReplyError } from '../../src/client/command.ts';
import { type ClientOptions, defaultClientOptions, NodeClient } from '../../src/client/node-client.ts';
import { ClientPool } from '../../src/client/pool.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Address } from '../../src/protocol/text/addresses.ts';
import { type Script, type ScriptedServer, scriptedServer } from '../helpers/scripted-server.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(script: Script): Promise<ScriptedServer> {
  const server = await scriptedServer(script);
  closing.push(() => server.stop());
  return server;
}

function client(address: Address, options: Partial<ClientOptions> = {}): NodeClient {
  const made = new NodeClient(
    address,
    { ...defaultClientOptions, patienceMs: 2000, ...options },
    systemClock,
  );
  closing.push(() => made.close());
  return made;
}

describe('a client of a node', () => {
  it('gives errors inside a reply as what errors outside are', async () => {
    const server = await serve(() => '*3\r\n+OK\r\n-ERR inside\r\n*1\r\n-MOVED 1 a:1\r\n');
    const reply = await client(server.address).call(['EXEC']);
    const [, inside, nested] = Array.isArray(reply) ? reply : [];
    expect([inside, Array.isArray(nested) ? nested[0] : nested]).toEqual([
      new ReplyError('ERR inside'),
      new ReplyError('MOVED 1 a:1'),
    ]);
    expect(inside).toBeInstanceOf(ReplyError);
  });

  it('gives each reply to its request, in pipelines and one after the other', async () => {
    const server = await serve(([word]) =>
      word === 'BAD' ? '-ERR no\r\n' : `$${word?.length}\r\n${word}\r\n`,
    );
    const one = client(server.address);
    const [both, last] = await Promise.all([one.pipeline([['a'], ['BAD'], ['c']]), one.call(['d'])]);
    expect(both.map(String)).toEqual(['a', 'ReplyError: ERR no', 'c']);
    expect(both[1]).toBeInstanceOf(ReplyError);
    expect(String(last)).toBe('d');
    expect(server.connections()).toBe(1);
  });

  it('keeps bytes as they are', async () => {
    const server = await serve(() => '$4\r\n\xff\x00\r\n\r\n');
    expect(await client(server.address).call(['x'])).toEqual(Buffer.from([255, 0, 13, 10]));
  });

  it('names what nobody answers on, and what to do', async () => {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const bound = probe.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    await new Promise((resolve) => probe.close(resolve));
    await expect(client({ host: '127.0.0.1', port }).call(['PING'])).rejects.toMatchObject({
      code: 'connect',
      message: `Cannot connect to 127.0.0.1:${port}: connection refused.`,
    });
  });

  it('ends a wait for a reply that does not come', async () => {
    const server = await serve(() => undefined);
    const asked = client(server.address).call(['CLUSTER', 'NODES'], { timeoutMs: 50 });
    await expect(asked).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('did not answer CLUSTER NODES within 50 ms'),
    });
  });

  it('sends again over a new connection what may be repeated, and nothing else', async () => {
    let refusals = 2;
    const server = await serve((_, socket) => {
      if (refusals-- <= 0) return '+OK\r\n';
      socket.destroy();
      return undefined;
    });
    const one = client(server.address);
    await expect(one.call(['INCR', 'x'])).rejects.toBeInstanceOf(ConnectionLost);
    expect(String(await one.call(['PING'], { repeatable: true }))).toBe('OK');
    expect(server.requests).toEqual(['INCR x', 'PING', 'PING']);
  });

  it('gives up repeating when its patience is over', async () => {
    const server = await serve((_, socket) => void socket.destroy());
    const one = client(server.address, { patienceMs: 150 });
    await expect(one.call(['PING'], { repeatable: true })).rejects.toBeInstanceOf(ConnectionLost);
    expect(server.requests.length).toBeGreaterThan(1);
  });

  it('tells a port that does not speak RESP', async () => {
    const server = createServer((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => server.close(() => resolve())));
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const asked = client({ host: '127.0.0.1', port }).call(['PING']);
    await expect(asked).rejects.toThrow('does not speak the protocol of Redis');
  });

  it.each([
    [undefined, 'AUTH hunter2'],
    ['bob', 'AUTH bob hunter2'],
  ])('authenticates user %s before anything else', async (username, expected) => {
    const server = await serve(() => '+OK\r\n');
    const one = client(server.address, { credentials: { username, password: 'hunter2' } });
    await Promise.all([one.call(['PING']), one.call(['PING'])]);
    expect(server.requests).toEqual([expected, 'PING', 'PING']);
    expect(one.acceptedCredentials?.password).toBe('hunter2');
  });

  it('does without the password where none is needed', async () => {
    const server = await serve(([word]) =>
      word === 'AUTH'
        ? '-ERR AUTH <password> called without any password configured for the default user.\r\n'
        : '+OK\r\n',
    );
    const one = client(server.address, { credentials: { username: undefined, password: 'hunter2' } });
    expect(String(await one.call(['PING']))).toBe('OK');
    expect(one.acceptedCredentials).toBeUndefined();
  });

  it('says that the password was refused without saying the password', async () => {
    const server = await serve(() => '-WRONGPASS invalid username-password pair for hunter2\r\n');
    const one = client(server.address, { credentials: { username: undefined, password: 'hunter2' } });
    const error: unknown = await one.call(['PING']).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'auth' });
    expect(String(error)).not.toContain('hunter2');
  });

  it('is one for each node and purpose in a pool', async () => {
    const server = await serve(() => '+OK\r\n');
    const pool = new ClientPool(defaultClientOptions, systemClock);
    closing.push(() => pool.close());
    expect(pool.at(server.address)).toBe(pool.at({ ...server.address }));
    expect(pool.at(server.address)).not.toBe(pool.at(server.address, 'migrate'));
    const before = pool.at(server.address);
    await before.call(['PING']);
    pool.close();
    await expect(before.call(['PING'], { repeatable: true })).rejects.toBeInstanceOf(ConnectionLost);
  });
});
