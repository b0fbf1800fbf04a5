/** Links that are cut at random under write load, in both directions and in chains: nothing is lost, and little is sent twice. */
import { afterEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/core/random.ts';
import { type CuttableLink, cuttableLink } from '../../helpers/cuttable-link.ts';
import type { RawConnection } from '../../helpers/raw-connection.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import { type Standalone, type StandaloneEngine, startStandalone } from '../../helpers/standalone.ts';
import { anyWrite, startTraffic } from '../../helpers/write-traffic.ts';

const seed = Number(process.env['TRIB_SEED'] ?? Date.now() & 0xffffff);
const CUTS = 4;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(engine: StandaloneEngine, ...directives: string[]): Promise<Standalone> {
  const server = await startStandalone(engine, ['--repl-diskless-sync-delay', '0', ...directives]);
  closers.push(() => server.stop());
  return server;
}

/** The replica follows the master over a way that can be cut. */
async function follow(replica: Standalone, master: Standalone): Promise<CuttableLink> {
  const link = await cuttableLink(master.port);
  closers.push(() => link.close());
  await replica.client.text('REPLICAOF', '127.0.0.1', link.port);
  return link;
}

const isUp = async (replica: Standalone): Promise<boolean> =>
  (await replica.info('master_link_status')) === 'up';

/** Every key of every database with the digest of its value. */
async function digests(client: RawConnection): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const db of [0, 1, 2, 3]) {
    await client.text('SELECT', db);
    const keys = (await client.call('KEYS', '*')) as Buffer[];
    const values = keys.length > 0 ? ((await client.call('DEBUG', 'DIGEST-VALUE', ...keys)) as string[]) : [];
    for (const [at, key] of keys.entries()) found.set(`${db} ${key.toString('hex')}`, String(values[at]));
  }
  await client.text('SELECT', 0);
  return found;
}

async function expectSame(master: Standalone, replica: Standalone): Promise<void> {
  await until(
    async () => (await master.info('master_repl_offset')) === (await replica.info('slave_repl_offset')),
    'equal offsets',
  );
  await until(
    async () =>
      (await master.client.text('DEBUG', 'DIGEST')) === (await replica.client.text('DEBUG', 'DIGEST')),
    'equal digests',
  ).catch(async () => {
    // Which keys differ says more.
    expect(await digests(replica.client)).toEqual(await digests(master.client));
  });
  expect(await digests(replica.client)).toEqual(await digests(master.client));
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const pairs: readonly (readonly [StandaloneEngine, StandaloneEngine])[] = [
  ['redis-server', 'bundled'],
  ['bundled', 'redis-server'],
  ['bundled', 'bundled'],
];

describe.each(pairs)(`%s as master, %s as replica${redisServerNote}`, (masterEngine, replicaEngine) => {
  const needsRedis = masterEngine !== 'bundled' || replicaEngine !== 'bundled';
  const test = it.skipIf(needsRedis && skipWithoutRedisServer);

  test.each([
    ['yes', 'disabled'],
    ['no', 'swapdb'],
  ])(`go on where they were (diskless-sync %s, diskless-load %s, seed ${seed})`, async (sync, load) => {
    const random = seededRandom(seed);
    const master = await start(masterEngine, '--repl-backlog-size', '100mb', '--repl-diskless-sync', sync);
    const replica = await start(replicaEngine, '--repl-diskless-load', load);
    await master.client.text('DEBUG', 'POPULATE', 20_000, 'filled', 200);
    const stop = startTraffic(master.client, random, anyWrite);
    const link = await follow(replica, master);
    // The first ones come while all the data are sent.
    for (let cut = 0; cut < 3; cut++) {
      await sleep(random.below(60));
      link.cut();
    }
    await until(() => isUp(replica), 'the link');
    const fullSyncs = Number(await master.info('sync_full'));
    for (let cut = 0; cut < CUTS; cut++) {
      await sleep(random.below(80));
      const before = link.connections;
      link.cut();
      await until(async () => link.connections > before && (await isUp(replica)), 'the link again');
    }
    expect(await stop()).toBeGreaterThan(0);
    await expectSame(master, replica);
    expect(Number(await master.info('sync_full'))).toBe(fullSyncs);
    expect(Number(await master.info('sync_partial_ok'))).toBeGreaterThanOrEqual(CUTS);
  });
});

describe.each([
  ['redis-server', 'bundled', 'redis-server'],
  ['bundled', 'redis-server', 'bundled'],
  ['bundled', 'bundled', 'bundled'],
] as const)(`a chain of %s, %s and %s${redisServerNote}`, (first, second, third) => {
  const test = it.skipIf(second !== first && skipWithoutRedisServer);

  test(`holds together when either of its links is cut (seed ${seed})`, async () => {
    const random = seededRandom(seed + 1);
    const more = ['--repl-backlog-size', '100mb'];
    const top = await start(first, ...more);
    const middle = await start(second, ...more);
    const bottom = await start(third, ...more);
    await top.client.text('DEBUG', 'POPULATE', 2000, 'filled', 100);
    const stop = startTraffic(top.client, random, anyWrite);
    const links = [await follow(middle, top)];
    await until(() => isUp(middle), 'the upper link');
    links.push(await follow(bottom, middle));
    await until(() => isUp(bottom), 'the lower link');
    for (let cut = 0; cut < CUTS; cut++) {
      await sleep(random.below(60));
      links[random.below(2)]?.cut();
    }
    await stop();
    await until(async () => (await isUp(middle)) && (await isUp(bottom)), 'both links');
    await expectSame(top, middle);
    await expectSame(top, bottom);
    expect(await top.info('sync_full')).toBe('1');
    expect(await middle.info('sync_full')).toBe('1');
    expect(await bottom.info('master_replid')).toBe(await top.info('master_replid'));
  });
});
