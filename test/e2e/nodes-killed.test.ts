import { afterEach, describe, expect, it } from 'vitest';
import { parseNodes } from '../../src/protocol/text/nodes.ts';
import { lostOf, startWriters } from '../helpers/confirmed-writes.ts';
import { type ClusterMember, MixedCluster } from '../helpers/mixed-cluster.ts';
import { trib } from '../helpers/run.ts';
import { until } from '../helpers/servers.ts';
import { slotTags } from '../helpers/slot-tags.ts';

const NODE_TIMEOUT_MS = 1500;
const FAILOVER_LIMIT_MS = 2 * NODE_TIMEOUT_MS + 2000;

let cluster: MixedCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

/** Three masters and a replica of each, all bundled nodes that keep an append only file. */
async function startSix(): Promise<{ mixed: MixedCluster; seat: string }> {
  const directives = ['--cluster-node-timeout', String(NODE_TIMEOUT_MS), '--appendonly', 'yes'];
  const mixed = await MixedCluster.start(Array(6).fill('bundled-process'), directives);
  cluster = mixed;
  const addresses = mixed.members.map(({ port }) => `127.0.0.1:${port}`);
  const [seat = ''] = addresses;
  const created = await trib(['create', ...addresses, '--replicas', '1', '--yes']);
  expect([created.code, created.stderr]).toEqual([0, '']);
  await untilWell(seat);
  return { mixed, seat };
}

async function untilWell(seat: string): Promise<void> {
  const waited = await trib(['wait', seat, '--for', 'ok,converged,replicas']);
  expect([waited.code, waited.stderr]).toEqual([0, '']);
}

/** The ports of those that have slots, as this member sees it. */
async function mastersSeenBy(member: ClusterMember): Promise<number[]> {
  const lines = parseNodes(await member.text('CLUSTER', 'NODES'));
  return lines.filter(({ slots }) => slots.length > 0).map(({ port }) => port);
}

const portsOf = ({ members }: MixedCluster): number[] => members.map(({ port }) => port);
/** Tags from all over the slots. */
const someTags = slotTags().filter((_, slot) => slot % 100 === 0);

describe('bundled nodes that are killed', () => {
  it('masters in turns, each twice, under writes: no write that a replica has confirmed is lost', async () => {
    const { mixed, seat } = await startSix();
    const writers = startWriters(portsOf(mixed), someTags, 4);
    for (let round = 0; round < 6; round++) {
      const before = writers.confirmed;
      await until(() => writers.confirmed > before + 200, 'confirmed writes');
      // Shard by shard: whoever is its master now.
      const victim = await ownerOf(mixed, [0, 8000, 16_383][round % 3] ?? 0);
      const witness = mixed.members.find((member) => member !== victim) ?? victim;
      const killedMs = performance.now();
      await victim.stop();
      await until(async () => !(await mastersSeenBy(witness)).includes(victim.port), 'the takeover');
      await until(async () => (await witness.info('cluster_state')) === 'ok', 'the cluster ok');
      expect(performance.now() - killedMs).toBeLessThan(FAILOVER_LIMIT_MS);
      await victim.start();
      await until(async () => (await victim.infoLine('role')) === 'slave', 'the former master as a replica');
      await untilWell(seat);
    }
    const acknowledged = await writers.stop();
    expect(acknowledged.size).toBeGreaterThan(1200);
    expect(await lostOf(portsOf(mixed), acknowledged)).toEqual([]);
  }, 120_000);

  it('all six at once under writes, started again: the cluster is well, and all data are there', async () => {
    const { mixed, seat } = await startSix();
    const writers = startWriters(portsOf(mixed), someTags, 4);
    await until(() => writers.confirmed > 1000, 'confirmed writes');
    await Promise.all(mixed.members.map((member) => member.stop()));
    await Promise.all(mixed.members.map((member) => member.start()));
    await untilWell(seat);
    const before = writers.confirmed;
    await until(() => writers.confirmed > before + 200, 'clients to go on');
    const acknowledged = await writers.stop();
    expect(await lostOf(portsOf(mixed), acknowledged)).toEqual([]);
    const checked = await trib(['check', seat]);
    expect([checked.code, checked.stderr]).toEqual([0, '']);
  }, 60_000);
});

async function ownerOf(mixed: MixedCluster, slot: number): Promise<ClusterMember> {
  const lines = parseNodes(await mixed.member(0).text('CLUSTER', 'NODES'));
  const owner = lines.find(({ slots }) => slots.some(({ first, last }) => first <= slot && slot <= last));
  const member = mixed.members.find(({ port }) => port === owner?.port);
  if (member === undefined) throw new Error(`nobody has slot ${slot}`);
  return member;
}
