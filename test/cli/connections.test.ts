import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LiveCluster, startAlone, startCluster } from '../helpers/live-cluster.ts';
import { RawConnection } from '../helpers/raw-connection.ts';
import { type Ran, trib } from '../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../helpers/servers.ts';

const password = 'hunter2-is-secret';
const hasIpv6 = networkInterfaces()['lo']?.some(({ family }) => family === 'IPv6') === true;
const ipv6Note = hasIpv6 ? '' : ' (skipped: this machine has no IPv6)';

describe.skipIf(skipWithoutRedisServer)(`the way to a cluster${redisServerNote}`, () => {
  let live: LiveCluster;
  beforeAll(async () => {
    const directives = [
      ['requirepass', password],
      ['masterauth', password],
    ] as const;
    live = await startCluster(3, { password, directives });
  });
  afterAll(() => live?.stop());

  const withPassword = (words: readonly string[]): Promise<Ran> =>
    trib(words, { env: { REDISCLI_AUTH: password } });
  const on = async (index: number, ...command: (string | number)[]): Promise<string> => {
    const connection = await RawConnection.open(live.ports[index] ?? 0);
    await connection.text('AUTH', password);
    const text = await connection.text(...command);
    connection.close();
    return text;
  };

  it.each<[string, (a: string, b: string) => string[]]>([
    ['behind one that is not there', (a) => ['127.0.0.1:1', a]],
    ['with commas between', (a) => [`127.0.0.1:1,${a}`]],
    ['host and port as two words', (a) => a.split(':')],
    ['a name instead of an address', (a) => [a.replace('127.0.0.1', 'localhost')]],
    ['as a URL, behind one that is not there', (a) => ['redis://127.0.0.1:1', `redis://${a}/0`]],
    ['as CLUSTER NODES writes it', (a) => [`${a}@1`]],
    ['the port alone', (a) => [a.split(':')[1] ?? '']],
    ['more than one', (a, b) => [a, b]],
  ])('is found by a seed %s', async (_, seedsOf) => {
    const [a = '', b = ''] = live.addresses;
    const ran = await withPassword(['info', ...seedsOf(a, b)]);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout).toContain('[OK] 0 keys in 3 masters.');
  });

  it('is found behind a seed that takes connections and never answers, in bounded time', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const startMs = performance.now();
      const ran = await withPassword(['info', `127.0.0.1:${port}`, live.addresses[0] ?? '']);
      expect([ran.code, ran.stderr]).toEqual([0, '']);
      expect(performance.now() - startMs).toBeLessThan(12_000);
    } finally {
      silent.close();
    }
  });

  it('asks every node at once: those that hang hold nobody up for long', async () => {
    const stopped = live.nodes.slice(1).map(({ pid }) => pid);
    for (const pid of stopped) process.kill(pid, 'SIGSTOP');
    try {
      const startMs = performance.now();
      const ran = await withPassword(['check', live.addresses[0] ?? '']);
      // One behind the other they would take ten seconds.
      expect(performance.now() - startMs).toBeLessThan(9800);
      expect(ran.code).toBe(1);
      for (const address of live.addresses.slice(1)) {
        expect(ran.stdout).toMatch(
          new RegExp(`Node ${address} cannot be asked: .* did not answer .* within 5000 ms`),
        );
      }
    } finally {
      for (const pid of stopped) process.kill(pid, 'SIGCONT');
    }
  });

  it.each<[string, string[], string, Record<string, string>]>([
    ['from a pipe', ['--askpass'], `${password}\n`, {}],
    ['from a pipe, without the end of the line', ['--askpass'], password, {}],
    ['before any other', ['--askpass', '-a', 'wrong'], `${password}\n`, { REDISCLI_AUTH: 'wrong too' }],
    ["from Valkey's environment", [], '', { VALKEYCLI_AUTH: password }],
    ["from Redis's environment", [], '', { REDISCLI_AUTH: password }],
    ['from the flag before the environment', ['--pass', password], '', { REDISCLI_AUTH: 'wrong' }],
  ])('takes the password %s', async (_, words, input, env) => {
    const ran = await trib(['info', live.addresses[0] ?? '', ...words], { input, env });
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout).not.toContain(password);
  });

  it('takes the password and then the answers from one pipe', async () => {
    const words = ['reshard', live.addresses[0] ?? '', '--askpass', '--from', 'all', '--to', live.idOf(0)];
    const ran = await trib([...words, '--slots', '1'], { input: `${password}\nno\n` });
    expect([ran.code, ran.stderr]).toEqual([1, '']);
    expect(ran.stdout).toContain('Nothing was changed.');
    expect(ran.stdout).not.toContain(password);
    const asked = await trib([...words], { input: `${password}\n1\nno\n` });
    expect(asked.stdout).toContain('How many slots do you want to move');
    expect(asked.stdout).toContain('Nothing was changed.');
  });

  it('says that there is no password to be read', async () => {
    const ran = await trib(['info', live.addresses[0] ?? '', '--askpass']);
    expect([ran.code, ran.stdout]).toEqual([2, '']);
    expect(ran.stderr).toBe('--askpass takes a password from the terminal or a pipe, and there is none.\n');
  });

  it.each(['REDISCLI_CLUSTER_YES', 'VALKEYCLI_CLUSTER_YES'])(
    'takes yes for an answer from %s',
    async (name) => {
      const words = [
        'reshard',
        live.addresses[0] ?? '',
        '--from',
        live.idOf(1),
        '--to',
        live.idOf(0),
        '--slots',
        '1',
      ];
      const env = { REDISCLI_AUTH: password, [name]: '1' };
      expect((await trib(words, { env })).code).toBe(0);
      const unanswered = await trib(words, { env: { ...env, [name]: '0' } });
      expect([unanswered.code, unanswered.stderr]).toEqual([2, expect.stringContaining('--yes is missing')]);
    },
  );

  it('reaches nodes that announce another address than the seed has, and moves keys between them', async () => {
    // 127.0.0.2 is this machine too, and the seed is reached as localhost.
    for (const index of [0, 1, 2])
      await on(index, 'CONFIG', 'SET', 'cluster-announce-hostname', `host-${index}.example`);
    await on(0, 'CONFIG', 'SET', 'cluster-preferred-endpoint-type', 'hostname');
    await on(1, 'CONFIG', 'SET', 'cluster-preferred-endpoint-type', 'unknown-endpoint');
    const slot = Number(await on(2, 'CLUSTER', 'KEYSLOT', 'foo'));
    expect(await on(2, 'SET', 'foo', 'bar')).toBe('OK');
    const seed = `localhost:${live.ports[0]}`;
    const all = ['--from', live.idOf(2), '--to', `host-0.example:${live.ports[0]}`];
    const moved = await withPassword([
      'reshard',
      seed,
      ...all,
      '--slots',
      String(slot - 10923 + 1),
      '--yes',
      '--json',
    ]);
    expect([moved.code, moved.stderr]).toEqual([0, '']);
    expect(JSON.parse(moved.stdout)).toMatchObject({ ok: true, keys: 1 });
    expect(await on(0, 'GET', 'foo')).toBe('bar');
  });
});

describe.skipIf(skipWithoutRedisServer)(
  `nodes that announce ports where they are not${redisServerNote}`,
  () => {
    it('are reached where the operator says', async () => {
      const live = await startCluster(3);
      try {
        for (const port of live.ports) {
          const connection = await RawConnection.open(port);
          await connection.text('CONFIG', 'SET', 'cluster-announce-port', 1);
          connection.close();
        }
        const [first = ''] = live.addresses;
        const alone = async (): Promise<string> => (await trib(['check', first])).stdout;
        await until(
          async () => /Node 127.0.0.1:1 cannot be asked/.test(await alone()),
          'the ports to be known',
        );
        const together = await trib(['check', live.addresses.join(',')]);
        expect([together.code, together.stderr]).toEqual([0, '']);
        for (const address of live.addresses) expect(together.stdout).toContain(` ${address}\n`);
      } finally {
        await live.stop();
      }
    });
  },
);

describe.skipIf(skipWithoutRedisServer || !hasIpv6)(`IPv6${redisServerNote}${ipv6Note}`, () => {
  it('makes a cluster, moves keys and checks', async () => {
    const live = await startAlone(3, { directives: [['bind', '127.0.0.1 ::1']], nodeTimeoutMs: 1000 });
    try {
      const addresses = live.ports.map((port) => `[::1]:${port}`);
      const made = await trib(['create', ...addresses, '--yes', '--wait']);
      expect([made.code, made.stderr]).toEqual([0, '']);
      const connection = await RawConnection.open(live.ports[2] ?? 0);
      expect(await connection.text('SET', 'foo', 'bar')).toBe('OK');
      connection.close();
      const [first = '', , third = ''] = addresses;
      const words = [
        'reshard',
        '::1',
        String(live.ports[0]),
        '--from',
        third,
        '--to',
        first,
        '--slots',
        '1300',
      ];
      const moved = await trib([...words, '--yes', '--json']);
      expect([moved.code, JSON.parse(moved.stdout).keys]).toEqual([0, 1]);
      for (const seed of [[first], [`redis://${first}`], ['::1', String(live.ports[1])]]) {
        const ran = await trib(['check', ...seed]);
        expect([ran.code, ran.stderr]).toEqual([0, '']);
        expect(ran.stdout).toContain(`(using node ${seed[0]?.includes('redis') ? first : `[::1]:`}`);
      }
    } finally {
      await live.stop();
    }
  });
});
