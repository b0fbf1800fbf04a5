import { afterEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/local/engine.ts';
import { parseNodes } from '../../src/protocol/text/nodes.ts';
import { type DatasetKey, inspectDataset, loadDataset, makeDataset, ownerPorts } from '../helpers/dataset.ts';
import { RawConnection } from '../helpers/raw-connection.ts';
import { redisCli, trib } from '../helpers/run.ts';
import {
  redisServerNote,
  type Servers,
  skipWithoutRedisServer,
  startServers,
  until,
} from '../helpers/servers.ts';
import { startTraffic } from '../helpers/traffic.ts';

// Create, check and reshard under traffic, with 100,000 keys: the main job, on each mixture of servers.
const keyCount = 100_000;
const seed = 20_240_607;
/** MIGRATE sends what is left of a time to live, so an expiry moves by the time that a batch is on its way. */
const ttlDriftLimitMs = 2000;

let servers: Servers | undefined;
afterEach(async () => {
  await servers?.stop();
  servers = undefined;
});

interface Master {
  readonly port: number;
  readonly id: string;
  readonly slotCount: number;
}

async function mastersOf(port: number): Promise<Master[]> {
  const connection = await RawConnection.open(port);
  const lines = parseNodes(await connection.text('CLUSTER', 'NODES'));
  connection.close();
  return lines
    .filter((line) => line.flags.includes('master'))
    .map((line) => ({
      port: line.port,
      id: line.id,
      slotCount: line.slots.reduce((sum, { first, last }) => sum + last - first + 1, 0),
    }));
}

/** `trib check`, and redis-cli's where there is one. */
async function expectBothChecksPass(address: string): Promise<void> {
  const ours = await trib(['check', address]);
  expect(ours.stdout).toContain('[OK] All nodes agree about slots configuration.');
  expect(ours.stdout).toContain('[OK] All 16384 slots covered.');
  expect(ours.code).toBe(0);
  if (skipWithoutRedisServer) return;
  const theirs = await redisCli(['--cluster', 'check', address]);
  expect(theirs.stdout).toContain('[OK] All 16384 slots covered.');
  expect(theirs.code).toBe(0);
}

/** A new master refuses clients for a while after the cluster was made. */
async function untilServing(all: Servers): Promise<void> {
  for (const { port } of all.nodes) {
    const connection = await RawConnection.open(port);
    const isOk = async (): Promise<boolean> =>
      (await connection.text('CLUSTER', 'INFO')).includes('cluster_state:ok');
    await until(isOk, `cluster_state:ok on ${port}`);
    connection.close();
  }
}

/** Each replica has its master's offset, and every key as its master has it: value and time of expiry. */
async function expectReplicasInSync(all: Servers, dataset: readonly DatasetKey[]): Promise<void> {
  const owners = await ownerPorts(all.nodes[0]?.port ?? 0);
  for (const { port } of all.nodes) {
    const replica = await RawConnection.open(port);
    const role = await replica.call('ROLE');
    if (Array.isArray(role) && String(role[0]) === 'slave') {
      const masterPort = Number(role[2]);
      const master = await RawConnection.open(masterPort);
      await until(
        async () => (await offsetOf(replica)) === (await offsetOf(master)),
        `replica ${port} to have the offset of ${masterPort}`,
      );
      expect(await replica.text('DBSIZE')).toBe(await master.text('DBSIZE'));
      await replica.call('READONLY');
      const commands = dataset
        .filter(({ slot }) => owners[slot] === masterPort)
        .flatMap(({ key }) => [
          ['GET', key],
          ['PEXPIRETIME', key],
        ]);
      expect(commands.length).toBeGreaterThan(0);
      const [ours, theirs] = [await replica.pipeline(commands), await master.pipeline(commands)];
      expect(ours.filter((reply, index) => String(reply) !== String(theirs[index]))).toEqual([]);
      master.close();
    }
    replica.close();
  }
}

async function reshardByRedisCli(seed: string, from: string, to: string): Promise<void> {
  const moved = await redisCli([
    ...['--cluster', 'reshard', seed, '--cluster-from', from, '--cluster-to', to],
    ...['--cluster-slots', '200', '--cluster-yes'],
  ]);
  expect(moved.stdout.match(/^Moving slot \d+ from/gm)).toHaveLength(200);
  expect(moved.code).toBe(0);
}

async function offsetOf(connection: RawConnection): Promise<string | undefined> {
  return /master_repl_offset:(\d+)/.exec(await connection.text('INFO', 'replication'))?.[1];
}

interface Job {
  /** Slots go to the second master, and then back. */
  readonly moveBack?: boolean;
  /** redis-cli moves slots too. */
  readonly redisCliReshards?: boolean;
}

async function mainJob(engines: readonly Engine[], job: Job = {}): Promise<void> {
  servers = await startServers(engines);
  const { addresses, nodes } = servers;
  const [first = ''] = addresses;
  const firstPort = nodes[0]?.port ?? 0;

  const created = await trib(['create', ...addresses, '--replicas', '1', '--yes']);
  expect(created.stderr).toBe('');
  expect(created.code).toBe(0);
  await expectBothChecksPass(first);
  await untilServing(servers);

  const dataset = makeDataset(keyCount, seed, Date.now());
  await loadDataset(firstPort, dataset);
  const traffic = startTraffic(firstPort);
  await until(() => traffic.writes > 500, 'traffic');

  const masters = await mastersOf(firstPort);
  const [a, b] = nodes.map(({ port }) => masters.find((master) => master.port === port));
  if (a === undefined || b === undefined) throw new Error('masters are missing');
  for (const [source, target] of job.moveBack === true
    ? [[a, b] as const, [b, a] as const]
    : [[a, b] as const]) {
    const moved = await trib([
      'reshard',
      first,
      '--from',
      source.id,
      '--to',
      target.id,
      '--slots',
      '1000',
      '--yes',
    ]);
    expect(moved.stderr).toBe('');
    expect(moved.code).toBe(0);
  }
  const found = await traffic.stop();
  expect(found).toMatchObject({ wrongReads: 0, lostWrites: 0, errors: [] });

  const after = await mastersOf(firstPort);
  const countOf = (id: string): number => after.find((master) => master.id === id)?.slotCount ?? 0;
  const given = job.moveBack === true ? 0 : 1000;
  expect(countOf(b.id)).toBe(b.slotCount + given);
  expect(countOf(a.id)).toBe(a.slotCount - given);
  if (job.redisCliReshards === true) await reshardByRedisCli(first, b.id, a.id);

  const { ttlDriftMs, ...findings } = await inspectDataset(firstPort, dataset);
  expect(findings).toEqual({ lost: 0, wrong: 0, ttlChanged: 0 });
  expect(ttlDriftMs).toBeLessThan(ttlDriftLimitMs);
  await expectBothChecksPass(first);
  await expectReplicasInSync(servers, dataset);
}

describe('the main job', () => {
  it.skipIf(skipWithoutRedisServer)(
    `on six redis-servers${redisServerNote}`,
    () => mainJob(Array<Engine>(6).fill('redis-server')),
    120_000,
  );

  it(
    `on six bundled nodes${skipWithoutRedisServer ? ' (without redis-cli: it is not installed)' : ''}`,
    () => mainJob(Array<Engine>(6).fill('bundled'), { redisCliReshards: !skipWithoutRedisServer }),
    120_000,
  );

  it.skipIf(skipWithoutRedisServer)(
    `on a mixture: masters and replicas of both kinds, slots moved in both directions${redisServerNote}`,
    // Masters are the first three, and each master's replica is of the other kind.
    () =>
      mainJob(['redis-server', 'bundled', 'redis-server', 'bundled', 'redis-server', 'bundled'], {
        moveBack: true,
        redisCliReshards: true,
      }),
    120_000,
  );
});
