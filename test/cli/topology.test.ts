import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDataset, makeDataset } from '../helpers/dataset.ts';
import { expectNothingLost } from '../helpers/intact.ts';
import { type LiveCluster, slotsOf, startAlone } from '../helpers/live-cluster.ts';
import { type Ran, redisCli, trib, tribScript } from '../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../helpers/servers.ts';
import { startTraffic } from '../helpers/traffic.ts';

const seed = 20_251_123;

/** A topology file of the test: "1" to "8" stand for the addresses of the nodes. */
async function fileOf(live: LiveCluster, name: string, text: string): Promise<string> {
  const file = join(live.dirOf(0), name);
  await writeFile(
    file,
    text.replaceAll(/\bn(\d)\b/g, (_, number) => live.addresses[Number(number) - 1] ?? ''),
  );
  return file;
}

const zones = `
replicas: 1
nodes:
  - { address: n1, zone: a }
  - { address: n2, zone: b }
  - { address: n3, zone: c }
  - { address: n4, zone: a }
  - { address: n5, zone: b }
  - { address: n6, zone: c }
`;

/** The roles of 1 and 5 swapped, 2 gives all to the new 7, 4 leaves its master, 8 is a new replica, 6 is not there. */
const turnedAround = `
nodes:
  - { address: n5, weight: 2 }
  - { address: n1, replica-of: n5 }
  - n7
  - { address: n2, replica-of: n7 }
  - { address: n3, role: master }
  - { address: n4, role: master, weight: 0.5 }
  - { address: n8, replica-of: n3 }
`;

describe.skipIf(skipWithoutRedisServer)(`a topology file${redisServerNote}`, () => {
  let live: LiveCluster;
  let [zoned, turned] = ['', ''];
  const dataset = makeDataset(6000, seed, Date.now());
  beforeAll(async () => {
    live = await startAlone(8, { nodeTimeoutMs: 2000 });
    zoned = await fileOf(live, 'zones.yaml', zones);
    turned = await fileOf(live, 'turned.yaml', turnedAround);
  });
  afterAll(() => live?.stop());

  /** Without what depends on the moment, and the notes that all nodes of a test are on one host. */
  const said = (text: string): string =>
    live
      .normalise(text)
      .split('\n')
      .filter((line) => !/is on the host of its master|trying again|^(Moving slot|\.\.\.)/.test(line))
      .join('\n');
  it('is told beside nodes that are in no cluster', async () => {
    const differs = await trib(['diff', zoned]);
    expect([differs.code, differs.stderr]).toEqual([1, '']);
    expect(said(differs.stdout).split('\n').slice(0, 7)).toEqual([
      '>>> The cluster differs from the topology file:',
      '  + 127.0.0.1:7001 is in no cluster yet; the file has it as a master.',
      '  + 127.0.0.1:7002 is in no cluster yet; the file has it as a master.',
      '  + 127.0.0.1:7003 is in no cluster yet; the file has it as a master.',
      '  + 127.0.0.1:7004 is in no cluster yet; the file has it as a replica of 127.0.0.1:7003.',
      '  + 127.0.0.1:7005 is in no cluster yet; the file has it as a replica of 127.0.0.1:7001.',
      '  + 127.0.0.1:7006 is in no cluster yet; the file has it as a replica of 127.0.0.1:7002.',
    ]);
  });

  it('becomes a cluster, once; making it again changes nothing', async () => {
    const made = await trib(['create', zoned, '--yes', '--wait']);
    expect([made.code, made.stderr]).toEqual([0, '']);
    await expect(said(made.stdout)).toMatchFileSnapshot('../transcripts/create-from-file.txt');
    expect((await redisCli(['--cluster', 'check', live.addresses[0] ?? ''])).code).toBe(0);
    for (const words of [
      ['create', zoned],
      ['diff', zoned],
      ['apply', zoned],
    ]) {
      const again = await trib(words);
      expect([again.code, again.stderr, said(again.stdout)]).toEqual([
        0,
        '',
        '[OK] The cluster is as the topology file has it.\n',
      ]);
    }
    const data = JSON.parse((await trib(['diff', zoned, '--json'])).stdout);
    expect(data).toMatchObject({ ok: true, operation: 'diff', differences: [] });
  });

  it('is not made of another cluster', async () => {
    const refused = await trib(['create', turned, '--yes']);
    expect([refused.code, refused.stderr]).toEqual([
      5,
      expect.stringContaining(
        '[ERR] The nodes of the file are a cluster already, and not as the file has it.',
      ),
    ]);
  });

  it('is what a cluster is brought to under traffic, whatever has to change, with no key lost', async () => {
    await loadDataset(live.ports[0] ?? 0, dataset);
    const before = JSON.parse((await trib(['diff', turned, '--json'])).stdout);
    expect(before.differences.map(({ kind }: { kind: string }) => kind).sort()).toEqual(
      [
        'role',
        'role',
        'role',
        'missing',
        'role',
        'missing',
        'extra',
        'slots',
        'slots',
        'slots',
        'slots',
      ].sort(),
    );
    const traffic = startTraffic(live.ports[2] ?? 0, 4);
    const applied = await trib(['apply', turned, '--yes'], { timeoutMs: 120_000 });
    const { lostWrites, wrongReads, writes } = await traffic.stop();
    expect([applied.code, applied.stderr]).toEqual([0, '']);
    await expect(said(applied.stdout)).toMatchFileSnapshot('../transcripts/apply-topology.txt');
    expect({ lostWrites, wrongReads }).toEqual({ lostWrites: 0, wrongReads: 0 });
    expect(writes).toBeGreaterThan(0);
    await expectNothingLost(live.ports[4] ?? 0, dataset);
  });

  it('leaves nodes that it does not have where they are, unless they are to go', async () => {
    const left = await trib(['diff', turned]);
    expect([left.code, said(left.stdout)]).toEqual([
      1,
      '>>> The cluster differs from the topology file:\n  - 127.0.0.1:7006 is in the cluster (a replica), and not in the file.\n',
    ]);
    const pruned = await trib(['apply', turned, '--prune', '--yes', '--json']);
    expect([pruned.code, JSON.parse(pruned.stdout).differences]).toEqual([0, []]);
    expect((await trib(['diff', turned])).code).toBe(0);
    expect((await trib(['check', live.addresses[0] ?? ''])).stdout).not.toContain(live.idOf(5));
  });

  it('is reached after kill -9 in the middle, by trib resume', async () => {
    const killed = await killedAtFirstSlot(['apply', zoned, '--prune', '--yes']);
    expect(killed.code).toBe(null);
    const rest = await trib(['resume', live.addresses[2] ?? '', '--yes', '--json'], { timeoutMs: 120_000 });
    expect([rest.code, rest.stderr]).toEqual([0, '']);
    expect(JSON.parse(rest.stdout)).toMatchObject({ ok: true, operation: 'topology', outcome: 'done' });
    expect((await trib(['apply', zoned, '--prune', '--yes'])).code).toBe(0);
    const same = await trib(['diff', zoned]);
    expect([same.code, said(same.stdout)]).toEqual([0, '[OK] The cluster is as the topology file has it.\n']);
    await expectNothingLost(live.ports[4] ?? 0, dataset);
    // Those that left are alone.
    expect(await slotsOf(live, 6)).toBe('');
  });

  it.each<[string, string, readonly string[], number, string]>([
    [
      'a node that does not answer',
      'nodes: [n1, n2, n3, n4, n5, n6, "127.0.0.1:1"]',
      ['apply'],
      3,
      '127.0.0.1:1',
    ],
    [
      'a field that it does not know',
      'nodes: [n1]\ncolour: red',
      ['diff'],
      2,
      'line 2: unknown field "colour".',
    ],
    ['what is no topology file', 'something else', ['apply'], 2, 'line 1: the file is no mapping of fields.'],
    [
      'a plan that is cut short',
      '{\n  "format": "trib-plan",\n  "ver',
      ['apply'],
      2,
      'is not a plan of trib',
    ],
    ['replicas that the file speaks of', 'nodes: [n1]', ['create', '--replicas', '1'], 2, 'is said in'],
  ])('is refused with %s, and nothing changes', async (_, text, [command = '', ...flags], code, message) => {
    const before = await redisCli(['-p', String(live.ports[0]), 'cluster', 'slots']);
    const file = await fileOf(live, 'refused.yaml', text);
    const refused = await trib([command, file, ...flags, ...(command === 'diff' ? [] : ['--yes'])]);
    expect([refused.code, refused.stderr]).toEqual([code, expect.stringContaining(message)]);
    expect(await redisCli(['-p', String(live.ports[0]), 'cluster', 'slots'])).toEqual(before);
  });

  /** Runs trib until it has moved a slot, and ends it there. */
  async function killedAtFirstSlot(words: readonly string[]): Promise<Pick<Ran, 'code'>> {
    const child = spawn(process.execPath, [tribScript, ...words, '--pipeline', '1'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    await until(() => stdout.includes('\nMoving slot') || child.exitCode !== null, 'the first slots to move');
    child.kill('SIGKILL');
    return { code: await ended };
  }
});

describe.each<['redis-server' | 'bundled']>([['redis-server'], ['bundled']])(
  'few masters of %s',
  (engine) => {
    const skipped = engine === 'redis-server' && skipWithoutRedisServer;
    it.skipIf(skipped)(
      `are made when they are asked for${engine === 'redis-server' ? redisServerNote : ''}`,
      async () => {
        const live = await startAlone(3, { engine, nodeTimeoutMs: 1000 });
        try {
          const file = await fileOf(
            live,
            'one.yaml',
            'nodes:\n  - { address: n1, weight: 1 }\n  - { address: n2, weight: 3 }\n',
          );
          const refused = await trib(['create', file, '--yes']);
          expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--allow-few-masters')]);
          const made = await trib(['create', file, '--yes', '--wait', '--allow-few-masters']);
          expect([made.code, made.stderr]).toEqual([0, '']);
          expect([await slotsOf(live, 0), await slotsOf(live, 1)]).toEqual(['0-4095', '4096-16383']);
          expect((await trib(['diff', file])).code).toBe(0);
          const alone = ['create', live.addresses[2] ?? '', '--yes', '--wait'];
          expect((await trib(alone)).code).toBe(2);
          const single = await trib([...alone, '--allow-few-masters']);
          expect([single.code, single.stderr, await slotsOf(live, 2)]).toEqual([0, '', '0-16383']);
        } finally {
          await live.stop();
        }
      },
    );
  },
);

it('swaps the roles of bundled nodes', async () => {
  const live = await startAlone(2, { engine: 'bundled', nodeTimeoutMs: 1000 });
  try {
    const before = await fileOf(live, 'before.yaml', 'nodes:\n  - n1\n  - { address: n2, replica-of: n1 }\n');
    const after = await fileOf(live, 'after.yaml', 'nodes:\n  - n2\n  - { address: n1, replica-of: n2 }\n');
    expect((await trib(['apply', before, '--yes', '--allow-few-masters'])).code).toBe(0);
    const swapped = await trib(['apply', after, '--yes', '--allow-few-masters']);
    expect([swapped.code, swapped.stderr]).toEqual([0, '']);
    expect((await trib(['diff', after])).code).toBe(0);
  } finally {
    await live.stop();
  }
});
