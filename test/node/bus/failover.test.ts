import { afterEach, describe, expect, it } from 'vitest';
import { loadAllTypesIntoCluster } from '../../helpers/all-types.ts';
import { compareCopies, copiesOn } from '../../helpers/copies.ts';
import { type ClusterEngine, type ClusterMember, MixedCluster } from '../../helpers/mixed-cluster.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import { startTraffic } from '../../helpers/traffic.ts';

const NODE_TIMEOUT_MS = 1500;
const VOTE_PAUSE_MS = 2 * NODE_TIMEOUT_MS + 500;
const RETRY_MS = 4 * NODE_TIMEOUT_MS + 500;
const FAILOVER_LIMIT_MS = 2 * NODE_TIMEOUT_MS + 2000;
const keyCount = 600;
const seed = 20_261_121;

let cluster: MixedCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

const roleOf = (member: ClusterMember): Promise<string> => member.infoLine('role');

/** `replica` follows `master`, and has what it has. */
async function untilInStep(master: ClusterMember, replica: ClusterMember): Promise<void> {
  await until(async () => {
    if ((await roleOf(master)) !== 'master' || (await replica.infoLine('master_link_status')) !== 'up')
      return false;
    if (Number(await replica.infoLine('master_port')) !== master.port) return false;
    const offset = await master.infoLine('master_repl_offset');
    return Number(await replica.infoLine('slave_repl_offset')) >= Number(offset);
  }, `${replica.port} in step with ${master.port}`);
}

/** Key by key, and by the digest of all: no write may be on its way. */
async function expectSameData(master: ClusterMember, replica: ClusterMember): Promise<void> {
  const expected = await copiesOn([master.port]);
  expect(expected.size).toBeGreaterThan(keyCount / 6);
  expect(compareCopies(expected, await copiesOn([replica.port]))).toEqual([]);
  expect(await replica.text('DEBUG', 'DIGEST')).toBe(await master.text('DEBUG', 'DIGEST'));
}

/** By CLUSTER FAILOVER. It is given up after five seconds, which a busy machine may need: then it is asked for again, once. */
async function handOver(from: ClusterMember, to: ClusterMember): Promise<void> {
  const isMaster = async (): Promise<boolean> => (await roleOf(to)) === 'master';
  expect(await to.text('CLUSTER', 'FAILOVER')).toBe('OK');
  await until(isMaster, 'the promotion', 6000).catch(() => to.call('CLUSTER', 'FAILOVER'));
  await until(isMaster, 'the promotion', 6000);
  await until(async () => (await roleOf(from)) === 'slave', 'the former master as a replica', 6000);
}

/** Three masters; the fourth member follows the first. */
async function startShards(master: ClusterEngine, replica: ClusterEngine): Promise<MixedCluster> {
  const mixed = await MixedCluster.start(
    [master, 'bundled', 'redis-server', replica],
    ['--cluster-node-timeout', String(NODE_TIMEOUT_MS), '--appendonly', 'no'],
  );
  cluster = mixed;
  await mixed.shareSlots(0, 1, 2);
  for (const member of mixed.members.slice(1)) await mixed.member(0).meet(member);
  await mixed.untilJoined();
  await mixed.member(3).text('CLUSTER', 'REPLICATE', await mixed.member(0).id());
  await until(async () => (await mixed.member(3).infoLine('master_link_status')) === 'up', 'the link');
  await mixed.untilAgreed();
  return mixed;
}

const engines = ['bundled-process', 'redis-server'] as const;
const pairs = engines.flatMap((master) => engines.map((replica) => ({ master, replica })));

describe.skipIf(skipWithoutRedisServer)(`failover in a mixed cluster${redisServerNote}`, () => {
  it.each(pairs)(
    'of a master ($master) to its replica ($replica): by itself when it is killed, and by hand without losing a write',
    async (kinds) => {
      const mixed = await startShards(kinds.master, kinds.replica);
      const [first, heir] = [mixed.member(0), mixed.member(3)];
      const port = mixed.member(1).port;
      await loadAllTypesIntoCluster(port, keyCount, Date.now() + 3_600_000, seed);
      await untilInStep(first, heir);

      const rough = startTraffic(port, 4, 100, (worker, index) => `rough:${worker}:${index}`);
      await until(() => rough.writes > 200, 'traffic');
      const killedMs = performance.now();
      await first.stop();
      await until(async () => (await roleOf(heir)) === 'master', 'the promotion');
      await until(async () => (await heir.info('cluster_state')) === 'ok', 'the cluster ok');
      expect(performance.now() - killedMs).toBeLessThan(FAILOVER_LIMIT_MS);
      const promotedMs = performance.now();
      const before = rough.writes;
      await until(() => rough.writes > before + 200, 'clients to go on');

      await first.start();
      await until(async () => (await roleOf(first)) === 'slave', 'the old master as a replica');
      await mixed.untilAgreed();
      await rough.stop();
      await untilInStep(heir, first);
      await expectSameData(heir, first);
      const calm = startTraffic(port, 4, 100);
      for (const [from, to] of [
        [heir, first],
        [first, heir],
      ] as const) {
        // For so long masters do not vote about the same master again, or redis-server takes votes that it got for new ones.
        const waitMs = kinds.replica === 'redis-server' ? RETRY_MS : VOTE_PAUSE_MS;
        if (to === heir)
          await until(() => performance.now() > promotedMs + waitMs, 'the time for another election');
        await untilInStep(from, to);
        await handOver(from, to);
        const before = calm.writes;
        await until(() => calm.writes > before + 100, 'traffic');
      }
      await mixed.untilAgreed();
      const { lostWrites, wrongReads } = await calm.stop();
      expect({ lostWrites, wrongReads }).toEqual({ lostWrites: 0, wrongReads: 0 });
    },
    90_000,
  );
});
