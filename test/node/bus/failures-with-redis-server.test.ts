import { afterEach, describe, expect, it } from 'vitest';
import { MixedCluster, slotsText } from '../../helpers/mixed-cluster.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';

let cluster: MixedCluster | undefined;
const start = async (...args: Parameters<typeof MixedCluster.start>): Promise<MixedCluster> => {
  cluster = await MixedCluster.start(...args);
  return cluster;
};
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

describe.skipIf(skipWithoutRedisServer)(`failures of nodes among redis-servers${redisServerNote}`, () => {
  it('votes for a redis-server that takes the place of its master, and follows the outcome', async () => {
    const mixed = await start(
      ['bundled', 'bundled', 'redis-server', 'redis-server', 'redis-server'],
      ['--cluster-node-timeout', '1000', '--repl-ping-replica-period', '1'],
    );
    const [first, second, third, heir, otherHeir] = mixed.members as [
      (typeof mixed.members)[0],
      (typeof mixed.members)[0],
      (typeof mixed.members)[0],
      (typeof mixed.members)[0],
      (typeof mixed.members)[0],
    ];
    await mixed.shareSlots(0, 1, 2);
    for (const member of mixed.members.slice(1)) await first.meet(member);
    await mixed.untilJoined();
    await mixed.untilAgreed();
    await heir.text('CLUSTER', 'REPLICATE', await third.id());
    await otherHeir.text('CLUSTER', 'REPLICATE', await second.id());
    await until(async () => {
      const slots = await slotsText(first);
      return slots.includes(String(heir.port)) && slots.includes(String(otherHeir.port));
    }, 'both replicas in CLUSTER SLOTS');
    for (const [dead, replica] of [
      [third, heir],
      [second, otherHeir],
    ] as const) {
      await dead.stop();
      await until(
        async () =>
          new RegExp(`:${replica.port}@\\S+ master .* connected \\d`).test(
            await first.text('CLUSTER', 'NODES'),
          ),
        'the replica in place of its master',
      );
      await mixed.untilAgreed([first, replica]);
      await dead.start();
      // Whoever was replaced comes back as a replica, whichever server it is.
      await until(
        async () => new RegExp(`:${dead.port}@\\S+ slave `).test(await first.text('CLUSTER', 'NODES')),
        'the old master as a replica',
      );
      await mixed.untilAgreed();
    }
    expect(first.log.filter((line) => line.includes('Failover auth granted')).length).toBe(2);
    expect(await second.text('CLUSTER', 'NODES')).toMatch(/myself,slave/);
  });

  it('sees a redis-server fail and come back, and is seen', async () => {
    const mixed = await start(
      ['bundled', 'redis-server', 'bundled', 'redis-server'],
      ['--cluster-node-timeout', '1000'],
    );
    const [ours, theirs, oursToo] = [mixed.member(0), mixed.member(1), mixed.member(2)];
    await mixed.shareSlots(0, 1, 2, 3);
    for (const member of mixed.members.slice(1)) await ours.meet(member);
    await mixed.untilJoined();
    await mixed.untilAgreed();
    for (const dead of [theirs, oursToo]) {
      const id = await dead.id();
      const others = mixed.members.filter((member) => member !== dead);
      await dead.stop();
      await until(async () => {
        const texts = await Promise.all(others.map((member) => member.text('CLUSTER', 'NODES')));
        const states = await Promise.all(others.map((member) => member.info('cluster_state')));
        const seen = new RegExp(`${id} \\S+ master,fail `);
        return texts.every((text) => seen.test(text)) && states.every((state) => state === 'fail');
      }, 'FAIL everywhere');
      const refusal = await ours.call('SET', 'b', '1');
      expect(String(refusal)).toContain('CLUSTERDOWN The cluster is down');
      await dead.start();
      await mixed.untilAgreed();
    }
  });
});
