/** FAILOVER between nodes of either kind: the roles change without a lost write and without a full synchronisation. */
import { afterEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/core/random.ts';
import { itAnswersAlike, usePair } from '../../helpers/compat.ts';
import { RawConnection } from '../../helpers/raw-connection.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import { type Standalone, type StandaloneEngine, startStandalone } from '../../helpers/standalone.ts';
import { anyWrite } from '../../helpers/write-traffic.ts';

const seed = Date.now() & 0xffffff;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(engine: StandaloneEngine): Promise<Standalone> {
  const server = await startStandalone(engine, ['--repl-diskless-sync-delay', '0']);
  closers.push(() => server.stop());
  return server;
}

async function startPair(engines: readonly [StandaloneEngine, StandaloneEngine]) {
  const [master, replica] = [await start(engines[0]), await start(engines[1])];
  await replica.client.text('REPLICAOF', '127.0.0.1', master.port);
  await until(async () => (await replica.info('master_link_status')) === 'up', 'the link');
  await until(async () => (await master.info('slave0')).includes('state=online'), 'the replica online');
  return { master, replica };
}

/** Resolves when the server answers nobody any more; what it resolves with ends when it does again. */
async function putToSleep(server: Standalone, seconds: number): Promise<{ end: Promise<unknown> }> {
  const other = await RawConnection.open(server.port);
  closers.push(() => other.close());
  const end = server.client.text('DEBUG', 'SLEEP', seconds);
  const isAwake = async (): Promise<boolean> => {
    const answer = other.text('PING').then(() => true);
    return Promise.race([answer, new Promise<false>((resolve) => setTimeout(resolve, 300, false))]);
  };
  while (await isAwake());
  return { end };
}

const state = (server: Standalone): Promise<string> => server.info('master_failover_state');

describe.each([
  ['bundled', 'redis-server'],
  ['redis-server', 'bundled'],
  ['bundled', 'bundled'],
] as const)(`from %s to %s${redisServerNote}`, (masterEngine, replicaEngine) => {
  const needsRedis = masterEngine !== 'bundled' || replicaEngine !== 'bundled';
  const test = it.skipIf(needsRedis && skipWithoutRedisServer);

  test(`hands over what is written until then (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const { master, replica } = await startPair([masterEngine, replicaEngine]);
    await master.client.pipeline(Array.from({ length: 300 }, () => anyWrite(random)).flat());
    const target = ['TO', '127.0.0.1', replica.port];
    expect(await master.client.text('FAILOVER', ...target, 'TIMEOUT', 20_000)).toBe('OK');
    // A write that comes now waits, and is then refused by a replica: it is in neither data set.
    const late = master.client.call('SET', 'late', '1');
    expect(String(await late)).toContain('READONLY');
    await until(async () => (await replica.info('role')) === 'master', 'the change of roles');
    await until(async () => (await master.info('master_link_status')) === 'up', 'the link back');
    expect(await state(master)).toBe('no-failover');
    await replica.client.pipeline(Array.from({ length: 100 }, () => anyWrite(random)).flat());
    // Some keys live for milliseconds only: the deletion of one may still be on its way.
    const digest = (server: Standalone): Promise<string> => server.client.text('DEBUG', 'DIGEST');
    await until(async () => (await digest(replica)) === (await digest(master)), 'equal data');
    expect(await replica.info('sync_full')).toBe('0');
    expect(await replica.info('sync_partial_ok')).toBe('1');
    expect(await replica.client.call('EXISTS', 'late')).toBe(0);
  });

  test('goes back when the replica does not catch up in time, or on demand', async () => {
    const { master, replica } = await startPair([masterEngine, replicaEngine]);
    const stalled = await putToSleep(replica, 2);
    // The replica is away: nobody acknowledges this.
    await master.client.text('SET', 'a', '1');
    expect(await master.client.text('FAILOVER', 'TIMEOUT', 60_000)).toBe('OK');
    expect(await state(master)).toBe('waiting-for-sync');
    expect(await master.client.text('GET', 'a')).toBe('1');
    expect(String(await master.client.call('REPLICAOF', 'NO', 'ONE'))).toContain(
      'REPLICAOF not allowed while failing over.',
    );
    expect(await master.client.text('FAILOVER', 'ABORT')).toBe('OK');
    expect(await state(master)).toBe('no-failover');
    expect(await master.client.text('SET', 'b', '2')).toBe('OK');
    await stalled.end;
    expect(await master.info('role')).toBe('master');
  }, 20_000);
});

describe.skipIf(skipWithoutRedisServer)(`its words${redisServerNote}`, () => {
  itAnswersAlike(usePair(), {
    'nobody to hand over to': ['FAILOVER', 'FAILOVER ABORT', 'FAILOVER TO 127.0.0.1 1', 'FAILOVER FORCE'],
    'what cannot be meant': [
      'FAILOVER TO 127.0.0.1',
      'FAILOVER TO 127.0.0.1 x',
      'FAILOVER TIMEOUT',
      'FAILOVER TIMEOUT x',
      'FAILOVER TIMEOUT 0',
      'FAILOVER TIMEOUT -5',
      'FAILOVER TIMEOUT 5 TIMEOUT 6',
      'FAILOVER FORCE FORCE',
      'FAILOVER ABORT NOW',
      'FAILOVER NONSENSE',
      'FAILOVER TO a 1 TO b 2',
    ],
  });
});
