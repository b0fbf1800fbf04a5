import { afterEach, describe, expect, it } from 'vitest';
import { nodeById, replicasOf } from '../../../src/cluster/topology.ts';
import { loadDataset, makeDataset } from '../../helpers/dataset.ts';
import { expectNothingLost, expectUndisturbed } from '../../helpers/intact.ts';
import { trib } from '../../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import { type ClusterWithSpares, startWithSpares } from '../../helpers/spares.ts';
import { startTraffic } from '../../helpers/traffic.ts';

let live: ClusterWithSpares;
afterEach(() => live?.stop());

describe.skipIf(skipWithoutRedisServer)(`trib replace-node and drain${redisServerNote}`, () => {
  it('replaces a master under traffic: nothing is lost, and its replica follows', async () => {
    live = await startWithSpares(6, 2, { replicas: 1, directives: [['cluster-migration-barrier', '100']] });
    const seed = live.addresses[1] ?? '';
    const dataset = makeDataset(3000, 20_261_123, Date.now());
    await loadDataset(live.ports[1] ?? 0, dataset);
    const [follower] = replicasOf(await live.topology(1), live.idOf(0));
    const traffic = startTraffic(live.ports[1] ?? 0, 4, 50);
    await until(() => traffic.writes > 100, 'traffic');
    const words = ['replace-node', seed, live.addresses[0] ?? '', live.addresses[6] ?? ''];
    const replaced = await trib([...words, '--yes', '--json']);
    expect([replaced.code, replaced.stderr]).toEqual([0, '']);
    expect(JSON.parse(replaced.stdout)).toMatchObject({
      ok: true,
      operation: 'replace-node',
      outcome: 'done',
    });
    await until(() => traffic.writes > 500, 'more traffic');
    await expectUndisturbed(traffic);
    await expectNothingLost(live.ports[1] ?? 0, dataset);
    const topology = await live.topology(1);
    expect(topology.nodes).toHaveLength(6);
    expect(nodeById(topology, live.idOf(6))?.slotCount).toBe(5461);
    expect(nodeById(topology, follower?.id ?? '')?.masterId).toBe(live.idOf(6));
    expect(await live.linesOf(0)).toHaveLength(1);

    // And a replica, in words.
    const index = [0, 1, 2, 3, 4, 5, 6, 7].find((at) => live.idOf(at) === follower?.id) ?? -1;
    const again = ['replace-node', seed, live.idOf(index), live.addresses[7] ?? '', '--yes'];
    const second = await trib(again);
    expect([second.code, second.stderr]).toEqual([0, '']);
    expect(second.stdout).toContain('[OK] The new node has taken the place of the old one.');
    const now = await live.topology(1);
    expect([nodeById(now, live.idOf(7))?.masterId, nodeById(now, live.idOf(index))]).toEqual([
      live.idOf(6),
      undefined,
    ]);
  });

  it('refuses a new node that is used, an old one that is unknown or gone, and half a command line', async () => {
    live = await startWithSpares(3, 1, { directives: [['cluster-require-full-coverage', 'no']] });
    const [seed = '', , , spare = ''] = live.addresses;
    const refusal = async (...words: string[]): Promise<[number | null, string]> => {
      const before = await live.fingerprint(0, 1, 3);
      const refused = await trib(['replace-node', ...words, '--yes']);
      expect(await live.fingerprint(0, 1, 3)).toBe(before);
      return [refused.code, live.normalise(refused.stderr).split('\n')[0] ?? ''];
    };
    expect(await refusal(seed, live.idOf(0))).toEqual([
      2,
      'Name the node that leaves, and then the new one.',
    ]);
    expect(await refusal(seed, 'ffff', spare)).toEqual([2, 'No node of the cluster fits "ffff".']);
    expect(await refusal(seed, live.idOf(0), '127.0.0.1:1')).toEqual([
      3,
      expect.stringContaining('Cannot connect'),
    ]);
    expect(await refusal(seed, live.idOf(0), 'nonsense')).toEqual([
      2,
      expect.stringContaining('is not an address'),
    ]);
    expect(await refusal(seed, live.idOf(0), live.addresses[1] ?? '')).toEqual([
      5,
      '[ERR] Node 127.0.0.1:7002 is already in this cluster.',
    ]);
    await live.call(3, 'CLUSTER', 'ADDSLOTS', 9);
    expect(await refusal(seed, live.idOf(0), spare)).toEqual([
      5,
      '[ERR] Node 127.0.0.1:7004 is not empty: it has 1 slots.',
    ]);
    await live.call(3, 'CLUSTER', 'DELSLOTS', 9);
    await live.kill(2);
    const refused = await trib(['replace-node', seed, live.idOf(2), spare, '--yes']);
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringMatching(/--takeover|fix your cluster/)]);
  });

  it('drains a master, which stays one, to those with the fewest slots, and tells who follows another', async () => {
    live = await startWithSpares(8, 0, { replicas: 1, directives: [['cluster-migration-barrier', '100']] });
    const [seed = ''] = live.addresses;
    const moved = ['reshard', seed, '--from', live.idOf(0), '--to', live.idOf(1), '--slots', '1000', '--yes'];
    expect((await trib(moved)).code).toBe(0);
    const drained = await trib(['drain', seed, live.idOf(3)], { input: 'yes\n' });
    expect([drained.code, drained.stderr]).toEqual([0, '']);
    const text = live.normalise(drained.stdout);
    expect(text).toContain('>>> Set cluster-allow-replica-migration of 127.0.0.1:7004 to no for this time');
    expect(text).toMatch(
      /\[NOTE\] 127.0.0.1:700\d is a replica of 127.0.0.1:700\d now: its master has no slots/,
    );
    expect(text).toContain('[OK] The master has no slots any more.');
    const topology = await live.topology();
    // 3096, 5096 and 4096 before.
    expect([0, 1, 2, 3].map((index) => nodeById(topology, live.idOf(index))?.slotCount)).toEqual([
      5462, 5461, 5461, 0,
    ]);
    expect(nodeById(topology, live.idOf(3))?.role).toBe('master');
    expect(String(await live.call(3, 'CONFIG', 'GET', 'cluster-allow-replica-migration'))).toContain('yes');
    // Nothing is left to do.
    expect((await trib(['drain', seed, live.idOf(3), '--yes'])).code).toBe(0);
    const replica = await trib(['drain', seed, live.idOf(4), '--yes']);
    expect([replica.code, replica.stderr]).toEqual([2, expect.stringContaining('is not a master')]);
  });

  it('tells when a master that was drained follows another, because nobody could keep it from that', async () => {
    live = await startWithSpares(4, 0);
    await live.call(3, 'ACL', 'SETUSER', 'default', '-config');
    const drained = await trib(['drain', live.addresses[0] ?? '', live.idOf(3), '--yes']);
    expect([drained.code, drained.stderr]).toEqual([0, '']);
    expect(live.normalise(drained.stdout)).toMatch(
      /\[NOTE\] 127.0.0.1:7004 is a replica of 127.0.0.1:700\d now: it has no slots any more/,
    );
  });
});

describe('trib replace-node with bundled nodes', () => {
  it('replaces a master under traffic: nothing is lost', async () => {
    live = await startWithSpares(3, 1, { engine: 'bundled' });
    const [, seed = '', , spare = ''] = live.addresses;
    const dataset = makeDataset(2000, 20_261_124, Date.now());
    await loadDataset(live.ports[1] ?? 0, dataset);
    const traffic = startTraffic(live.ports[1] ?? 0, 4, 50);
    await until(() => traffic.writes > 100, 'traffic');
    const replaced = await trib(['replace-node', seed, live.idOf(0), spare, '--yes']);
    expect([replaced.code, replaced.stderr]).toEqual([0, '']);
    await expectUndisturbed(traffic);
    await expectNothingLost(live.ports[1] ?? 0, dataset);
    const topology = await live.topology(1);
    expect([topology.nodes.length, nodeById(topology, live.idOf(3))?.slotCount]).toEqual([3, 5461]);
    expect(await live.linesOf(0)).toHaveLength(1);
  });
});
