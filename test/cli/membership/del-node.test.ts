import { afterEach, describe, expect, it } from 'vitest';
import { nodeById, replicasOf } from '../../../src/cluster/topology.ts';
import { loadDataset, makeDataset } from '../../helpers/dataset.ts';
import { expectNothingLost, expectUndisturbed } from '../../helpers/intact.ts';
import { RawConnection } from '../../helpers/raw-connection.ts';
import { trib } from '../../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import { type ClusterWithSpares, startWithSpares } from '../../helpers/spares.ts';
import { startTraffic } from '../../helpers/traffic.ts';

let live: ClusterWithSpares;
afterEach(() => live?.stop());

/** Node timeouts for which it is looked whether a node that was forgotten comes back. */
const quietMs = 2500;

async function knows(index: number, id: string): Promise<boolean> {
  return (await live.linesOf(index)).some((line) => line.includes(id));
}

async function expectToStayAway(id: string, ...others: number[]): Promise<void> {
  const endMs = performance.now() + quietMs;
  while (performance.now() < endMs) {
    expect(await Promise.all(others.map((index) => knows(index, id)))).toEqual(others.map(() => false));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe.skipIf(skipWithoutRedisServer)(`trib del-node${redisServerNote}`, () => {
  it('gives the replicas of a leaving master to others, never to itself, in the lines of redis-cli', async () => {
    // 0, 1, 2: masters with a replica each (3, 4, 5). 6 is to be an empty master with a replica, 7.
    live = await startWithSpares(6, 2, { replicas: 1, directives: [['cluster-migration-barrier', '100']] });
    const seed = live.addresses[0] ?? '';
    expect((await trib(['add-node', live.addresses[6] ?? '', seed])).code).toBe(0);
    const follow = ['add-node', live.addresses[7] ?? '', seed, '--replica', '--master-id', live.idOf(6)];
    expect((await trib(follow)).code).toBe(0);
    const client = await RawConnection.open(live.ports[6] ?? 0);
    // It is the master with the fewest replicas as soon as its own has another one.
    const removed = await trib(['del-node', seed, live.idOf(6)], { input: 'yes\n' });
    expect([removed.code, removed.stderr]).toEqual([0, '']);
    await expect(live.normalise(removed.stdout)).toMatchFileSnapshot('../../transcripts/del-node.txt');
    const topology = await live.topology();
    expect(nodeById(topology, live.idOf(6))).toBeUndefined();
    expect([0, 1, 2].map((index) => live.idOf(index))).toContain(nodeById(topology, live.idOf(7))?.masterId);
    expect(await live.linesOf(6)).toHaveLength(1);
    // Its clients are sent away: it has no map of slots for them any more.
    await expect(client.call('PING')).rejects.toThrow('closed');
    await expectToStayAway(live.idOf(6), 0, 1, 2, 3, 4, 5, 7);
  });

  it('drains a master under traffic, which loses nothing, and its replica goes to another', async () => {
    live = await startWithSpares(6, 0, { replicas: 1, directives: [['cluster-migration-barrier', '100']] });
    const [seed = ''] = live.addresses;
    const dataset = makeDataset(5000, 20_261_120, Date.now());
    await loadDataset(live.ports[1] ?? 0, dataset);
    const traffic = startTraffic(live.ports[1] ?? 0, 4, 50);
    await until(() => traffic.writes > 100, 'traffic');
    const before = await live.topology();
    const [replica] = replicasOf(before, live.idOf(0));
    // The node that is asked is the one that leaves.
    const removed = await trib(['del-node', seed, live.idOf(0), '--drain', '--yes', '--json']);
    expect([removed.code, removed.stderr]).toEqual([0, '']);
    expect(JSON.parse(removed.stdout)).toMatchObject({ ok: true, operation: 'del-node', slots: 5461 });
    await expectUndisturbed(traffic);
    await expectNothingLost(live.ports[1] ?? 0, dataset);
    const topology = await live.topology(1);
    expect(topology.nodes).toHaveLength(5);
    expect([live.idOf(1), live.idOf(2)]).toContain(nodeById(topology, replica?.id ?? '')?.masterId);
    expect([1, 2].map((index) => nodeById(topology, live.idOf(index))?.slotCount)).toEqual([8192, 8192]);
    expect((await trib(['check', live.addresses[1] ?? ''])).code).toBe(0);
    // What it held is gone with the reset, and it is fit to be added again.
    expect(await live.call(0, 'DBSIZE')).toBe(0);
  });

  it('removes a node that is not there any more, and refuses one whose slots nobody has taken', async () => {
    live = await startWithSpares(4, 0, {
      replicas: 0,
      directives: [['cluster-require-full-coverage', 'no']],
    });
    const [seed = ''] = live.addresses;
    expect((await trib(['drain', seed, live.idOf(3), '--yes'])).code).toBe(0);
    await live.kill(3);
    const removed = await trib(['del-node', seed, live.idOf(3), '--yes']);
    expect([removed.code, removed.stderr]).toEqual([0, '']);
    expect(removed.stdout).not.toContain('CLUSTER RESET');
    expect(await Promise.all([0, 1, 2].map((index) => knows(index, live.idOf(3))))).toEqual([
      false,
      false,
      false,
    ]);
    await live.kill(2);
    const before = await live.fingerprint(0);
    const refused = await trib(['del-node', seed, live.idOf(2), '--drain', '--yes']);
    expect([refused.code, live.normalise(refused.stderr)]).toEqual([
      5,
      expect.stringContaining('[ERR] Node 127.0.0.1:7003 does not answer, and nobody has taken its'),
    ]);
    expect(refused.stderr).toContain('trib fix');
    expect((await live.fingerprint(0)).split('\n')).toHaveLength(before.split('\n').length);
  });

  it('refuses what would lose something, and wrong input, and leaves the cluster as it was', async () => {
    live = await startWithSpares(3, 1);
    const [seed = ''] = live.addresses;
    const refusal = async (...words: string[]): Promise<[number | null, string]> => {
      const before = await live.fingerprint(0, 1, 2, 3);
      const refused = await trib(words);
      expect(await live.fingerprint(0, 1, 2, 3)).toBe(before);
      return [refused.code, live.normalise(refused.stderr).split('\n')[0] ?? ''];
    };
    expect(await refusal('del-node', seed, live.idOf(1), '--yes')).toEqual([
      5,
      '[ERR] Node 127.0.0.1:7002 is not empty! Reshard data away and try again.',
    ]);
    expect(await refusal('del-node', seed, 'ffff', '--yes')).toEqual([
      2,
      'No node of the cluster fits "ffff".',
    ]);
    expect(await refusal('del-node', seed)).toEqual([2, 'Which node is to leave?']);
    expect(await refusal('del-node')).toEqual([2, 'Which cluster? Name one of its nodes: host:port.']);
    expect(await refusal('del-node', seed, live.idOf(1), 'more')).toEqual([
      2,
      expect.stringContaining('Too many words'),
    ]);
    expect(await refusal('del-node', '127.0.0.1:1', live.idOf(1))).toEqual([
      3,
      expect.stringContaining('Cannot connect to 127.0.0.1:1'),
    ]);
    expect(await refusal('del-node', seed, live.idOf(3), '--yes')).toEqual([
      2,
      expect.stringContaining('No node'),
    ]);
    expect(await refusal('del-node', seed, live.idOf(1), '--drain', '--dry-run')).toEqual([0, '']);
    expect(await refusal('del-node', seed, live.idOf(1), '--drain')).toEqual([
      2,
      expect.stringContaining('--yes is missing'),
    ]);
    // An empty master that takes part in a move of slots.
    expect((await trib(['add-node', live.addresses[3] ?? '', seed])).code).toBe(0);
    await live.call(3, 'CLUSTER', 'SETSLOT', 7, 'IMPORTING', live.idOf(0));
    expect(await refusal('del-node', seed, live.idOf(3), '--yes')).toEqual([
      5,
      'Slots are open between 127.0.0.1:7004 and another node: keys may be on both sides.',
    ]);
  });
});

describe('trib del-node with bundled nodes', () => {
  it('drains a master and lets it go', async () => {
    live = await startWithSpares(4, 0, { engine: 'bundled' });
    const [, seed = ''] = live.addresses;
    const dataset = makeDataset(2000, 20_261_121, Date.now());
    await loadDataset(live.ports[1] ?? 0, dataset);
    const removed = await trib(['del-node', seed, live.idOf(0), '--drain', '--yes']);
    expect([removed.code, removed.stderr]).toEqual([0, '']);
    await expectNothingLost(live.ports[1] ?? 0, dataset);
    expect((await live.topology(1)).nodes).toHaveLength(3);
    expect(await live.linesOf(0)).toHaveLength(1);
    await expectToStayAway(live.idOf(0), 1, 2, 3);
  });
});
