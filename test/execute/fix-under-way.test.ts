/** Owns the trial of repairs that are not left in peace: by clients who read and write, and by SIGKILL. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { fix } from '../../src/index.ts';
import {
  allStates,
  BrokenCluster,
  type BrokenState,
  isConflict,
  ownersIn,
} from '../helpers/broken-states.ts';
import { type LiveCluster, startCluster } from '../helpers/live-cluster.ts';
import { RawConnection } from '../helpers/raw-connection.ts';
import { faultsOf } from '../helpers/repairs.ts';
import { trib } from '../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../helpers/servers.ts';
import { slotTags } from '../helpers/slot-tags.ts';
import { startTraffic } from '../helpers/traffic.ts';

let live: LiveCluster | undefined;
let broken: BrokenCluster | undefined;
let dir: string | undefined;
afterEach(async () => {
  await live?.stop();
  await broken?.stop();
  if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
  [live, broken, dir] = [undefined, undefined, undefined];
});

const halfMoved = 60;
/** How often it is killed. */
const points = process.env['TRIB_STATES'] === 'all' ? 60 : 2;

/** Opens slots between two masters and moves half of the keys in each, as an interrupted reshard leaves them. */
async function leaveHalfMoved(cluster: LiveCluster): Promise<number> {
  const [source, target] = await Promise.all([0, 1].map((i) => RawConnection.open(cluster.ports[i] ?? 0)));
  if (source === undefined || target === undefined) throw new Error('two masters are needed');
  let moved = 0;
  for (let slot = 0; slot < halfMoved; slot++) {
    await target.text('CLUSTER', 'SETSLOT', slot, 'IMPORTING', cluster.idOf(0));
    await source.text('CLUSTER', 'SETSLOT', slot, 'MIGRATING', cluster.idOf(1));
    const count = Number(await source.text('CLUSTER', 'COUNTKEYSINSLOT', slot));
    const keys = await source.call('CLUSTER', 'GETKEYSINSLOT', slot, Math.ceil(count / 2));
    if (!Array.isArray(keys) || keys.length === 0) continue;
    const names = keys.filter((key) => Buffer.isBuffer(key));
    await source.text('MIGRATE', '127.0.0.1', cluster.ports[1] ?? 0, '', 0, 5000, 'KEYS', ...names);
    moved += names.length;
  }
  source.close();
  target.close();
  return moved;
}

describe.skipIf(skipWithoutRedisServer)(`a repair that is not left in peace${redisServerNote}`, () => {
  it('finishes half-moved slots forward while a client sees every key and loses no write', async () => {
    live = await startCluster(3);
    const tags = slotTags();
    const [port = 0] = live.ports;
    const keyOf = (worker: number, index: number): string =>
      `{${tags[index % halfMoved]}}traffic:${worker}:${index}`;
    const traffic = startTraffic(port, 8, 240, keyOf);
    await until(() => traffic.writes > 4000, 'keys to be written');
    expect(await leaveHalfMoved(live)).toBeGreaterThan(halfMoved);
    const kinds: string[] = [];
    let ok = false;
    for await (const event of fix({ seeds: [{ host: '127.0.0.1', port }] })) {
      if (event.type === 'planned') kinds.push(...event.plan.steps.map(({ kind }) => kind));
      if (event.type === 'finished') ok = event.ok;
    }
    const before = traffic.writes;
    await until(() => traffic.writes > before + 1000, 'more keys to be written');
    const { wrongReads, lostWrites, errors } = await traffic.stop();
    expect({ ok, kinds, wrongReads, lostWrites, errors }).toEqual({
      ...{ ok: true, kinds: ['move-slots', 'wait-agreement'] },
      ...{ wrongReads: 0, lostWrites: 0, errors: [] },
    });
  });

  it('is finished by running it again, or by resume, after SIGKILL behind any command', async () => {
    broken = await BrokenCluster.start('redis-server');
    dir = mkdtempSync(join(tmpdir(), 'trib-fix-'));
    const killer = join(import.meta.dirname, '../helpers/crash-after.mjs');
    const countFile = join(dir, 'count');
    const address = `127.0.0.1:${broken.seed.port}`;
    const env = { XDG_STATE_HOME: join(dir, 'state') };
    const words = ['fix', address, '--search-multiple-owners', '--yes'];
    const candidates = allStates().filter((state) => ownersIn(state) < 2 && !isConflict(state));
    const states = new Map(
      Array.from({ length: 40 }, (_, index) => [
        100 + index,
        candidates[Math.floor(((index + 0.5) * candidates.length) / 40)] as BrokenState,
      ]),
    );
    const breakAll = async (): Promise<void> => {
      await broken?.break(states);
      broken?.bus.heal();
    };
    const countOf = async (...flags: string[]): Promise<number> => {
      const counting = { ...env, CRASH_COUNT: countFile, NODE_OPTIONS: `--import ${killer}` };
      const ran = await trib([...words, ...flags], { env: counting });
      expect([ran.code, ran.stderr]).toEqual([0, '']);
      return Number(readFileSync(countFile, 'utf8'));
    };
    await breakAll();
    const firstLook = await countOf('--dry-run');
    const commands = await countOf();
    const last = commands - (await countOf('--dry-run'));
    await broken.clear(states);
    expect(last - firstLook).toBeGreaterThan(states.size);

    let died = 0;
    for (let index = 0; index < points; index++) {
      // Looking takes most of the commands: it is killed while it changes things.
      const limit = firstLook + Math.ceil(((index + 0.5) / points) * (last - firstLook));
      await breakAll();
      const killed = await trib(words, {
        env: { ...env, CRASH_AFTER: String(limit), NODE_OPTIONS: `--import ${killer}` },
      });
      const where = `after command ${limit} of ${commands}`;
      if (killed.code === null) died++;
      if (index % 2 === 0 && killed.code === null) {
        const resumed = await trib(['resume', address, '--yes'], { env });
        // Before the plan was kept there is nothing to resume.
        if (resumed.code !== 2) expect([where, resumed.code, resumed.stderr]).toEqual([where, 0, '']);
      }
      const again = await trib(words, { env });
      expect([where, again.code, again.stderr]).toEqual([where, 0, '']);
      await trib(['resume', address, '--forget'], { env });
      const outcomes = await broken.inspect(states);
      expect([where, faultsOf(states, { ok: true, listed: new Set(), outcomes }, false)]).toEqual([
        where,
        [],
      ]);
      await broken.clear(states);
    }
    console.log(`killed at ${died} of ${points} points among ${last - firstLook} commands: no key lost`);
    expect(died).toBe(points);
  }, 1_200_000);
});
