import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeById, replicasOf } from '../../../src/cluster/topology.ts';
import { redisCli, trib } from '../../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import { type ClusterWithSpares, startWithSpares } from '../../helpers/spares.ts';

const library = '#!lua name=mylib\nredis.register_function("f", function() return 1 end)';

describe.skipIf(skipWithoutRedisServer)(`trib add-node${redisServerNote}`, () => {
  let live: ClusterWithSpares;
  let seed: string;
  beforeAll(async () => {
    // No replica moves to another master by itself.
    live = await startWithSpares(4, 6, { directives: [['cluster-migration-barrier', '100']] });
    seed = live.addresses[0] ?? '';
    // Three masters with slots, and one replica of the second.
    const moved = await trib(['del-node', seed, live.idOf(3), '--drain', '--yes']);
    expect([moved.code, moved.stderr]).toEqual([0, '']);
    const replica = ['add-node', live.addresses[3] ?? '', seed, '--replica', '--master-id', live.idOf(1)];
    expect((await trib(replica)).code).toBe(0);
    await live.call(0, 'FUNCTION', 'LOAD', library);
  });
  afterAll(() => live?.stop());

  it('adds a master with the functions of the others, in the lines of redis-cli', async () => {
    const added = await trib(['add-node', live.addresses[4] ?? '', seed]);
    expect([added.code, added.stderr]).toEqual([0, '']);
    await expect(withoutNodes(live.normalise(added.stdout))).toMatchFileSnapshot(
      '../../transcripts/add-node.txt',
    );
    expect(String(await live.call(4, 'FUNCTION', 'LIST'))).toContain('mylib');
    expect((await redisCli(['--cluster', 'check', seed])).code).toBe(0);
  });

  it('returns when all know the new master, so that a rebalance right behind it sees it', async () => {
    const added = await trib(['add-node', live.addresses[5] ?? '', seed, '--json']);
    expect([added.code, JSON.parse(added.stdout)]).toEqual([
      0,
      expect.objectContaining({ ok: true, operation: 'add-node', outcome: 'done' }),
    ]);
    // The peer's rebalance, which asks nobody twice, as well as ours.
    const words = ['rebalance', live.addresses[1] ?? ''];
    const theirs = await redisCli([
      ...['--cluster', ...words, '--cluster-use-empty-masters', '--cluster-simulate'],
      ...['--cluster-weight', `${live.idOf(4)}=0`],
    ]);
    expect(theirs.stdout).toContain('across 5 nodes');
    const ours = await trib([...words, '--use-empty-masters', '--weight', `${live.idOf(4)}=0`, '--dry-run']);
    expect([ours.code, ours.stdout]).toEqual([0, expect.stringContaining(live.addresses[5] ?? '')]);
  });

  it('adds a replica to the master with the fewest, or to the one named', async () => {
    const chosen = await trib(['add-node', live.addresses[6] ?? '', seed, '--slave']);
    expect([chosen.code, chosen.stderr]).toEqual([0, '']);
    await expect(withoutNodes(live.normalise(chosen.stdout))).toMatchFileSnapshot(
      '../../transcripts/add-node-replica.txt',
    );
    const named = ['add-node', live.addresses[7] ?? '', seed, '--replica', '--master-id', live.idOf(1)];
    expect((await trib(named)).code).toBe(0);
    // All agree at once: no node has to be waited for.
    for (const index of [0, 1, 2, 3, 4, 5, 6, 7]) {
      const lines = String(await live.call(index, 'CLUSTER', 'NODES')).split('\n');
      const masterOf = (id: string): string | undefined =>
        lines.find((line) => line.startsWith(id))?.split(' ')[3];
      expect([masterOf(live.idOf(6)), masterOf(live.idOf(7))]).toEqual([live.idOf(0), live.idOf(1)]);
    }
    const topology = await live.topology();
    expect(replicasOf(topology, live.idOf(1)).map(({ id }) => id)).toContain(live.idOf(7));
  });

  it('takes a node back that was just forgotten, and slots can be moved to it at once', async () => {
    const address = live.addresses[4] ?? '';
    const removed = await trib(['del-node', seed, address, '--yes']);
    expect([removed.code, removed.stderr]).toEqual([0, '']);
    // A reset takes no functions away.
    await live.call(4, 'FUNCTION', 'FLUSH');
    expect((await trib(['add-node', address, seed])).code).toBe(0);
    const words = ['reshard', seed, '--from', live.idOf(0), '--to', live.idOf(4), '--slots', '5', '--yes'];
    const moved = await trib(words);
    expect([moved.code, moved.stderr]).toEqual([0, '']);
    expect(nodeById(await live.topology(), live.idOf(4))?.slotCount).toBe(5);
  });

  it('shows the plan and changes nothing in a dry run', async () => {
    const before = await live.fingerprint(0, 1, 2, 8);
    const dry = await trib(['add-node', live.addresses[8] ?? '', seed, '--replica', '--dry-run']);
    expect([dry.code, dry.stdout]).toEqual([
      0,
      expect.stringContaining('Nothing was changed: this was a dry run.'),
    ]);
    expect(await live.fingerprint(0, 1, 2, 8)).toBe(before);
  });

  it.each<[string, () => string[], number, string | RegExp]>([
    ['no node', () => [], 2, 'Which node is to be added?'],
    ['no cluster', () => [live.addresses[8] ?? ''], 2, 'To which cluster?'],
    ['too many words', () => [live.addresses[8] ?? '', seed, 'more'], 2, 'Too many words'],
    ['half an address', () => ['127.0.0.1:', seed], 2, 'is not an address of a node.'],
    ['a new node that is not there', () => ['127.0.0.1:1', seed], 3, 'Cannot connect to 127.0.0.1:1'],
    ['a cluster that is not there', () => [live.addresses[8] ?? '', '127.0.0.1:1'], 3, 'Cannot connect'],
    ['a node that is in it', () => [live.addresses[2] ?? '', seed], 5, 'is already in this cluster.'],
    [
      'an unknown master',
      () => [live.addresses[8] ?? '', seed, '--replica', '--master-id', 'ffffffff'],
      2,
      'No node of the cluster fits "ffffffff".',
    ],
    [
      'a replica as master',
      () => [live.addresses[8] ?? '', seed, '--replica', '--master-id', live.idOf(3)],
      2,
      'is not a master',
    ],
    [
      'a master for no replica',
      () => [live.addresses[8] ?? '', seed, '--master-id', live.idOf(0)],
      2,
      '--replica',
    ],
  ])('refuses %s, and leaves the cluster as it was', async (_, words, code, message) => {
    const before = await live.fingerprint(0, 1, 8);
    const refused = await trib(['add-node', ...words()]);
    expect([refused.code, refused.stderr]).toEqual([code, expect.stringMatching(message)]);
    expect(await live.fingerprint(0, 1, 8)).toBe(before);
  });

  it('refuses a node that has keys, functions or company, and says what it has', async () => {
    const address = live.addresses[8] ?? '';
    const refusal = async (): Promise<string> => {
      const before = await live.fingerprint(0, 1);
      const refused = await trib(['add-node', address, seed]);
      expect([refused.code, await live.fingerprint(0, 1)]).toEqual([5, before]);
      return live.normalise(refused.stderr).split('\n')[0] ?? '';
    };
    await live.call(8, 'FUNCTION', 'LOAD', library);
    expect(await refusal()).toBe(
      '[ERR] The new node already contains functions: 127.0.0.1:7009 has 1 library.',
    );
    await live.call(8, 'FUNCTION', 'FLUSH');
    await live.call(8, 'CLUSTER', 'ADDSLOTS', 866);
    expect(await refusal()).toBe('[ERR] Node 127.0.0.1:7009 is not empty: it has 1 slots.');
    await live.call(8, 'CLUSTER', 'DELSLOTS', 866);
    await live.call(8, 'CLUSTER', 'MEET', '127.0.0.1', live.ports[9] ?? 0);
    await until(
      async () => String(await live.call(8, 'CLUSTER', 'NODES')).includes(live.idOf(9)),
      'the two to meet',
    );
    expect(await refusal()).toBe('[ERR] Node 127.0.0.1:7009 is not empty: it knows 1 other node.');
  });

  it('refuses to add to a cluster in which slots are open, as redis-cli does', async () => {
    await live.call(0, 'CLUSTER', 'SETSLOT', 100, 'MIGRATING', live.idOf(1));
    const refused = await trib(['add-node', live.addresses[9] ?? '', seed]);
    await live.call(0, 'CLUSTER', 'SETSLOT', 100, 'STABLE');
    expect([refused.code, refused.stderr]).toEqual([
      5,
      expect.stringContaining('*** Please fix your cluster problems before adding a node'),
    ]);
  });
});

describe('trib add-node with bundled nodes', () => {
  it('adds masters and replicas to a cluster of bundled nodes', async () => {
    const live = await startWithSpares(3, 2, { engine: 'bundled' });
    try {
      const [seed = '', , , master = '', replica = ''] = live.addresses;
      const added = await trib(['add-node', master, seed]);
      expect([added.code, added.stderr]).toEqual([0, '']);
      expect(added.stdout).toContain('[OK] New node added correctly.');
      const followed = await trib(['add-node', replica, seed, '--replica', '--events']);
      expect([followed.code, followed.stderr]).toEqual([0, '']);
      const topology = await live.topology(1);
      expect(topology.nodes).toHaveLength(5);
      expect(nodeById(topology, live.idOf(4))?.masterId).toBe(live.idOf(0));
    } finally {
      await live.stop();
    }
  });
});

/** The check before tells of each node in an order that depends on ids. */
function withoutNodes(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^(?:[MS]: | {3})|^\[NOTE\]|^\[WARNING\] Master/.test(line))
    .join('\n');
}
