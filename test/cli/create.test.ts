import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type LiveCluster, slotsOf, startAlone } from '../helpers/live-cluster.ts';
import { RawConnection } from '../helpers/raw-connection.ts';
import { redisCli, trib } from '../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer, startServers } from '../helpers/servers.ts';

let live: LiveCluster | undefined;
afterEach(async () => {
  await live?.stop();
  live = undefined;
});

async function alone(
  count: number,
  directives: readonly (readonly [string, string])[] = [],
): Promise<LiveCluster> {
  live = await startAlone(count, { directives });
  return live;
}

describe.skipIf(skipWithoutRedisServer)(`trib create${redisServerNote}`, () => {
  it('writes what redis-cli writes, asks, and makes a cluster that both checkers accept', async () => {
    const cluster = await alone(6);
    const made = await trib(['create', ...cluster.addresses, '--replicas', '1'], { input: 'yes\n' });
    expect(made.stderr).toBe('');
    expect(made.code).toBe(0);
    await expect(cluster.normalise(made.stdout)).toMatchFileSnapshot('../transcripts/create.txt');
    for (const command of ['check', 'info']) {
      expect((await redisCli(['--cluster', command, cluster.addresses[3] ?? ''])).code).toBe(0);
      expect((await trib([command, cluster.addresses[3] ?? ''])).code).toBe(0);
    }
    expect(await Promise.all([0, 1, 2, 3].map((index) => slotsOf(cluster, index)))).toEqual([
      '0-5460',
      '5461-10922',
      '10923-16383',
      '',
    ]);
  });

  it('changes nothing without a yes, in a dry run, and where nobody answers', async () => {
    const cluster = await alone(3);
    const declined = await trib(['create', ...cluster.addresses], { input: 'no\n' });
    expect([declined.code, declined.stdout]).toEqual([1, expect.stringContaining('Nothing was changed.')]);
    const dry = await trib(['create', ...cluster.addresses, '--dry-run']);
    expect(dry.code).toBe(0);
    await expect(cluster.normalise(dry.stdout)).toMatchFileSnapshot('../transcripts/create-dry-run.txt');
    const unanswered = await trib(['create', ...cluster.addresses]);
    expect(unanswered.code).toBe(2);
    expect(unanswered.stderr).toContain('--yes is missing, and there is nobody to ask.');
    expect(await slotsOf(cluster, 0)).toBe('');
  });

  it('refuses nodes that hold something, naming the node and what it holds', async () => {
    const cluster = await alone(3);
    const connection = await RawConnection.open(cluster.ports[1] ?? 0);
    await connection.text('CLUSTER', 'ADDSLOTS', 866);
    connection.close();
    const refused = await trib(['create', ...cluster.addresses, '--yes']);
    expect(refused.code).toBe(5);
    expect(cluster.normalise(refused.stderr)).toMatch(
      /^\[ERR\] Node 127.0.0.1:7002 is not empty: it has 1 slots\./,
    );
    expect(await slotsOf(cluster, 0)).toBe('');
  });

  it.each<[string, (addresses: readonly string[]) => string[], number, string]>([
    ['no nodes', () => [], 2, 'Which nodes?'],
    ['too few nodes', ([a = '', b = '']) => [a, b], 2, 'Redis Cluster requires at least 3 master nodes.'],
    ['a node twice', ([a = '', b = '']) => [a, b, a], 2, 'is named twice'],
    [
      'what is no address',
      ([a = '']) => [a, 'nonsense', 'b:1'],
      2,
      '"nonsense" is not an address of a node.',
    ],
    [
      'a node that is not there',
      ([a = '', b = '']) => [a, b, '127.0.0.1:1'],
      3,
      'Cannot connect to 127.0.0.1:1',
    ],
  ])('refuses %s', async (_, wordsOf, code, message) => {
    const cluster = await alone(2);
    const refused = await trib(['create', ...wordsOf(cluster.addresses), '--yes']);
    expect(refused.stderr).toContain(message);
    expect([refused.code, refused.stdout]).toEqual([code, '']);
  });

  it('refuses a server that is no cluster node', async () => {
    const servers = await startServers(['redis-server'], { directives: [['cluster-enabled', 'no']] });
    const refused = await trib(['check', servers.addresses[0] ?? '']).finally(servers.stop);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('is not configured as a cluster node.'),
    ]);
  });

  it('names the pair of nodes and the bus port that cannot talk, and how to go on', async () => {
    const cluster = await alone(3, [['cluster-announce-bus-port', '1']]);
    const failed = await trib(['create', ...cluster.addresses, '--yes', '--join-timeout', '1500']);
    expect(failed.code).toBe(6);
    const said = cluster.normalise(failed.stderr);
    expect(said).toContain(
      '127.0.0.1:7001 gets no answer to its handshake from the bus port 1 of 127.0.0.1:7002',
    );
    expect(said).toContain('To go on:\n  trib resume 127.0.0.1:7001 --yes');
    const first = cluster.addresses[0] ?? '';
    const forgotten = await trib(['resume', first, '--forget']);
    expect([forgotten.code, forgotten.stdout]).toEqual([0, expect.stringContaining('Forgotten: create.')]);
    const done = await trib(['resume', first, '--yes']);
    expect([done.code, done.stderr]).toEqual([2, expect.stringContaining('There is nothing to resume.')]);
  });

  it('keeps the plan before its first effect, and applying it finishes it', async () => {
    const cluster = await alone(3);
    const file = join(cluster.dirOf(0), 'plan.json');
    const words = ['create', ...cluster.addresses, '--plan', file];
    const dry = await trib([...words, '--dry-run']);
    expect([dry.code, dry.stderr]).toEqual([0, '']);
    expect(await readFile(file, 'utf8')).toContain('"format": "trib-plan"');
    expect(await slotsOf(cluster, 0)).toBe('');
    await rm(file);
    expect((await trib([...words, '--yes'])).code).toBe(0);
    const again = await trib(['apply', file, '--yes', '--json']);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ ok: true, operation: 'create', outcome: 'done' });
    await writeFile(file, 'something else');
    const refused = await trib(['create', ...cluster.addresses, '--yes', '--plan', file]);
    expect(refused.code).not.toBe(0);
    expect(await readFile(file, 'utf8')).toBe('something else');
  });
});
