import { afterEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../../src/core/random.ts';
import { freePorts } from '../../../src/local/ports.ts';
import { MixedCluster, slotsText } from '../../helpers/mixed-cluster.ts';
import { redisCli } from '../../helpers/run.ts';
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

const soonTimeout = ['--cluster-node-timeout', '2000'];

describe.skipIf(skipWithoutRedisServer)(`the bus among redis-servers${redisServerNote}`, () => {
  it('meets and is met, agrees about slots, and passes redis-cli --cluster check', async () => {
    const mixed = await start(['bundled', 'redis-server', 'bundled', 'redis-server'], soonTimeout);
    const [ours, theirs, oursToo, theirsToo] = mixed.members as [
      (typeof mixed.members)[0],
      (typeof mixed.members)[0],
      (typeof mixed.members)[0],
      (typeof mixed.members)[0],
    ];
    await mixed.shareSlots(0, 1, 2);
    await ours.meet(theirs);
    await theirs.meet(oursToo);
    await theirsToo.meet(ours);
    await mixed.untilJoined();
    await mixed.untilAgreed();
    await until(async () => {
      const epochs = await Promise.all(mixed.members.map((member) => member.info('cluster_my_epoch')));
      return new Set(epochs).size === epochs.length;
    }, 'an epoch for each');
    const check = await redisCli(['--cluster', 'check', `127.0.0.1:${ours.port}`]);
    expect(check.stdout).toContain('[OK] All nodes agree about slots configuration.');
    expect(check.stdout).toContain('[OK] All 16384 slots covered.');
    expect(check.code).toBe(0);
  });

  it('moves slots to and from redis-server', async () => {
    const mixed = await start(['bundled', 'redis-server', 'redis-server'], soonTimeout);
    const [ours, theirs] = [mixed.member(0), mixed.member(1)];
    await mixed.shareSlots(0, 1);
    for (const member of mixed.members.slice(1)) await ours.meet(member);
    await mixed.untilJoined();
    await mixed.untilAgreed();
    for (const [source, target, slot] of [
      [ours, theirs, 0],
      [theirs, ours, 16383],
      [ours, theirs, 1],
    ] as const) {
      const [sourceId, targetId] = [await source.id(), await target.id()];
      // A claim under way with a newer epoch than the target's would take the slot back.
      const epoch = await source.info('cluster_my_epoch');
      await until(
        async () =>
          new RegExp(`${sourceId} .* ${epoch} connected`).test(await target.text('CLUSTER', 'NODES')),
        "the source's epoch known to the target",
      );
      await target.text('CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId);
      await source.text('CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId);
      await target.text('CLUSTER', 'SETSLOT', slot, 'NODE', targetId);
      await source.text('CLUSTER', 'SETSLOT', slot, 'NODE', targetId);
      await mixed.untilAgreed();
    }
    const slots = await slotsText(mixed.member(2));
    expect(slots).toContain(`[0,1,["127.0.0.1",${theirs.port}`);
    expect(slots).toContain(`[16383,16383,["127.0.0.1",${ours.port}`);
    expect(await ours.info('cluster_state')).toBe('ok');
  });

  it('replicates redis-server, and is replicated by it', async () => {
    // Replicas are listed from their first byte of the stream on: the master's first PING.
    const mixed = await start(
      ['bundled', 'redis-server', 'bundled', 'redis-server'],
      [...soonTimeout, '--repl-ping-replica-period', '1'],
    );
    const [ours, theirs, ourReplica, theirReplica] = mixed.members as [
      (typeof mixed.members)[0],
      (typeof mixed.members)[0],
      (typeof mixed.members)[0],
      (typeof mixed.members)[0],
    ];
    await mixed.shareSlots(0, 1);
    for (const member of mixed.members.slice(1)) await ours.meet(member);
    await mixed.untilJoined();
    await mixed.untilAgreed();
    await ourReplica.text('CLUSTER', 'REPLICATE', await theirs.id());
    await theirReplica.text('CLUSTER', 'REPLICATE', await ours.id());
    await until(async () => {
      const slots = await slotsText(ours);
      return slots.includes(String(ourReplica.port)) && slots.includes(String(theirReplica.port));
    }, 'both replicas in CLUSTER SLOTS');
    await mixed.untilAgreed();
    await ours.text('SET', 'b', 'to redis-server');
    await theirs.text('SET', 'a', 'from redis-server');
    await ourReplica.text('READONLY');
    await theirReplica.text('READONLY');
    await until(async () => String(await ourReplica.call('GET', 'a')) === 'from redis-server', 'a');
    await until(async () => String(await theirReplica.call('GET', 'b')) === 'to redis-server', 'b');
    const refusal = await ourReplica.call('SET', 'a', 'x');
    expect(String(refusal)).toContain(`MOVED 15495 127.0.0.1:${theirs.port}`);
    // A script that does not rule out to write is sent to the master, on either engine.
    const script = (flags: string): string => `#!lua${flags}\nreturn redis.call('GET', KEYS[1])`;
    for (const [replica, key] of [
      [ourReplica, 'a'],
      [theirReplica, 'b'],
    ] as const) {
      expect(String(await replica.call('EVAL', script(''), 1, key))).toContain('MOVED');
      expect(String(await replica.call('EVAL', script(' flags=no-writes'), 1, key))).toContain(
        'redis-server',
      );
    }
  });

  it('tells hostnames, and is told them', async () => {
    const mixed = await start(['bundled', 'redis-server', 'bundled'], (index) => [
      ...soonTimeout,
      ...(index < 2 ? ['--cluster-announce-hostname', `host-${index}.example`] : []),
    ]);
    await mixed.shareSlots(0, 1, 2);
    for (const member of mixed.members.slice(1)) await mixed.member(0).meet(member);
    await mixed.untilJoined();
    await until(async () => {
      const texts = await Promise.all(mixed.members.map((member) => member.text('CLUSTER', 'NODES')));
      return texts.every((text) => text.includes(',host-0.example ') && text.includes(',host-1.example '));
    }, 'hostnames everywhere');
    await mixed.member(1).text('CONFIG', 'SET', 'cluster-announce-hostname', '');
    await mixed.member(0).text('CONFIG', 'SET', 'cluster-announce-hostname', 'other.example');
    await until(async () => {
      const texts = await Promise.all(mixed.members.map((member) => member.text('CLUSTER', 'NODES')));
      return texts.every((text) => text.includes(',other.example ') && !text.includes('host-'));
    }, 'changed hostnames everywhere');
  });

  it('announces other ports than it has, and listens where cluster-port says', async () => {
    const [announced = 0, bus = 0] = await freePorts(2, systemRandom);
    const mixed = await start(['bundled', 'redis-server'], (index) =>
      index === 0 ? ['--cluster-announce-port', String(announced), '--cluster-port', String(bus)] : [],
    );
    const [ours, theirs] = [mixed.member(0), mixed.member(1)];
    await theirs.text('CLUSTER', 'MEET', '127.0.0.1', announced, bus);
    await mixed.untilJoined();
    expect(await theirs.text('CLUSTER', 'NODES')).toContain(`127.0.0.1:${announced}@${bus} master`);
    await ours.text('CONFIG', 'SET', 'cluster-announce-port', String(announced + 1));
    await until(
      async () =>
        (await theirs.text('CLUSTER', 'NODES')).includes(`127.0.0.1:${announced + 1}@${bus} master`),
      'the new port known',
    );
  });
});
