import { afterEach, describe, expect, it } from 'vitest';
import { type LiveCluster, startCluster } from '../helpers/live-cluster.ts';
import { RawConnection } from '../helpers/raw-connection.ts';
import { redisCli, trib } from '../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../helpers/servers.ts';
import { slotTags } from '../helpers/slot-tags.ts';

let live: LiveCluster | undefined;
afterEach(async () => {
  await live?.stop();
  live = undefined;
});

const tags = slotTags();
/** Slots of the first master. */
const [halfMoved, differing, uncovered] = [10, 20, 30];

async function on(
  cluster: LiveCluster,
  index: number,
  ...commands: (string | number)[][]
): Promise<string[]> {
  const connection = await RawConnection.open(cluster.ports[index] ?? 0);
  const replies = await connection.pipeline(commands);
  connection.close();
  return replies.map(String);
}

/** A slot half moved from the first master to the second, one with different values there, and one of nobody. */
async function breakSlots(cluster: LiveCluster): Promise<void> {
  const [first, second] = [cluster.idOf(0), cluster.idOf(1)];
  const keyIn = (slot: number, name: string): string => `{${tags[slot]}}${name}`;
  await on(
    cluster,
    0,
    ['SET', keyIn(halfMoved, 'a'), 'stays'],
    ['SET', keyIn(halfMoved, 'b'), 'goes'],
    ['SET', keyIn(differing, 'a'), 'served'],
  );
  await on(
    cluster,
    1,
    ['CLUSTER', 'SETSLOT', halfMoved, 'IMPORTING', first],
    ['CLUSTER', 'SETSLOT', differing, 'IMPORTING', first],
    ['ASKING'],
    ['SET', keyIn(differing, 'a'), 'other'],
  );
  await on(
    cluster,
    0,
    ['CLUSTER', 'SETSLOT', halfMoved, 'MIGRATING', second],
    ['MIGRATE', '127.0.0.1', cluster.ports[1] ?? 0, keyIn(halfMoved, 'b'), 0, 1000],
  );
  for (const index of [0, 1, 2]) await on(cluster, index, ['CLUSTER', 'DELSLOTS', uncovered]);
}

async function get(cluster: LiveCluster, key: string): Promise<string> {
  return (await redisCli(['-c', '-p', String(cluster.ports[0]), 'GET', key])).stdout.trim();
}

/** Until the others have no link to a node that was killed. */
async function untilFailing(cluster: LiveCluster, index: number): Promise<void> {
  const id = cluster.idOf(index);
  await until(async () => {
    const others = [...cluster.ports.keys()].filter((other) => other !== index);
    const views = await Promise.all(others.map((other) => on(cluster, other, ['CLUSTER', 'NODES'])));
    const line = new RegExp(`^${id} .* disconnected`, 'm');
    return views.every(([text = '']) => line.test(text));
  }, 'the others to miss it');
}

describe.skipIf(skipWithoutRedisServer)(`trib fix${redisServerNote}`, () => {
  it('repairs what can be, lists keys that differ, and lets the one that is served count when told to', async () => {
    live = await startCluster(3);
    const seed = live.addresses[0] ?? '';
    await breakSlots(live);

    const checked = await trib(['check', seed, '--search-multiple-owners']);
    expect(checked.code).toBe(1);
    expect(live.normalise(checked.stdout)).toContain(
      `[WARNING] Slot ${halfMoved}: 127.0.0.1:7001 owns it, migrating to 127.0.0.1:7002, 1 key; 127.0.0.1:7002 importing from 127.0.0.1:7001, 1 key.`,
    );
    expect(checked.stdout).toContain(`[WARNING] Slot ${halfMoved} has 2 owners:`);

    const dry = await trib(['fix', seed, '--dry-run']);
    expect([dry.code, dry.stdout.includes('Nothing was changed: this was a dry run.')]).toEqual([0, true]);
    const again = await trib(['check', seed, '--search-multiple-owners']);
    expect(again.stdout).toBe(checked.stdout);

    const fixed = await trib(['fix', seed, '--yes']);
    expect([fixed.code, fixed.stderr]).toEqual([1, '']);
    for (const line of [
      `>>> Fixing open slot ${halfMoved}`,
      `>>> Fixing open slot ${differing}`,
      '>>> Fixing slots coverage...',
      `>>> Covering slot ${uncovered} with 127.0.0.1:7001`,
      `[ERR] Slot ${differing} stays as it is: 1 key(s) have other values on 127.0.0.1:7002 than on 127.0.0.1:7001.`,
      `    - {${tags[differing]}}a`,
      '[OK] All nodes agree about slots configuration.',
      '[OK] All 16384 slots covered.',
    ]) {
      expect(live.normalise(fixed.stdout).split('\n')).toContain(line);
    }
    expect(await get(live, `{${tags[halfMoved]}}a`)).toBe('stays');
    expect(await get(live, `{${tags[halfMoved]}}b`)).toBe('goes');
    expect(await get(live, `{${tags[differing]}}a`)).toBe('served');

    const asData = await trib(['fix', seed, '--yes', '--json']);
    expect([asData.code, JSON.parse(asData.stdout)]).toMatchObject([
      1,
      { ok: false, operation: 'fix', differing: [{ slot: differing, keys: [`{${tags[differing]}}a`] }] },
    ]);

    const replaced = await trib(['fix', seed, '--yes', '--replace', '--search-multiple-owners']);
    expect([replaced.code, replaced.stderr]).toEqual([0, '']);
    expect(replaced.stdout).toContain('[OK] No multiple owners found.');
    expect(await get(live, `{${tags[differing]}}a`)).toBe('served');
    expect((await trib(['check', seed])).code).toBe(0);

    const idle = await trib(['fix', seed]);
    expect([idle.code, idle.stdout.includes('Plan:')]).toEqual([0, false]);
  });

  it('leaves a key that is too big for the pause where it lies, when it is to be skipped, and brings it home else', async () => {
    live = await startCluster(3);
    const seed = live.addresses[0] ?? '';
    const [large, small] = ['large', 'small'].map((name) => `{${tags[differing]}}${name}`) as [
      string,
      string,
    ];
    // Astray on the second master: a move that was given up left them there.
    await on(
      live,
      1,
      ['CLUSTER', 'SETSLOT', differing, 'IMPORTING', live.idOf(0)],
      ['ASKING'],
      ['SET', large, 'x'.repeat(100_000)],
      ['ASKING'],
      ['SET', small, 'x'],
      ['CLUSTER', 'SETSLOT', differing, 'STABLE'],
    );
    const words = ['fix', seed, '--yes', '--search-multiple-owners'];
    const skipped = await trib([...words, '--big-keys', 'skip', '--max-pause', '1']);
    expect([skipped.code, skipped.stderr]).toEqual([
      5,
      expect.stringContaining(
        `*** Skipped key(s) too big for the allowed pause:\n    - ${large} (slot ${differing})\n`,
      ),
    ]);
    expect(skipped.stderr).toContain('They stay where they are, and no client finds them there.');
    expect([await get(live, small), await get(live, large)]).toEqual(['x', '']);
    const fixed = await trib(words);
    expect([fixed.code, fixed.stderr]).toEqual([0, '']);
    expect(await get(live, large)).toHaveLength(100_000);
  });

  it('refuses while a master is away, and does without it when told to', async () => {
    live = await startCluster(3);
    const seed = live.addresses[0] ?? '';
    await live.kill(2);
    const refused = await trib(['fix', seed, '--yes']);
    expect([refused.code, live.normalise(refused.stderr).split('\n')[0]]).toEqual([
      5,
      'Slots are not repaired while masters cannot be reached: 127.0.0.1:7003. They may hold the only copy of keys.',
    ]);
    await untilFailing(live, 2);
    const fixed = await trib(['fix', seed, '--yes', '--fix-with-unreachable-masters']);
    expect([fixed.code, fixed.stderr]).toEqual([0, '']);
    expect(fixed.stdout).toContain('[OK] All 16384 slots covered.');
    const written = await redisCli(['-c', '-p', String(live.ports[0]), 'SET', `{${tags[16_000]}}`, 'x']);
    expect(written.stdout.trim()).toBe('OK');
  });

  it('lets the replica of a master that is away take over, with its keys', async () => {
    live = await startCluster(6, { replicas: 1, nodeTimeoutMs: 15_000 });
    const seed = live.addresses[0] ?? '';
    const key = `{${tags[16_000]}}`;
    await redisCli(['-c', '-p', String(live.ports[0]), 'SET', key, 'kept']);
    await until(async () => {
      const replies = await Promise.all([3, 4, 5].map((i) => on(live as LiveCluster, i, ['DBSIZE'])));
      return replies.flat().includes('1');
    }, 'the replica to have the key');
    await live.kill(2);
    await untilFailing(live, 2);
    const fixed = await trib(['fix', seed, '--yes', '--fix-with-unreachable-masters']);
    expect([fixed.code, fixed.stderr]).toEqual([0, '']);
    expect(fixed.stdout).toContain('take over from its master');
    expect(await get(live, key)).toBe('kept');
  });
});
