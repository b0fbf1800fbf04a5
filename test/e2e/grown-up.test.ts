import { afterEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/local/engine.ts';
import { loadAllTypesIntoCluster } from '../helpers/all-types.ts';
import { compareCopies, copiesOn } from '../helpers/copies.ts';
import { ownerPorts } from '../helpers/dataset.ts';
import { expectUndisturbed } from '../helpers/intact.ts';
import { RawConnection } from '../helpers/raw-connection.ts';
import { trib } from '../helpers/run.ts';
import {
  redisServerNote,
  type Servers,
  skipWithoutRedisServer,
  startServers,
  until,
} from '../helpers/servers.ts';
import { startTraffic } from '../helpers/traffic.ts';

// The paths that the README shows: a cluster of one kind of server becomes one of the other kind, while clients write and read.
const keyCount = 2000;
const seed = 20_261_120;

let servers: Servers | undefined;
afterEach(async () => {
  await servers?.stop();
  servers = undefined;
});

async function done(...words: string[]): Promise<void> {
  const ran = await trib(words);
  expect([ran.code, ran.stderr], words.join(' ')).toEqual([0, '']);
}

const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1));

/** The address of the master of a replica, as the replica says. */
async function masterOf(replica: string): Promise<string> {
  const connection = await RawConnection.open(portOf(replica));
  const [role, host, port] = (await connection.call('ROLE')) as unknown[];
  connection.close();
  expect(String(role)).toBe('slave');
  return `${String(host)}:${String(port)}`;
}

async function mastersOf(address: string): Promise<number[]> {
  return [...new Set(await ownerPorts(portOf(address)))];
}

/** Each node's place is taken by a new one. */
async function replaceEach(old: readonly string[], young: readonly string[]): Promise<void> {
  for (const [index, address] of old.entries()) {
    const [seat = ''] = index === 0 ? old.slice(1) : young;
    await done('replace-node', seat, address, young[index] ?? '', '--yes');
  }
}

/** Each shard gets two new replicas; one of them takes over; the two that were there go. */
async function outgrow(old: readonly string[], young: readonly string[]): Promise<void> {
  const [seat = ''] = old;
  const masters = old.slice(0, 3);
  for (const [index, master] of masters.entries()) {
    for (const replica of young.slice(2 * index, 2 * index + 2))
      await done('add-node', replica, seat, '--replica', '--master-id', master);
  }
  await done('wait', seat, '--for', 'ok,converged,replicas');
  for (const index of masters.keys()) await done('failover', seat, young[2 * index] ?? '');
  const [stays = ''] = young;
  for (const address of old) await done('del-node', stays, address, '--yes');
  for (const index of masters.keys())
    expect(await masterOf(young[2 * index + 1] ?? '')).toBe(young[2 * index]);
}

/** The cluster is well and is of these nodes only; the others know nothing of it any more. */
async function expectMoved(old: readonly string[], young: readonly string[]): Promise<number[]> {
  const [seat = ''] = young;
  await done('wait', seat, '--for', 'ok,converged,replicas');
  await done('check', seat);
  const masters = await mastersOf(seat);
  expect(masters).toHaveLength(3);
  expect(masters.filter((port) => !young.includes(`127.0.0.1:${port}`))).toEqual([]);
  for (const address of old) {
    const connection = await RawConnection.open(portOf(address));
    expect(await connection.text('CLUSTER', 'INFO')).toContain('cluster_known_nodes:1\r');
    expect(await connection.text('DBSIZE')).toBe('0');
    connection.close();
  }
  return masters;
}

describe.skipIf(skipWithoutRedisServer)(`a cluster outgrows its nodes${redisServerNote}`, () => {
  it('from bundled nodes to redis-servers and back, under traffic: nothing is lost or read wrong', async () => {
    const all = await startServers(
      [...Array<Engine>(6).fill('bundled'), ...Array<Engine>(6).fill('redis-server')],
      {
        nodeTimeoutMs: 3000,
      },
    );
    servers = all;
    const [bundled, real] = [all.addresses.slice(0, 6), all.addresses.slice(6)];
    const [first = ''] = bundled;
    await done('create', ...bundled, '--replicas', '1', '--yes');
    await done('wait', first, '--for', 'ok,converged,replicas');
    await loadAllTypesIntoCluster(portOf(first), keyCount, Date.now() + 3_600_000, seed);
    const before = await copiesOn(await mastersOf(first));
    expect(before.size).toBe(keyCount);
    const traffic = startTraffic(portOf(first), 4, 100);
    await until(() => traffic.writes > 200, 'traffic');
    await outgrow(bundled, real);
    await expectMoved(bundled, real);
    const writes = traffic.writes;
    await until(() => traffic.writes > writes + 200, 'traffic on redis-servers');
    await replaceEach(real, bundled);
    const masters = await expectMoved(real, bundled);
    await expectUndisturbed(traffic);
    const after = await copiesOn(masters);
    for (const key of after.keys()) if (key.startsWith('traffic:')) after.delete(key);
    expect(compareCopies(before, after)).toEqual([]);
  }, 180_000);
});
