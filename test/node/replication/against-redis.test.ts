/** A bundled node as replica and as master of redis-server, and of another bundled node, while clients write. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../../src/core/random.ts';
import type { RawConnection } from '../../helpers/raw-connection.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import {
  contentsOf,
  differences,
  type Standalone,
  type StandaloneEngine,
  startStandalone,
} from '../../helpers/standalone.ts';
import { stringWrite as anyWrite, binary, startTraffic } from '../../helpers/write-traffic.ts';

const seed = Date.now() & 0xffffff;
let running: Standalone[] = [];

afterEach(async () => {
  for (const server of running) await server.stop();
  running = [];
});

async function start(engine: StandaloneEngine, ...directives: string[]): Promise<Standalone> {
  const server = await startStandalone(engine, ['--repl-diskless-sync-delay', '0', ...directives]);
  running.push(server);
  return server;
}

async function fill(client: RawConnection, random: Random, count: number): Promise<void> {
  for (let at = 0; at < count; at += 500)
    await client.pipeline(
      Array.from({ length: 500 }, (_, i) => [
        'SET',
        `filled:${at + i}`,
        i % 3 === 0 ? 'compressible '.repeat(random.below(60)) : binary(random, random.below(200)),
        ...(i % 2 === 0 ? ['PX', 100_000 + random.below(1_000_000)] : []),
      ]),
    );
}

const linkUp = (replica: Standalone) =>
  until(async () => (await replica.info('master_link_status')) === 'up', 'the link');

/** Waits until the replica has everything, and compares. */
async function expectSame(master: Standalone, replica: Standalone): Promise<void> {
  await until(async () => {
    const [written, applied] = [
      await master.info('master_repl_offset'),
      await replica.info('slave_repl_offset'),
    ];
    return written !== '0' && written === applied;
  }, 'equal offsets');
  const [, applied, own] =
    /slave_repl_offset:(\d+)[\s\S]*master_repl_offset:(\d+)/.exec(await replica.client.text('INFO')) ?? [];
  expect(own).toBe(applied);
  expect(await replica.info('master_replid')).toBe(await master.info('master_replid'));
  for (const db of [0, 1, 2, 3]) {
    const [expected, found] = [await contentsOf(master.client, db), await contentsOf(replica.client, db)];
    expect(differences(expected, found)).toEqual([]);
  }
}

const pairs: readonly (readonly [StandaloneEngine, StandaloneEngine])[] = [
  ['redis-server', 'bundled'],
  ['bundled', 'redis-server'],
  ['bundled', 'bundled'],
];

describe.each(pairs)(`%s as master, %s as replica${redisServerNote}`, (masterEngine, replicaEngine) => {
  const needsRedis = masterEngine !== 'bundled' || replicaEngine !== 'bundled';
  const test = it.skipIf(needsRedis && skipWithoutRedisServer);

  test(`copies everything while clients write (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const master = await start(masterEngine);
    const replica = await start(replicaEngine);
    await fill(master.client, random, 20_000);
    await replica.client.text('SET', 'from before', 'must go');
    const stop = startTraffic(master.client, random);
    expect(await replica.client.text('REPLICAOF', '127.0.0.1', master.port)).toBe('OK');
    await linkUp(replica);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await stop()).toBeGreaterThan(0);
    await expectSame(master, replica);
    expect(await replica.client.call('GET', 'from before')).toBeNull();
    await expect(replica.client.text('SET', 'a', 'b')).rejects.toThrow(
      "READONLY You can't write against a read only replica.",
    );
    expect(await master.info('slave0')).toMatch(
      new RegExp(`^ip=127.0.0.1,port=${replica.port},state=online,offset=\\d+,lag=[01]$`),
    );
  });

  test('goes on where it was when the link breaks', async () => {
    const random = seededRandom(seed);
    const master = await start(masterEngine);
    const replica = await start(replicaEngine);
    await replica.client.text('REPLICAOF', '127.0.0.1', master.port);
    await linkUp(replica);
    const stop = startTraffic(master.client, random);
    for (let round = 0; round < 3; round++) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(await master.client.call('CLIENT', 'KILL', 'TYPE', 'replica')).toBe(1);
      await until(async () => (await master.info('connected_slaves')) === '1', 'the replica to come back');
    }
    await stop();
    await linkUp(replica);
    await expectSame(master, replica);
    expect(Number(await master.info('sync_partial_ok'))).toBe(3);
    expect(Number(await master.info('sync_full'))).toBe(1);
  });

  test('WAIT counts the replicas that have it', async () => {
    const master = await start(masterEngine);
    const replica = await start(replicaEngine);
    await replica.client.text('REPLICAOF', '127.0.0.1', master.port);
    await linkUp(replica);
    for (let i = 0; i < 5; i++) {
      await master.client.text('INCR', 'n');
      expect(await master.client.call('WAIT', 1, 5000)).toBe(1);
      expect(await replica.client.text('GET', 'n')).toBe(String(i + 1));
    }
    await master.client.text('INCR', 'n');
    expect(await master.client.call('WAIT', 2, 100)).toBe(1);
    expect(await replica.client.call('WAIT', 1, 100)).toBeInstanceOf(Error);
  });

  test('changes sides with a partial synchronisation', async () => {
    const random = seededRandom(seed + 1);
    // Nothing may be written by itself between the last look at the offsets and the change of sides.
    const quiet = ['--repl-ping-replica-period', '1000'];
    const [master, replica] = [await start(masterEngine, ...quiet), await start(replicaEngine, ...quiet)];
    await master.client.text('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
    await fill(master.client, random, 1000);
    await replica.client.text('REPLICAOF', '127.0.0.1', master.port);
    await linkUp(replica);
    await master.client.pipeline(Array.from({ length: 50 }, () => anyWrite(random)).flat());
    await until(
      async () => (await master.info('master_repl_offset')) === (await replica.info('slave_repl_offset')),
      'equal offsets',
    );
    const id = await master.info('master_replid');
    expect(await replica.client.text('REPLICAOF', 'NO', 'ONE')).toBe('OK');
    expect(await replica.info('master_replid2')).toBe(id);
    await master.client.text('REPLICAOF', '127.0.0.1', replica.port);
    await linkUp(master);
    await replica.client.pipeline(Array.from({ length: 50 }, () => anyWrite(random)).flat());
    await expectSame(replica, master);
    expect(await replica.info('sync_partial_ok')).toBe('1');
    expect(await replica.info('sync_full')).toBe('0');
  });

  test('refuses nothing with passwords', async () => {
    const master = await start(masterEngine, '--requirepass', 'se cret');
    await master.client.text('AUTH', 'se cret');
    const replica = await start(replicaEngine, '--masterauth', 'se cret');
    await master.client.text('SET', 'a', '1');
    await replica.client.text('REPLICAOF', '127.0.0.1', master.port);
    await linkUp(replica);
    expect(await replica.client.text('GET', 'a')).toBe('1');
    expect(replica.log.concat(master.log).join('\n')).not.toContain('cret');
  });

  test('follows as a user who may do no more', async () => {
    const master = await start(masterEngine);
    await master.client.text('ACL', 'SETUSER', 'follower', 'on', '>pass', '+psync', '+replconf', '+ping');
    await master.client.text('ACL', 'SETUSER', 'default', 'resetpass', '>other');
    const replica = await start(replicaEngine, '--masteruser', 'follower', '--masterauth', 'pass');
    await replica.client.text('REPLICAOF', '127.0.0.1', master.port);
    await linkUp(replica);
    await master.client.text('SET', 'a', '1');
    await master.client.call('WAIT', 1, 5000);
    expect(await replica.client.text('GET', 'a')).toBe('1');
    expect(await master.client.text('CLIENT', 'LIST', 'TYPE', 'replica')).toContain(' user=follower ');
    // The stream knows no users.
    await replica.client.text('ACL', 'SETUSER', 'default', '-set', '-incr');
    await master.client.text('INCR', 'a');
    await master.client.call('WAIT', 1, 5000);
    expect(await replica.client.text('GET', 'a')).toBe('2');
    expect(await replica.client.text('CLIENT', 'LIST', 'TYPE', 'master')).toContain(' user=(superuser) ');
  });

  test('an expired key goes when the master says so', async () => {
    const master = await start(masterEngine);
    const replica = await start(replicaEngine);
    await replica.client.text('REPLICAOF', '127.0.0.1', master.port);
    await linkUp(replica);
    await master.client.text('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
    await master.client.text('SET', 'short', 'v', 'PX', 30);
    await master.client.call('WAIT', 1, 5000);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await replica.client.call('GET', 'short')).toBeNull();
    expect(await replica.client.call('DBSIZE')).toBe(1);
    expect(await master.client.call('GET', 'short')).toBeNull();
    await until(async () => (await replica.client.call('DBSIZE')) === 0, 'the DEL');
  });
});

describe.each([
  ['redis-server', 'bundled', 'redis-server'],
  ['bundled', 'bundled', 'bundled'],
] as const)(`a chain of %s, %s and %s${redisServerNote}`, (first, second, third) => {
  const test = it.skipIf(first === 'redis-server' && skipWithoutRedisServer);

  test('passes the stream on, byte for byte, and follows a promotion in its middle', async () => {
    const random = seededRandom(seed + 2);
    const [top, middle, bottom] = [await start(first), await start(second), await start(third)];
    await fill(top.client, random, 1000);
    await middle.client.text('REPLICAOF', '127.0.0.1', top.port);
    await linkUp(middle);
    const stop = startTraffic(top.client, random);
    await bottom.client.text('REPLICAOF', '127.0.0.1', middle.port);
    await linkUp(bottom);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await middle.client.text('CLIENT', 'LIST', 'TYPE', 'master')).toContain(
      ` addr=127.0.0.1:${top.port} `,
    );
    expect(await middle.client.call('CLIENT', 'KILL', 'TYPE', 'master')).toBe(1);
    await top.client.call('CLIENT', 'KILL', 'TYPE', 'replica');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await stop();
    await linkUp(middle);
    await linkUp(bottom);
    await expectSame(top, middle);
    await expectSame(top, bottom);
    expect(await middle.info('sync_full')).toBe('1');

    await middle.client.text('REPLICAOF', 'NO', 'ONE');
    await middle.client.pipeline(Array.from({ length: 20 }, () => anyWrite(random)).flat());
    await linkUp(bottom);
    await expectSame(middle, bottom);
    expect(await middle.info('sync_full')).toBe('1');
  });
});
