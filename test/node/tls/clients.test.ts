import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../../src/core/random.ts';
import { freePorts } from '../../../src/local/ports.ts';
import { type RunningNode, startNode } from '../../../src/node/node.ts';
import { Authority, opensslNote, skipWithoutOpenssl } from '../../helpers/certificates.ts';
import { RawConnection, type RawTls } from '../../helpers/raw-connection.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import { startStandalone } from '../../helpers/standalone.ts';

const REFUSED = 'Unable to update TLS configuration. Check server logs.';
/** What a client shows of itself. */
type Identity = Pick<RawTls, 'cert' | 'key'>;
const noName = { checkServerIdentity: (): undefined => undefined };

describe.skipIf(skipWithoutOpenssl)(`a node that speaks TLS${opensslNote}`, () => {
  let authority: Authority;
  let stranger: Authority;
  let foreign: Identity;
  let node: RunningNode;
  let plain: RawConnection;
  let secure: RawTls & { cert: Buffer; key: Buffer };
  let encryptedKey: string;
  let certLink: string;
  let port: number;
  const log: string[] = [];
  const open = (tls: RawTls = secure): Promise<RawConnection> => RawConnection.open(port, '127.0.0.1', tls);
  const set = (...pairs: string[]): Promise<string> => plain.call('CONFIG', 'SET', ...pairs).then(String);
  const identityOf = ({ cert, key }: { cert: string; key: string }) => ({
    cert: readFileSync(cert),
    key: readFileSync(key),
  });

  beforeAll(async () => {
    authority = new Authority();
    stranger = new Authority('stranger');
    foreign = identityOf(stranger.sign('other'));
    const identity = authority.sign('node');
    secure = { ca: readFileSync(authority.cert), ...identityOf(identity), ...noName };
    encryptedKey = join(authority.dir, 'encrypted.key');
    const pem = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' } as const;
    writeFileSync(encryptedKey, createPrivateKey(secure.key).export(pem));
    certLink = join(authority.dir, 'current.crt');
    symlinkSync(identity.cert, certLink);
    [port = 0] = await freePorts(1, systemRandom);
    node = await startNode({
      anyPort: true,
      config: {
        bind: '127.0.0.1',
        dir: authority.dir,
        save: '""',
        loglevel: 'verbose',
        'tls-port': String(port),
        // From the working directory, as Redis takes them.
        'tls-cert-file': 'current.crt',
        'tls-key-file': 'node.key',
        'tls-ca-cert-file': authority.cert,
      },
      log: (line) => log.push(line),
    });
    plain = await RawConnection.open(node.port);
  });
  afterAll(async () => {
    plain?.close();
    await node?.close();
    authority?.remove();
    stranger?.remove();
  });
  beforeEach(() => {
    log.length = 0;
  });

  it('serves both ports at once, and one of them alone', async () => {
    const client = await open();
    expect(await client.text('SET', 'a', 'over TLS')).toBe('OK');
    expect(await plain.text('GET', 'a')).toBe('over TLS');
    const plainPort = node.port;
    expect(await client.text('CONFIG', 'SET', 'port', '0')).toBe('OK');
    await expect(RawConnection.open(plainPort)).rejects.toThrow('ECONNREFUSED');
    expect(await client.text('INFO', 'server')).toContain(`tcp_port:${port}\r\n`);
    expect(await client.text('CONFIG', 'SET', 'port', plainPort)).toBe('OK');
    // Taken: it stays where it is.
    expect(String(await client.call('CONFIG', 'SET', 'tls-port', plainPort))).toContain(
      "(possibly related to argument 'tls-port') - Unable to listen on this port. Check server logs.",
    );
    expect(await client.text('CONFIG', 'SET', 'port', '0', 'tls-port', plainPort)).toBe('OK');
    const moved = await RawConnection.open(plainPort, '127.0.0.1', secure);
    expect(await moved.text('CONFIG', 'SET', 'tls-port', port, 'port', plainPort)).toBe('OK');
    moved.close();
    client.close();
  });

  it('is used by ioredis and node-redis as their documentation shows', async () => {
    const ioredis = new Redis({ host: '127.0.0.1', port, tls: { ...secure } });
    const pipeline = ioredis.pipeline();
    for (let index = 0; index < 200; index++) pipeline.incr('count');
    expect((await pipeline.exec())?.at(-1)).toEqual([null, 200]);
    const large = 'é'.repeat(300_000);
    expect(await ioredis.set('large', large)).toBe('OK');
    expect(await ioredis.get('large')).toBe(large);
    ioredis.disconnect();
    const client = createClient({ socket: { host: '127.0.0.1', port, tls: true, ...secure }, RESP: 3 });
    await client.connect();
    expect(await client.strLen('large')).toBe(600_000);
    await client.close();
  });

  it('sends the replies of one read in one write', async () => {
    const client = await open();
    const { stats } = node.parts.server;
    const before = stats.writesProcessed;
    await client.pipeline(Array.from({ length: 50 }, () => ['PING']));
    // As many writes as reads: what was sent at once may come in two records.
    expect(stats.writesProcessed - before).toBeLessThan(4);
    client.close();
  });

  const ours = (): Identity => ({ cert: secure.cert, key: secure.key });
  const nobody = (): Identity => ({});
  const another = (): Identity => foreign;
  it.each<[string, string, () => Identity, boolean]>([
    ['yes', 'one of ours', ours, true],
    ['yes', 'none', nobody, false],
    ['yes', 'one of a stranger', another, false],
    ['optional', 'none', nobody, true],
    ['optional', 'one of a stranger', another, false],
    ['no', 'one of a stranger', another, true],
  ])('tls-auth-clients %s: %s', async (auth, _, identity, isServed) => {
    expect(await set('tls-auth-clients', auth)).toBe('OK');
    const client = open({ ca: secure.ca, ...noName, ...identity() });
    const answer = client.then((opened) => opened.text('PING')).catch(() => 'refused');
    expect(await answer).toBe(isServed ? 'PONG' : 'refused');
    if (!isServed) {
      const line = /Error accepting a client connection: error:[0-9A-F]{8}:SSL routines::/;
      await until(() => log.some((text) => line.test(text)), 'the line of the log');
    }
    await client.then((opened) => opened.close()).catch(() => {});
    expect(await set('tls-auth-clients', 'yes')).toBe('OK');
  });

  it('takes a ticket for what it was given for only', async () => {
    const handshake = (session?: Buffer): Promise<{ reused: boolean; session: Buffer | undefined }> =>
      new Promise((resolve) => {
        const socket: TLSSocket = connect({
          ...{ port, host: '127.0.0.1', ca: secure.ca, ...noName },
          ...(session === undefined ? {} : { session }),
        });
        let ticket: Buffer | undefined;
        let reused = false;
        socket.on('session', (given) => {
          ticket = given;
        });
        socket.on('data', () => socket.end());
        socket.on('error', () => {});
        socket.on('close', () => resolve({ reused, session: ticket }));
        socket.on('secureConnect', () => {
          reused = socket.isSessionReused();
          socket.write('PING\r\n');
        });
      });
    await set('tls-auth-clients', 'no');
    const { session } = await handshake();
    expect(session).toBeDefined();
    expect((await handshake(session)).reused).toBe(true);
    // Made without a certificate, which has to be shown from now on.
    await set('tls-auth-clients', 'yes');
    expect((await handshake(session)).reused).toBe(false);
    await set('tls-auth-clients', 'no', 'tls-session-caching', 'no');
    const unkept = await handshake();
    expect(unkept.session === undefined || !(await handshake(unkept.session)).reused).toBe(true);
    await set('tls-auth-clients', 'yes', 'tls-session-caching', 'yes');
  });

  it('keeps to the protocols and ciphers that it is told', async () => {
    const protocolOf = (tls: Partial<RawTls> = {}): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect({ port, host: '127.0.0.1', ...secure, ...tls });
        socket.on('error', () => resolve('none'));
        socket.on('secureConnect', () => {
          resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
          socket.destroy();
        });
      });
    expect(await protocolOf()).toMatch(/^TLSv1\.3 /);
    await set('tls-protocols', 'TLSv1.2', 'tls-ciphers', 'ECDHE-RSA-AES256-GCM-SHA384:AES128-GCM-SHA256');
    const theirs = { ciphers: 'AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384' };
    expect(await protocolOf(theirs)).toBe('TLSv1.2 AES128-GCM-SHA256');
    await set('tls-prefer-server-ciphers', 'yes');
    expect(await protocolOf(theirs)).toBe('TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384');
    expect(await protocolOf({ ciphers: 'ECDHE-RSA-AES128-SHA256' })).toBe('none');
    await set('tls-protocols', 'TLSv1.3', 'tls-ciphersuites', 'TLS_AES_128_GCM_SHA256');
    expect(await protocolOf({ maxVersion: 'TLSv1.2' })).toBe('none');
    expect(await protocolOf()).toBe('TLSv1.3 TLS_AES_128_GCM_SHA256');
    await set(
      'tls-protocols',
      '',
      'tls-ciphers',
      '',
      'tls-ciphersuites',
      '',
      'tls-prefer-server-ciphers',
      'no',
    );
  });

  it('takes a new certificate without a restart; the old connections stay', async () => {
    const shownName = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect({ port, host: '127.0.0.1', ...secure });
        socket.on('error', reject);
        socket.on('secureConnect', () => {
          resolve(String(socket.getPeerCertificate().subject.CN));
          socket.destroy();
        });
      });
    const before = await open();
    const renewed = authority.sign('renewed');
    expect(await set('tls-cert-file', renewed.cert, 'tls-key-file', renewed.key)).toBe('OK');
    expect(await shownName()).toBe('renewed');
    // The same name again reads what the file holds by now.
    expect(await set('tls-cert-file', certLink, 'tls-key-file', join(authority.dir, 'node.key'))).toBe('OK');
    expect(await shownName()).toBe('node');
    unlinkSync(certLink);
    symlinkSync(renewed.cert, certLink);
    expect(await set('tls-cert-file', certLink)).toContain(REFUSED);
    expect(await shownName()).toBe('node');
    expect(await set('tls-key-file', renewed.key, 'tls-cert-file', certLink)).toBe('OK');
    expect(await shownName()).toBe('renewed');
    expect(await before.text('PING')).toBe('PONG');
    before.close();
  });

  it('opens an encrypted key with its password, which no log shows', async () => {
    await plain.text('CONFIG', 'SET', 'slowlog-log-slower-than', 0);
    const cert = join(authority.dir, 'node.crt');
    expect(await set('tls-cert-file', cert, 'tls-key-file', encryptedKey)).toContain(REFUSED);
    expect(await set('tls-key-file-pass', 'not open sesame', 'tls-key-file', encryptedKey)).toContain(
      REFUSED,
    );
    expect(
      await set('tls-key-file-pass', 'open sesame', 'tls-cert-file', cert, 'tls-key-file', encryptedKey),
    ).toBe('OK');
    const client = await open();
    expect(await client.text('PING')).toBe('PONG');
    client.close();
    const slow = JSON.stringify(await plain.call('SLOWLOG', 'GET', 100), (_, value) =>
      value?.type === 'Buffer' ? Buffer.from(value.data).toString() : value,
    );
    expect(slow).toContain('tls-key-file-pass');
    expect(slow + log.join('')).not.toContain('sesame');
    await plain.text('CONFIG', 'SET', 'slowlog-log-slower-than', 10_000);
  });

  it('ends handshakes that do not go on, and serves the others meanwhile', async () => {
    const client = await open();
    const strangers = ['', 'PING\r\n', 'GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x40\x00\x01', '\x16\x03'].map(
      (text) => {
        const socket = connectPlain(port, '127.0.0.1', () => socket.write(text, 'latin1'));
        socket.on('error', () => {});
        return { socket, closed: new Promise((resolve) => socket.on('close', resolve)) };
      },
    );
    await set('timeout', '1');
    const slow = connectPlain(port, '127.0.0.1');
    slow.on('error', () => {});
    slow.write('\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03', 'latin1');
    // A byte now and then does not help.
    const trickle = setInterval(() => slow.write('\x00'), 100);
    await until(async () => {
      await Promise.all([client.text('PING'), plain.text('PING')]);
      return slow.closed;
    }, 'the end of a slow handshake');
    clearInterval(trickle);
    expect(log.join('')).toContain('Error accepting a client connection: TLS handshake timeout');
    await set('timeout', '0');
    // Garbage is known at once; who says nothing had a longer time when it came.
    await strangers[1]?.closed;
    await strangers[2]?.closed;
    for (const { socket } of strangers) socket.destroy();
    expect(await client.text('PING')).toBe('PONG');
    client.close();
  });

  it('counts those who shake hands among the clients', async () => {
    const silent = connectPlain(port, '127.0.0.1');
    await new Promise((resolve) => silent.on('connect', resolve));
    // Those of other tests are gone.
    await until(() => node.parts.clients.count === 1, 'the end of all others');
    await set('maxclients', '2');
    await until(async () => {
      const refused = await open().then(
        (client) => client.close(),
        (error: Error) => error,
      );
      return refused instanceof Error;
    }, 'the limit');
    silent.destroy();
    await until(async () => {
      const client = await open().catch(() => undefined);
      client?.close();
      return client !== undefined;
    }, 'a place that is free again');
    await set('maxclients', '10000');
  });

  it('follows a master that it trusts, once it does', async () => {
    const lines: string[] = [];
    const dir = mkdtempSync(join(authority.dir, 'replica-'));
    const file = (name: string): string => join(authority.dir, name);
    const replica = await startNode({
      anyPort: true,
      config: {
        ...{ dir, bind: '127.0.0.1', save: '""', replicaof: `127.0.0.1 ${port}`, 'tls-replication': 'yes' },
        ...{ 'tls-cert-file': file('node.crt'), 'tls-key-file': file('node.key') },
        'tls-ca-cert-file': stranger.cert,
      },
      log: (line) => lines.push(line),
    });
    const client = await RawConnection.open(replica.port);
    await until(
      () => lines.some((line) => /Error condition on socket for SYNC: .*certificate/.test(line)),
      'a master that is not trusted',
    );
    await client.text('CONFIG', 'SET', 'tls-ca-cert-file', authority.cert);
    await plain.text('SET', 'replicated', 'over TLS');
    await until(
      async () => (await client.text('INFO', 'replication')).includes('master_link_status:up'),
      'the link',
    );
    await until(async () => String(await client.call('GET', 'replicated')) === 'over TLS', 'the data');
    // Ours is refused by the master: it says so after the handshake.
    const own = stranger.selfSigned('own');
    await client.text('CONFIG', 'SET', 'tls-cert-file', own.cert, 'tls-key-file', own.key);
    await client.text('CLIENT', 'KILL', 'TYPE', 'master');
    await until(() => log.join('').includes('certificate verify failed (DEPTH_ZERO'), 'the refusal');
    expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
    client.close();
    await replica.close();
  });

  it('ends with handshakes under way', async () => {
    const [tlsPort = 0] = await freePorts(1, systemRandom);
    const file = (name: string): string => join(authority.dir, name);
    const other = await startNode({
      config: {
        ...{ port: '0', bind: '127.0.0.1', dir: authority.dir, save: '""', 'tls-port': String(tlsPort) },
        ...{ 'tls-cert-file': file('node.crt'), 'tls-key-file': file('node.key') },
        'tls-ca-cert-dir': authority.dir,
      },
    });
    const silent = connectPlain(tlsPort, '127.0.0.1');
    const closed = new Promise((resolve) => silent.on('close', resolve));
    silent.on('error', () => {});
    const client = await RawConnection.open(tlsPort, '127.0.0.1', secure);
    expect(await client.text('PING')).toBe('PONG');
    await other.close();
    await closed;
    await expect(client.text('PING')).rejects.toThrow('the connection was closed');
  });

  it.skipIf(skipWithoutRedisServer)(`refuses what redis-server refuses${redisServerNote}`, async () => {
    const directives = [
      '--tls-cert-file',
      `${authority.dir}/node.crt`,
      '--tls-key-file',
      `${authority.dir}/node.key`,
    ];
    const servers = await Promise.all(
      (['redis-server', 'bundled'] as const).map((engine) => startStandalone(engine, directives)),
    );
    const [spare = 0] = await freePorts(1, systemRandom);
    const file = (name: string): string => join(authority.dir, name);
    const scripts = [
      ['tls-replication', 'yes'],
      ['tls-ca-cert-file', authority.cert],
      ['tls-replication', 'yes', 'tls-cert-file', ''],
      ['tls-port', String(spare), 'tls-cert-file', '/nowhere'],
      ['tls-cluster', 'yes'],
      ['tls-cert-file', '/nowhere'],
      ['timeout', '7', 'tls-cert-file', file('node.key')],
      ['tls-key-file', file('authority.key')],
      ['tls-key-file', encryptedKey],
      ['tls-key-file-pass', 'open sesame', 'tls-key-file', encryptedKey],
      ['tls-ca-cert-file', file('node.key')],
      ['tls-ca-cert-file', ''],
      ['tls-ca-cert-dir', authority.dir, 'tls-ca-cert-file', ''],
      ['tls-protocols', 'SSLv3'],
      ['tls-protocols', 'tlsv1.2 TLSv1.3'],
      ['tls-ciphers', 'NONE-OF-THEM'],
      ['tls-ciphersuites', 'NONE-OF-THEM'],
      ['tls-ciphersuites', 'TLS_AES_256_GCM_SHA384'],
      ['tls-dh-params-file', file('node.key')],
      ['tls-client-cert-file', '/nowhere'],
      ['tls-client-key-file', file('node.key')],
      ['tls-client-cert-file', file('node.crt'), 'tls-client-key-file', file('node.key')],
      ['tls-auth-clients', 'maybe'],
      ['tls-session-caching', 'no'],
      ['tls-session-cache-timeout', '-1'],
    ];
    for (const script of scripts) {
      const [theirs, ours] = await Promise.all(
        servers.map(async ({ client }) => [
          String(await client.call('CONFIG', 'SET', ...script)),
          await client
            .call('CONFIG', 'GET', 'tls-*', 'timeout')
            .then((values) => String(values).split(',').sort()),
        ]),
      );
      expect([script, ours]).toEqual([script, theirs]);
    }
    for (const server of servers) await server.stop();
  });
});
