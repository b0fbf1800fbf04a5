import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillSlots } from '../../bench/clusters.ts';
import type { Engine } from '../../src/local/engine.ts';
import { loadDataset, makeDataset } from '../helpers/dataset.ts';
import { expectNoErrors, expectNothingLost, expectUndisturbed } from '../helpers/intact.ts';
import { type LiveCluster, slotCountsOf, slotsOf, startPartly } from '../helpers/live-cluster.ts';
import { RawConnection } from '../helpers/raw-connection.ts';
import { redisCli, trib } from '../helpers/run.ts';
import { hasRedisServer, redisServerNote, skipWithoutRedisServer } from '../helpers/servers.ts';
import { startTraffic } from '../helpers/traffic.ts';

const seed = 20_251_121;
/** A master that gave its last slot stays a master. */
const staysMaster: [string, string][] = [['cluster-allow-replica-migration', 'no']];

async function meet(live: LiveCluster, indexes: readonly number[]): Promise<void> {
  for (const index of indexes) {
    const connection = await RawConnection.open(live.ports[index] ?? 0);
    await connection.text('CLUSTER', 'MEET', '127.0.0.1', live.ports[0] ?? 0);
    connection.close();
  }
}

async function keysOf(live: LiveCluster, index: number): Promise<number> {
  const connection = await RawConnection.open(live.ports[index] ?? 0);
  const keys = Number(await connection.call('DBSIZE'));
  connection.close();
  return keys;
}

describe.each<[Engine]>([['redis-server'], ['bundled']])('trib rebalance on nodes of %s', (engine) => {
  const skipped = engine === 'redis-server' && skipWithoutRedisServer;
  describe.skipIf(skipped)(engine === 'redis-server' ? `there${redisServerNote}` : 'there', () => {
    let live: LiveCluster;
    let first: string;
    const dataset = makeDataset(5000, seed, Date.now());
    beforeAll(async () => {
      live = await startPartly(6, 3, { engine, directives: staysMaster });
      first = live.addresses[0] ?? '';
      await loadDataset(live.ports[0] ?? 0, dataset);
    });
    afterAll(() => live?.stop());

    const expectAllWell = async (): Promise<void> => {
      await expectNothingLost(live.ports[0] ?? 0, dataset);
      await expectNoErrors(live.ports[0] ?? 0);
    };

    it('has nothing to do where all is even, and says so as redis-cli does', async () => {
      const even = await trib(['rebalance', first]);
      expect([even.code, even.stderr]).toEqual([0, '']);
      expect(even.stdout).toContain(
        '\n*** No rebalancing needed! All nodes are within the 2.00% threshold.\n',
      );
      const data = JSON.parse((await trib(['rebalance', first, '--json'])).stdout);
      expect(data).toMatchObject({ ok: true, operation: 'rebalance', outcome: 'done', slots: 0, keys: 0 });
    });

    it('sees masters that were added a moment ago, and gives them their share under traffic', async () => {
      const traffic = startTraffic(live.ports[0] ?? 0, 4);
      await meet(live, [3, 4, 5]);
      const done = await trib(['rebalance', first, '--use-empty-masters']);
      await expectUndisturbed(traffic);
      expect([done.code, done.stderr]).toEqual([0, '']);
      expect(done.stdout).toContain('>>> Rebalancing across 6 nodes. Total weight = 6.00\n');
      // A line about what is tried again may stand between the signs.
      const said = done.stdout.replaceAll(/\n?\*\*\* .*\n/g, '');
      const moves = [...said.matchAll(/^Moving (\d+) slots from \S+ to \S+\n(#+)$/gm)];
      expect(moves).toHaveLength(3);
      expect(moves.map(([, slots, signs]) => signs?.length === Number(slots))).toEqual([true, true, true]);
      expect([...(await slotCountsOf(live))].sort()).toEqual([2730, 2730, 2731, 2731, 2731, 2731]);
      const ranges = await Promise.all(live.ports.map((_, index) => slotsOf(live, index)));
      expect(ranges.map((text) => text.split(' ').length)).toEqual([1, 1, 1, 1, 1, 1]);
      await expectAllWell();
      const again = await trib(['rebalance', first, '--use-empty-masters']);
      expect(again.stdout).toContain('*** No rebalancing needed!');
    });

    it('goes by weights in every way in which they can be written, and drains by 0', async () => {
      const [a, b, c] = [live.idOf(0), `:${live.ports[1]}`, live.idOf(2).slice(0, 12)];
      const words = ['--weight', `${a}=2,${b}=0.5`, '--weight', `${c}=0`, `${live.idOf(3)}=1.5`];
      const done = await trib(['rebalance', first, ...words, '--json']);
      expect([done.code, done.stderr]).toEqual([0, '']);
      // 16384 slots for a weight of 6 in all.
      const exact = [5461.33, 1365.33, 0, 4096, 2730.67, 2730.67];
      const off = (await slotCountsOf(live)).map((count, index) => Math.abs(count - (exact[index] ?? 0)));
      expect(Math.max(...off)).toBeLessThan(1);
      await expectAllWell();
      const back = await trib([
        'rebalance',
        first,
        '--use-empty-masters',
        '--auto-weights',
        '--threshold',
        '1',
      ]);
      expect(back.code).toBe(0);
      expect([...(await slotCountsOf(live))].sort()).toEqual([2730, 2730, 2731, 2731, 2731, 2731]);
      await expectAllWell();
    });

    it('shares out keys, with no more moved than the threshold asks for', async () => {
      // All the keys of the traffic and the data set, and as many again in a few slots of one master.
      const [slots = ''] = (await slotsOf(live, 0)).split(' ');
      const firstSlot = Number(slots.split('-')[0]);
      await fillSlots(live.ports[0] ?? 0, { firstSlot, slots: 400, keysEach: 10, bytesEach: 100 });
      const before = await Promise.all(live.ports.map((_, index) => keysOf(live, index)));
      const done = await trib(['rebalance', first, '--by', 'keys', '--threshold', '5']);
      expect([done.code, done.stderr]).toEqual([0, '']);
      const after = await Promise.all(live.ports.map((_, index) => keysOf(live, index)));
      const all = after.reduce((sum, keys) => sum + keys, 0);
      expect(all).toBe(before.reduce((sum, keys) => sum + keys, 0));
      for (const keys of after) {
        expect(Math.abs(100 - (100 * all) / 6 / keys)).toBeLessThanOrEqual(5);
      }
      // What the fullest has to give to come down to the threshold, and not much more.
      const need = (before[0] ?? 0) - all / 6 / 0.95;
      expect((before[0] ?? 0) - (after[0] ?? 0)).toBeLessThan(need + all / 100);
      await expectAllWell();
    });

    it('shares out memory', async () => {
      const data = JSON.parse((await trib(['rebalance', first, '--by', 'memory', '--json'])).stdout);
      expect(data).toMatchObject({ ok: true, plan: { by: 'memory' } });
      const shares: { before: number; after: number; isOff: boolean }[] = data.plan.shares;
      expect(shares.map(({ isOff }) => isOff)).toEqual(shares.map(() => false));
      expect(Math.min(...shares.map(({ before }) => before))).toBeGreaterThan(50_000);
      await expectAllWell();
      const again = await trib(['rebalance', first, '--by', 'memory', '--threshold', '4']);
      expect(again.stdout).toContain('*** No rebalancing needed! All nodes are within the 4.00% threshold.');
    });
  });
});

describe.skipIf(skipWithoutRedisServer)(`a rebalance that is not to be${redisServerNote}`, () => {
  let live: LiveCluster;
  let first: string;
  beforeAll(async () => {
    live = await startPartly(4, 3, { directives: staysMaster });
    first = live.addresses[0] ?? '';
  });
  afterAll(() => live?.stop());

  it('changes nothing when it is simulated', async () => {
    const before = await slotCountsOf(live);
    const dry = await trib(['rebalance', first, '--weight', `${live.idOf(2)}=3`, '--simulate']);
    expect([dry.code, dry.stderr]).toEqual([0, '']);
    expect(dry.stdout).toMatch(/^Moving \d+ slots from \S+ to \S+\n#+$/m);
    expect(dry.stdout).toContain('Nothing was changed: this was a dry run.');
    expect(await slotCountsOf(live)).toEqual(before);
  });

  it.each<[string, string[], string]>([
    ['an unknown node', ['--weight', 'ffffffffff=2'], 'No node of the cluster fits "ffffffffff".'],
    ['a weight without a number', ['--weight', ':PORT=much'], '*** invalid input :PORT=much'],
    ['a weight without a node', ['--weight', 'nonsense'], '*** invalid input nonsense'],
    ['two weights for a node', ['--weight', ':PORT=1', '--weight', ':PORT=2'], 'Two weights are given'],
    ['a threshold that is none', ['--threshold', 'low'], '--threshold takes a number from 0 to 100'],
    ['a unit that is none', ['--by', 'colour'], '--by'],
  ])('refuses %s, and changes nothing', async (_, words, message) => {
    const before = await slotCountsOf(live);
    const port = String(live.ports[1]);
    const refused = await trib(['rebalance', first, ...words.map((word) => word.replace('PORT', port))]);
    expect([refused.code, refused.stderr.replaceAll(port, 'PORT')]).toEqual([
      2,
      expect.stringContaining(message),
    ]);
    expect(await slotCountsOf(live)).toEqual(before);
  });

  it('begins with nothing while a master does not know the new one; redis-cli fails in the middle', async () => {
    await meet(live, [3]);
    const words = ['rebalance', first, '--use-empty-masters'];
    const settled = await trib([...words, '--simulate']);
    expect(settled.stdout).toContain('>>> Rebalancing across 4 nodes.');
    // For a minute, gossip does not bring back a node that was forgotten.
    const connection = await RawConnection.open(live.ports[1] ?? 0);
    await connection.text('CLUSTER', 'FORGET', live.idOf(3));
    connection.close();
    const before = await slotCountsOf(live);
    const refused = await trib([...words, '--join-timeout', '300']);
    expect([refused.code, live.normalise(refused.stderr)]).toEqual([
      5,
      expect.stringContaining('Node 127.0.0.1:7004 is not known to 127.0.0.1:7002.'),
    ]);
    expect(await slotCountsOf(live)).toEqual(before);
    const theirs = await redisCli(['--cluster', 'rebalance', first, '--cluster-use-empty-masters']);
    expect([theirs.code, theirs.stdout]).toEqual([1, expect.stringContaining("I don't know about node")]);
    expect((await trib(['check', first])).stdout).toContain('has slots in importing state');
  });
});

describe.skipIf(skipWithoutRedisServer || !hasRedisServer)(`beside redis-cli${redisServerNote}`, () => {
  it('writes the same lines, and never moves more', async () => {
    const live = await startPartly(5, 3, { directives: staysMaster });
    try {
      const [first = ''] = live.addresses;
      await meet(live, [3, 4]);
      const ours = await trib(['rebalance', first, '--use-empty-masters', '--simulate']);
      const theirs = await redisCli([
        ...['--cluster', 'rebalance', first, '--cluster-use-empty-masters', '--cluster-simulate'],
      ]);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: redis-cli colours its lines on a pipe too.
      const plain = (text: string): string => text.replaceAll(/\u001b\[[\d;]*m/g, '');
      const amounts = (text: string): number[] =>
        [...plain(text).matchAll(/^Moving (\d+) slots from/gm)].map(([, count]) => Number(count));
      const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
      expect(amounts(ours.stdout)).toHaveLength(amounts(theirs.stdout).length);
      expect(sum(amounts(theirs.stdout)) - sum(amounts(ours.stdout))).toBeGreaterThanOrEqual(0);
      expect(sum(amounts(theirs.stdout)) - sum(amounts(ours.stdout))).toBeLessThan(5);
      const heads = (text: string): string[] => text.split('\n').filter((line) => /^(>>>|\[OK\])/.test(line));
      expect(heads(plain(ours.stdout))).toEqual(heads(plain(theirs.stdout)));
      const done = await trib(['rebalance', first, '--use-empty-masters']);
      expect(done.code).toBe(0);
      await expect(
        live
          .normalise(done.stdout.replaceAll(/\n?\*\*\* .*\n/g, ''))
          .replaceAll(/#+/g, (signs) => `(${signs.length} times #)`),
      ).toMatchFileSnapshot('../transcripts/rebalance.txt');
    } finally {
      await live.stop();
    }
  });
});
