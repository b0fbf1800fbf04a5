import { afterEach, describe, expect, it } from 'vitest';
import { nodeById, replicasOf } from '../../../src/cluster/topology.ts';
import { trib } from '../../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import { type ClusterWithSpares, startWithSpares } from '../../helpers/spares.ts';

let live: ClusterWithSpares;
afterEach(() => live?.stop());

async function replicaOf(index: number): Promise<number> {
  const [replica] = replicasOf(await live.topology(1), live.idOf(index));
  return live.ports.indexOf(replica?.address.port ?? 0);
}

async function failing(index: number, by: number): Promise<boolean> {
  const lines = String(await live.call(by, 'CLUSTER', 'NODES')).split('\n');
  return lines.some((line) => line.startsWith(live.idOf(index)) && /\bfail\b(?!\?)/.test(line));
}

describe.skipIf(skipWithoutRedisServer)(`trib failover${redisServerNote}`, () => {
  it('returns when the replica is master for all, and the former master follows it; nothing is lost', async () => {
    live = await startWithSpares(6, 0, { replicas: 1, directives: [['cluster-migration-barrier', '100']] });
    const [seed = ''] = live.addresses;
    const replica = await replicaOf(0);
    const done = await trib(['failover', seed, live.addresses[replica] ?? '']);
    expect([done.code, done.stderr]).toEqual([0, '']);
    expect(done.stdout).toContain('[OK] The replica is the master now.');
    for (const index of [0, 1, 2, 3, 4, 5]) {
      const lines = String(await live.call(index, 'CLUSTER', 'NODES')).split('\n');
      const lineOf = (at: number): string => lines.find((line) => line.startsWith(live.idOf(at))) ?? '';
      expect([lineOf(replica), lineOf(0)]).toEqual([
        expect.stringMatching(/master - .* 0-5460$/),
        expect.stringContaining(`slave ${live.idOf(replica)}`),
      ]);
    }
    const refusal = async (...words: string[]): Promise<[number | null, string]> => {
      const before = await live.fingerprint(1, 2);
      const refused = await trib(['failover', ...words]);
      expect(await live.fingerprint(1, 2)).toBe(before);
      return [refused.code, live.normalise(refused.stderr).split('\n')[0] ?? ''];
    };
    expect(await refusal(seed, live.idOf(1))).toEqual([
      2,
      '127.0.0.1:7002 is a master: a replica is named, which is to take over.',
    ]);
    expect(await refusal(seed, 'ffff')).toEqual([2, 'No node of the cluster fits "ffff".']);
    expect(await refusal(seed)).toEqual([2, 'Which replica is to take over?']);
    expect(await refusal(seed, live.idOf(0), '--force', '--takeover')).toEqual([2, expect.any(String)]);
    expect(await refusal('127.0.0.1:1', live.idOf(0))).toEqual([
      3,
      expect.stringContaining('Cannot connect'),
    ]);
    expect((await refusal(seed, live.idOf(0), '--dry-run'))[0]).toBe(0);
  });

  it('takes over by --takeover where no majority is left, and explains why --force cannot', async () => {
    live = await startWithSpares(6, 0, {
      replicas: 1,
      nodeTimeoutMs: 500,
      // No election by itself gets in the way.
      directives: [['cluster-replica-no-failover', 'yes']],
    });
    const [one, two] = [await replicaOf(0), await replicaOf(2)];
    const seed = live.addresses[1] ?? '';
    await Promise.all([live.kill(0), live.kill(2)]);
    await until(
      async () => (await live.call(1, 'CLUSTER', 'INFO'))?.toString().includes('state:fail') === true,
      'the end',
    );
    const manual = await trib(['failover', seed, live.idOf(one)]);
    expect([manual.code, manual.stderr]).toEqual([5, expect.stringContaining('--takeover')]);
    const forced = await trib(['failover', seed, live.idOf(one), '--force', '--join-timeout', '1500']);
    expect([forced.code, forced.stderr]).toEqual([
      6,
      expect.stringContaining('needs the votes of a majority'),
    ]);
    for (const replica of [one, two]) {
      const taken = await trib(['failover', seed, live.idOf(replica), '--takeover']);
      expect([taken.code, taken.stderr]).toEqual([0, '']);
    }
    const topology = await live.topology(1);
    expect([one, two].map((index) => nodeById(topology, live.idOf(index))?.slotCount)).toEqual([5461, 5461]);
    await until(
      async () => (await live.call(1, 'CLUSTER', 'INFO'))?.toString().includes('state:ok') === true,
      'service',
    );
    // What is dead can be removed now.
    const removed = await trib(['del-node', seed, live.idOf(0), '--yes']);
    expect([removed.code, removed.stderr]).toEqual([0, '']);
    expect(removed.stdout).toContain('cannot be told: if it comes back');
  });

  it('takes over by --force from a master that has died', async () => {
    live = await startWithSpares(6, 0, {
      replicas: 1,
      nodeTimeoutMs: 500,
      directives: [['cluster-replica-no-failover', 'yes']],
    });
    const replica = await replicaOf(0);
    await live.kill(0);
    await until(() => failing(0, 1), 'the master to count as failed');
    const forced = await trib(['failover', live.addresses[1] ?? '', live.idOf(replica), '--force']);
    expect([forced.code, forced.stderr]).toEqual([0, '']);
    expect(nodeById(await live.topology(1), live.idOf(replica))?.slotCount).toBe(5461);
  });
});

describe('trib failover with bundled nodes', () => {
  it('hands over', async () => {
    live = await startWithSpares(4, 0, { engine: 'bundled' });
    const seed = live.addresses[1] ?? '';
    expect((await trib(['del-node', seed, live.idOf(3), '--drain', '--yes'])).code).toBe(0);
    const follow = ['add-node', live.addresses[3] ?? '', seed, '--replica', '--master-id', live.idOf(0)];
    expect((await trib(follow)).code).toBe(0);
    expect((await trib(['wait', seed, '--for', 'replicas'])).code).toBe(0);
    const held = nodeById(await live.topology(1), live.idOf(0))?.slotCount;
    const done = await trib(['failover', seed, live.idOf(3)]);
    const slots = nodeById(await live.topology(1), live.idOf(3))?.slotCount;
    expect([done.code, done.stderr, slots]).toEqual([0, '', held]);
  });
});
