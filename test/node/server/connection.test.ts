import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningNode, startNode } from '../../../src/node/node.ts';
import { bulk, request } from '../../../src/protocol/resp/encode.ts';
import { until } from '../../helpers/servers.ts';
import { TextSocket } from '../../helpers/text-socket.ts';

const PONG = '+PONG\r\n';

describe('connections of a node', () => {
  let node: RunningNode;
  let log: string[];
  const open = (): Promise<TextSocket> => TextSocket.open(node.port);
  const set = (name: string, value: string): void => {
    expect(node.parts.config.set(name, value)).toBeUndefined();
  };

  beforeEach(async () => {
    log = [];
    node = await startNode({
      anyPort: true,
      config: { bind: '127.0.0.1', save: '""', loglevel: 'verbose' },
      log: (line) => log.push(line),
    });
  });
  afterEach(() => node.close());

  it('answers pipelined requests in order, in one piece or byte by byte', async () => {
    const client = await open();
    const requests = ['SET a 1\r\n', request(['INCR', 'a']), request(['GET', 'a']), 'PING\r\n'].join('');
    const replies = `+OK\r\n:2\r\n${bulk('2')}${PONG}`;
    await client.expect(requests, replies);
    for (const character of requests) client.send(character);
    expect(await client.take(replies.length)).toBe(replies);
    client.close();
  });

  it('carries bytes of all values, and values larger than a read', async () => {
    const client = await open();
    const every = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
    const large = every.repeat(4000);
    await client.expect(request(['SET', every, large]), '+OK\r\n');
    await client.expect(request(['GET', every]), bulk(large));
    client.close();
  });

  it.each([
    ['*1\r\n$-3\r\n', '-ERR Protocol error: invalid bulk length\r\n'],
    ['*x\r\n', '-ERR Protocol error: invalid multibulk length\r\n'],
    ['*1\r\nGET\r\n', "-ERR Protocol error: expected '$', got 'G'\r\n"],
    ['GET "x\r\n', '-ERR Protocol error: unbalanced quotes in request\r\n'],
  ])('answers what came before %j, then the error, then closes', async (wrong, error) => {
    const [client, other] = await Promise.all([open(), open()]);
    client.send(`PING\r\n${wrong}PING\r\n`);
    await client.untilClosed();
    expect(client.received).toBe(PONG + error);
    expect(log.some((line) => line.includes('Protocol error (') && line.includes('from client: id='))).toBe(
      true,
    );
    await other.expect('PING\r\n', PONG);
    other.close();
  });

  it('lets garbage harm nobody else', async () => {
    const other = await open();
    await other.expect('SET a 1\r\n', '+OK\r\n');
    let state = 12345;
    for (let round = 0; round < 30; round++) {
      const bytes = Buffer.from(
        Array.from({ length: 3000 }, () => {
          state = (Math.imul(state, 1103515245) + 12345) >>> 0;
          return state >>> 24;
        }),
      );
      const client = await open();
      client.socket.write(bytes);
      client.send('\r\n\r\n*1\r\n$9999999999\r\n');
      await client.expect('', '').catch(() => {});
      client.close();
    }
    await other.expect('GET a\r\n', bulk('1'));
    await until(() => Promise.resolve(node.parts.clients.count === 1), 'the others to be gone');
    other.close();
  });

  it('closes who sends Host: or POST, without an answer', async () => {
    const client = await open();
    client.send('POST / HTTP/1.1\r\nHost: example\r\n\r\n');
    await client.untilClosed();
    expect(client.received).toBe('');
    expect(log.some((line) => line.includes('Possible SECURITY ATTACK detected'))).toBe(true);
  });

  it('leaves requests behind QUIT alone', async () => {
    const client = await open();
    client.send('SET a 1\r\nQUIT\r\nSET a 2\r\n');
    await client.untilClosed();
    expect(client.received).toBe('+OK\r\n+OK\r\n');
    const other = await open();
    await other.expect('GET a\r\n', bulk('1'));
    other.close();
  });

  it('keeps maxclients', async () => {
    set('maxclients', '2');
    const [first, second] = [await open(), await open()];
    await second.expect('PING\r\n', PONG);
    const third = await open();
    await third.untilClosed();
    expect(third.received).toBe('-ERR max number of clients reached\r\n');
    expect(node.parts.stats.rejectedConnections).toBe(1);
    first.close();
    await until(() => Promise.resolve(node.parts.clients.count === 1), 'a place');
    const fourth = await open();
    await fourth.expect('PING\r\n', PONG);
    second.close();
    fourth.close();
  });

  it('closes a client whose request never ends at client-query-buffer-limit', async () => {
    set('client-query-buffer-limit', '1mb');
    const client = await open();
    client.send('*2\r\n$3\r\nGET\r\n$3000000\r\n');
    for (let sent = 0; sent < 20 && !client.closed; sent++) client.send('x'.repeat(100_000));
    await client.untilClosed();
    expect(log.some((line) => line.includes('Closing client that reached max query buffer length'))).toBe(
      true,
    );
  });

  it('closes a client that does not read at the limit of its output', async () => {
    set('client-output-buffer-limit', 'normal 2mb 0 0');
    const [client, other] = await Promise.all([open(), open()]);
    await other.expect(request(['SET', 'a', 'x'.repeat(500_000)]), '+OK\r\n');
    client.socket.pause();
    for (let i = 0; i < 40; i++) client.send('GET a\r\n');
    await until(() => Promise.resolve(node.parts.clients.count === 1), 'the client to be closed');
    expect(log.some((line) => line.includes('closed for overcoming of output buffer limits'))).toBe(true);
    await other.expect('PING\r\n', PONG);
    client.close();
    other.close();
  });

  it('a limit of output counts what one turn gathers, though the client reads: it gets nothing of it', async () => {
    set('client-output-buffer-limit', 'normal 100000 0 0');
    const value = 'x'.repeat(10_000);
    const gets = request(['GET', 'a']).repeat(15);
    const transaction = ['MULTI\r\n', gets, 'SET b done\r\n', 'EXEC\r\n'].join('');
    for (const [requests, before] of [
      [request(['MGET', ...Array.from({ length: 15 }, () => 'a')]), ''],
      [gets, ''],
      [transaction, `+OK\r\n${'+QUEUED\r\n'.repeat(16)}`],
    ] as const) {
      const [client, other] = await Promise.all([open(), open()]);
      await other.expect(request(['SET', 'a', value]), '+OK\r\n');
      client.send(requests);
      await client.untilClosed();
      expect(before.startsWith(client.received)).toBe(true);
      other.close();
    }
    const client = await open();
    await client.expect('GET b\r\n', bulk('done'));
    client.close();
  });

  it('a client that has got the reply to QUIT is in no list any more', async () => {
    const [client, other] = await Promise.all([open(), open()]);
    await client.expect('QUIT\r\n', '+OK\r\n');
    expect(node.parts.clients.count).toBe(1);
    other.close();
  });

  it('closes idle clients after timeout', async () => {
    const client = await open();
    await client.expect('PING\r\n', PONG);
    set('timeout', '1');
    await client.untilClosed();
  });

  it('CLIENT REPLY OFF, SKIP and ON', async () => {
    const client = await open();
    client.send(
      'CLIENT REPLY OFF\r\nPING\r\nCLIENT REPLY ON\r\nPING\r\nCLIENT REPLY SKIP\r\nPING\r\nECHO a\r\n',
    );
    expect(await client.take(19)).toBe(`+OK\r\n${PONG}${bulk('a')}`);
    await client.expect('CLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\nPING\r\n', `+OK\r\n${PONG}`);
    client.close();
  });

  it('MONITOR shows what others send, without passwords', async () => {
    const [monitor, client] = await Promise.all([open(), open()]);
    await monitor.expect('MONITOR\r\n', '+OK\r\n');
    await client.expect('SET a "x\\"y"\r\n', '+OK\r\n');
    client.send('AUTH secret\r\nHELLO 3 AUTH default secret\r\n');
    await until(() => Promise.resolve(monitor.received.includes('"HELLO"')), 'the last line');
    expect(monitor.received).toMatch(/^\+\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "SET" "a" "x\\"y"\r\n/);
    expect(monitor.received).not.toContain('secret');
    monitor.close();
    client.close();
  });

  it('does not promise what it does not do', async () => {
    const client = await open();
    await client.expect(
      'CONFIG SET timeout 5 tls-cluster yes\r\n',
      "-ERR CONFIG SET failed (possibly related to argument 'tls-cluster') - Unable to update TLS configuration. Check server logs.\r\n",
    );
    expect([node.parts.config.number('timeout'), node.parts.config.flag('tls-cluster')]).toEqual([0, false]);
    expect(log.filter((line) => line.includes('No tls-cert-file configured!'))).toHaveLength(1);
    client.close();
  });

  it('CONFIG SET port moves to another port, or back when that is taken', async () => {
    const client = await open();
    const first = node.port;
    const second = await startNode({ anyPort: true, config: { bind: '127.0.0.1', save: '""' } });
    client.send(`CONFIG SET timeout 9 port ${second.port}\r\nPING\r\n`);
    await until(() => client.received.endsWith(PONG), 'the answer');
    expect(client.received).toContain(
      "(possibly related to argument 'port') - Unable to listen on this port.",
    );
    expect(node.parts.config.number('timeout')).toBe(0);
    const again = await TextSocket.open(first);
    await again.expect('PING\r\n', PONG);
    again.close();
    await second.close();
    client.received = '';
    await client.expect(`CONFIG SET port ${second.port}\r\n`, '+OK\r\n');
    expect(node.port).not.toBe(first);
    await expect(TextSocket.open(first)).rejects.toThrow('ECONNREFUSED');
    const moved = await open();
    await moved.expect('PING\r\n', PONG);
    moved.close();
    client.close();
  });

  it('CLIENT KILL ends others at once, and oneself after the reply', async () => {
    const [client, other] = await Promise.all([open(), open()]);
    await other.expect('CLIENT SETNAME other\r\n', '+OK\r\n');
    const address = `127.0.0.1:${other.socket.localPort}`;
    await client.expect(`CLIENT KILL ADDR ${address}\r\n`, ':1\r\n');
    await other.untilClosed();
    await client.expect('CLIENT KILL TYPE normal SKIPME no\r\n', ':1\r\n');
    await client.untilClosed();
  });
});

describe('requirepass', () => {
  it('lets nobody in without it, and holds strangers to small requests', async () => {
    const node = await startNode({
      anyPort: true,
      config: { bind: '127.0.0.1', save: '""', requirepass: 'secret' },
    });
    const client = await TextSocket.open(node.port);
    await client.expect('GET a\r\n', '-NOAUTH Authentication required.\r\n');
    await client.expect('NONE\r\n', "-ERR unknown command 'NONE', with args beginning with: \r\n");
    await client.expect(
      'AUTH wrong\r\n',
      '-WRONGPASS invalid username-password pair or user is disabled.\r\n',
    );
    await client.expect('HELLO 3\r\n', '-NOAUTH HELLO must be called');
    client.close();
    const stranger = await TextSocket.open(node.port);
    await stranger.expect('*20\r\n', '-ERR Protocol error: unauthenticated multibulk length\r\n');
    await stranger.untilClosed();
    const friend = await TextSocket.open(node.port);
    // The limits are gone in the same read in which the password comes.
    await friend.expect(
      `AUTH secret\r\n${request(['DEL', ...Array.from({ length: 30 }, (_, i) => `k${i}`)])}`,
      '+OK\r\n:0\r\n',
    );
    friend.close();
    await node.close();
  });
});
