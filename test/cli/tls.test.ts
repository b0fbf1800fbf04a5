import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemRandom } from '../../src/core/random.ts';
import { freePorts } from '../../src/local/ports.ts';
import { Authority, opensslNote, skipWithoutOpenssl } from '../helpers/certificates.ts';
import { type Ran, redisCli, trib } from '../helpers/run.ts';
import { redisServerNote, type Servers, skipWithoutRedisServer, startServers } from '../helpers/servers.ts';

const password = 'hunter2-is-secret';

describe.skipIf(skipWithoutRedisServer || skipWithoutOpenssl)(
  `clusters that speak TLS${redisServerNote}${opensslNote}`,
  () => {
    let authority: Authority;
    const nodes: Servers[] = [];
    const ports: number[] = [];
    const tls: string[] = [];

    const start = async (cert: string, key: string, clients: string): Promise<number> => {
      const [port = 0] = await freePorts(1, systemRandom);
      const directives = [
        ['tls-port', String(port)],
        ['tls-cert-file', cert],
        ['tls-key-file', key],
        ['tls-ca-cert-file', authority.cert],
        ['tls-auth-clients', clients],
        ['tls-cluster', 'yes'],
        ['tls-replication', 'yes'],
        ['requirepass', password],
        ['masterauth', password],
      ] as const;
      nodes.push(await startServers(['redis-server'], { directives, nodeTimeoutMs: 2000 }));
      return port;
    };

    beforeAll(async () => {
      authority = new Authority();
      const { cert, key } = authority.sign('node');
      tls.push('--tls', '--cacert', authority.cert, '--cert', cert, '--key', key);
      for (let index = 0; index < 3; index++) ports.push(await start(cert, key, 'yes'));
    });
    afterAll(async () => {
      for (const node of nodes) await node.stop();
      authority?.remove();
    });

    const run = (words: readonly string[]): Promise<Ran> => trib(words, { env: { REDISCLI_AUTH: password } });
    const cli = (port: number, ...words: string[]): Promise<Ran> =>
      redisCli(['-p', String(port), '-c', ...tls, ...words], { env: { REDISCLI_AUTH: password } });

    it('makes one, fills it, moves slots with keys, and checks it', async () => {
      const addresses = ports.map((port) => `127.0.0.1:${port}`);
      const [first = '', second = ''] = addresses;
      const made = await run(['create', ...addresses, '--yes', '--wait', ...tls]);
      expect([made.code, made.stderr]).toEqual([0, '']);
      const keys = Array.from({ length: 40 }, (_, index) => `{06S}${index}`);
      for (const key of keys.slice(0, 3))
        expect((await cli(ports[0] ?? 0, 'set', key, key)).stdout).toBe('OK\n');
      const many = keys.slice(3).map((key) => `redis.call('set','${key}','${key}')`);
      expect((await cli(ports[0] ?? 0, 'eval', `${many.join(' ')} return 'done'`, '1', '{06S}')).stdout).toBe(
        'done\n',
      );

      const file = join(authority.dir, 'plan.json');
      const ends = ['--from', first, '--to', second, '--slots', '10', '--yes', '--plan', file];
      const moved = await run(['reshard', `rediss://${first}`, ...ends, ...tls, '--json']);
      expect([moved.code, moved.stderr]).toEqual([0, '']);
      expect(JSON.parse(moved.stdout)).toMatchObject({ ok: true, slots: 10, keys: keys.length });
      expect(await readFile(file, 'utf8')).not.toMatch(/hunter2|\.key|\.crt/);

      for (const words of [
        ['check', first, ...tls],
        ['check', `rediss://:${password}@${first}`, ...tls.slice(1)],
        [...tls, '--cluster', 'check', first],
        ['check', first, '--tls', '--cacertdir', authority.dir, ...tls.slice(3)],
        ['call', first, ...tls, '--sni', 'node', 'ping'],
        ['backup', first, join(authority.dir, 'backup'), ...tls],
        ['rebalance', first, '--weight', `${second}=2`, ...tls],
        ['fix', first, ...tls],
        ['set-timeout', first, '2500', ...tls],
        ['wait', first, '--for', 'converged', ...tls],
        ['info', first, ...tls, '--tls-ciphers', 'ECDHE-RSA-AES256-GCM-SHA384'],
        ['info', first, ...tls, '--tls-ciphersuites', 'TLS_AES_128_GCM_SHA256'],
      ]) {
        const ran = await run(words);
        expect([words[0], ran.code, ran.stderr]).toEqual([words[0], 0, '']);
        expect(ran.stdout).not.toContain(password);
      }
      const theirs = await redisCli([
        ...tls,
        '-a',
        password,
        '--no-auth-warning',
        '--cluster',
        'check',
        first,
      ]);
      expect(theirs.code).toBe(0);
    });

    it('moves keys also when the nodes are reached by their plain ports', async () => {
      const [plain = '', second = ''] = nodes.map(({ addresses }) => addresses[0] ?? '');
      // Slot 0 came to the second master above; the lowest slots go first.
      const ends = ['--from', second, '--to', plain, '--slots', '5', '--yes', '--json'];
      const moved = await run(['reshard', plain, ...ends]);
      expect([moved.code, moved.stderr]).toEqual([0, '']);
      expect(JSON.parse(moved.stdout)).toMatchObject({ ok: true, slots: 5, keys: 40 });
      expect((await cli(ports[0] ?? 0, 'get', '{06S}39')).stdout).toBe('{06S}39\n');
    });

    it.each<[string, () => string[], number, string]>([
      [
        'an authority that is not trusted',
        () => ['--tls', ...tls.slice(3)],
        4,
        'not signed by an authority that is trusted',
      ],
      ['no certificate of ours', () => tls.slice(0, 3), 4, 'it asks for a certificate'],
      ['no TLS', () => [], 3, 'If the port is one for TLS, give --tls.'],
      ['files without --tls', () => tls.slice(1), 2, '--tls is missing'],
      ['half an identity', () => tls.slice(0, 5), 2, 'takes --cert and --key, both'],
      [
        'a file that is not there',
        () => ['--tls', '--cacert', '/nowhere/ca.crt'],
        2,
        'The file of --cacert cannot be read',
      ],
      [
        'a folder that is not there',
        () => ['--tls', '--cacertdir', '/nowhere'],
        2,
        'The folder of --cacertdir cannot',
      ],
      ['a file of another kind', () => ['--tls', '--cacert', tls[6] ?? ''], 2, 'holds no certificate'],
      [
        'an unknown cipher',
        () => [...tls, '--tls-ciphers', 'NONSENSE'],
        2,
        'names no cipher that is known here',
      ],
    ])('with %s, one clear sentence', async (_, words, code, message) => {
      const ran = await run(['check', `127.0.0.1:${ports[0]}`, ...words()]);
      expect(ran.stderr).toContain(message);
      expect([ran.code, ran.stdout]).toEqual([code, '']);
      expect(ran.stderr).not.toMatch(/\n\s+at |hunter2|openssl/);
    });

    it('refuses a certificate that is self-signed or has expired, and takes it with --insecure', async () => {
      const expired = authority.sign('expired', 2);
      const own = authority.selfSigned('own');
      const strange = new Authority('stranger');
      const foreign = strange.sign('foreign');
      const cases = [
        [await start(expired.cert, expired.key, 'no'), 'has expired'],
        [await start(own.cert, own.key, 'no'), 'is self-signed, and not trusted here'],
      ] as const;
      try {
        for (const [port, message] of cases) {
          const address = `127.0.0.1:${port}`;
          const refused = await run(['info', address, '--tls', '--cacert', authority.cert]);
          expect(refused.stderr).toContain(`The certificate of ${address} ${message}`);
          expect(refused.code).toBe(4);
          const taken = await run(['info', address, '--tls', '--insecure']);
          expect([taken.code, taken.stderr]).toEqual([0, '']);
        }
        const ours = ['--tls', '--cacert', authority.cert, '--cert', foreign.cert, '--key', foreign.key];
        const refused = await run(['info', `127.0.0.1:${ports[0]}`, ...ours]);
        expect([refused.code, refused.stderr]).toEqual([
          4,
          expect.stringContaining('does not accept our certificate'),
        ]);
        const mixed = await run([
          'info',
          `127.0.0.1:${ports[0]}`,
          '--tls',
          '--cert',
          foreign.cert,
          '--key',
          own.key,
        ]);
        expect([mixed.code, mixed.stderr]).toEqual([
          2,
          expect.stringContaining('does not belong to the certificate'),
        ]);
      } finally {
        strange.remove();
      }
    });

    it('tells a plain port that is spoken to in TLS', async () => {
      const plain = nodes[0]?.addresses[0] ?? '';
      const ran = await run(['info', plain, ...tls]);
      expect(ran.stderr).toMatch(/no word of TLS within|does not speak TLS/);
      expect(ran.stderr).toContain('Is the port one for TLS?');
    });
  },
);
