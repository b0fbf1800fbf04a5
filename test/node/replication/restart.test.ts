/** A node that ends and comes back goes on by a partial synchronisation: as the master, and as the replica. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../../src/core/random.ts';
import { freePorts } from '../../../src/local/ports.ts';
import { type RunningNode, startNode } from '../../../src/node/node.ts';
import { RawConnection } from '../../helpers/raw-connection.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import { type Standalone, type StandaloneEngine, startStandalone } from '../../helpers/standalone.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A node in a folder of its own that can be ended by SHUTDOWN and started again. */
async function lastingNode(...directives: string[]) {
  const dir = mkdtempSync(join(tmpdir(), 'trib-test-'));
  const [port = 0] = await freePorts(1, systemRandom);
  let node: RunningNode | undefined;
  closers.push(async () => {
    await node?.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const argv = ['--dir', dir, '--port', String(port), '--save', '3600 1', '--repl-diskless-sync-delay', '0'];
  return {
    port,
    async start(...more: string[]): Promise<RawConnection> {
      // Nothing is written by itself: offsets are compared.
      const quiet = ['--repl-ping-replica-period', '1000', '--enable-debug-command', 'yes'];
      node = await startNode({ argv: [...argv, ...quiet, ...directives, ...more] });
      const client = await RawConnection.open(port);
      closers.push(() => client.close());
      return client;
    },
    async end(client: RawConnection): Promise<void> {
      const ended = node?.ended;
      await client.call('SHUTDOWN').catch(() => {});
      await ended;
    },
  };
}

const field = async (client: RawConnection, name: string): Promise<string> =>
  new RegExp(`^${name}:(.*)\r$`, 'm').exec(await client.text('INFO', 'everything'))?.[1] ?? '';

async function follower(engine: StandaloneEngine, masterPort: number): Promise<Standalone> {
  const replica = await startStandalone(engine);
  closers.push(() => replica.stop());
  await replica.client.text('REPLICAOF', '127.0.0.1', masterPort);
  await until(async () => (await replica.info('master_link_status')) === 'up', 'the link');
  return replica;
}

describe.each(['redis-server', 'bundled'] as const)(`beside %s${redisServerNote}`, (engine) => {
  const test = it.skipIf(engine === 'redis-server' && skipWithoutRedisServer);

  test('a master keeps its replicas, and tells them what expired meanwhile', async () => {
    const lasting = await lastingNode();
    let master = await lasting.start();
    const replica = await follower(engine, lasting.port);
    await master.text('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
    await master.pipeline(Array.from({ length: 500 }, (_, i) => ['SET', `key${i}`, `value ${i}`]));
    await master.pipeline(Array.from({ length: 20 }, (_, i) => ['SET', `short${i}`, 'x', 'PX', 1]));
    await master.call('WAIT', 1, 5000);
    const id = await field(master, 'master_replid');
    await lasting.end(master);
    await new Promise((resolve) => setTimeout(resolve, 5));
    master = await lasting.start();
    await until(async () => (await replica.info('master_link_status')) === 'up', 'the link again');
    expect(await field(master, 'master_replid2')).toBe(id);
    expect(await field(master, 'sync_partial_ok')).toBe('1');
    expect(await field(master, 'sync_full')).toBe('0');
    expect(await field(master, 'rdb_last_load_keys_expired')).toBe('20');
    await master.text('SET', 'after', '1');
    await master.call('WAIT', 1, 5000);
    expect(await replica.client.call('DBSIZE')).toBe(501);
    expect(await replica.client.text('DEBUG', 'DIGEST')).toBe(await master.text('DEBUG', 'DIGEST'));
  });

  test('a replica goes on where its file stood', async () => {
    const master = await startStandalone(engine, ['--repl-diskless-sync-delay', '0']);
    closers.push(() => master.stop());
    const lasting = await lastingNode('--replicaof', `127.0.0.1 ${master.port}`);
    let replica = await lasting.start();
    const isUp = async (): Promise<boolean> => (await field(replica, 'master_link_status')) === 'up';
    await until(isUp, 'the link');
    await master.client.text('SELECT', 2);
    await master.client.text('SET', 'a', '1');
    await master.client.call('WAIT', 1, 5000);
    await lasting.end(replica);
    await master.client.text('SET', 'b', '2');
    replica = await lasting.start();
    await until(isUp, 'the link again');
    await until(
      async () =>
        String(await replica.call('DEBUG', 'DIGEST')) === String(await master.client.call('DEBUG', 'DIGEST')),
      'the same data',
    );
    expect(await master.info('sync_partial_ok')).toBe('1');
    expect(await master.info('sync_full')).toBe('1');
  });

  test('a master that a replica has joined since hands over by the history that it gave it', async () => {
    const lasting = await lastingNode();
    let master = await lasting.start();
    const first = await follower(engine, lasting.port);
    await master.text('SET', 'a', '1');
    await master.call('WAIT', 1, 5000);
    await first.stop();
    await lasting.end(master);
    master = await lasting.start();
    const second = await follower(engine, lasting.port);
    await second.client.text('REPLICAOF', 'NO', 'ONE');
    await master.text('REPLICAOF', '127.0.0.1', second.port);
    await until(async () => (await field(master, 'master_link_status')) === 'up', 'the link back');
    expect(await second.info('sync_partial_ok')).toBe('1');
    expect(await second.info('sync_full')).toBe('0');
  });
});
