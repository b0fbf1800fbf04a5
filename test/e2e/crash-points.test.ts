import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type DatasetKey, inspectDataset, loadDataset, ownerPorts } from '../helpers/dataset.ts';
import { type LiveCluster, startCluster } from '../helpers/live-cluster.ts';
import { type Ran, trib } from '../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer } from '../helpers/servers.ts';
import { slotTags } from '../helpers/slot-tags.ts';
import { startTraffic } from '../helpers/traffic.ts';

// The administrator is killed after every command that it sends, in turn; here after some, evenly spread, and after
// each by `npm run test:crash`, or from one to another by TRIB_CRASH_POINTS=100-200.
const wanted = process.env['TRIB_CRASH_POINTS'] ?? '';
const [firstPoint = 1, lastPoint = Number.POSITIVE_INFINITY] =
  wanted === 'all' ? [] : wanted.split('-').map(Number);
const everyPoint = wanted !== '';
const samples = 4;

const killer = join(import.meta.dirname, '../helpers/crash-after.mjs');
/** So many runs in a row that came to their end before the point: there are no more points. */
const enoughSurvivals = 10;
/** The first slots of the first master; every other one has keys. */
const slots = 10;
const keysInSlot = 25;
const tags = slotTags();

let live: LiveCluster | undefined;
let dir: string | undefined;
afterEach(async () => {
  await live?.stop();
  if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
  [live, dir] = [undefined, undefined];
});

type Recovery = 'resume' | 'fix';

interface Operation {
  readonly words: (cluster: LiveCluster) => readonly string[];
}

const operations: Readonly<Record<string, Operation>> = {
  reshard: {
    words: (cluster) => [
      ...['reshard', cluster.addresses[0] ?? '', '--from', cluster.idOf(0), '--to', cluster.idOf(1)],
      ...['--slots', String(slots), '--yes'],
    ],
  },
  // Ten slots of the first master, about half of them to each of the others.
  rebalance: {
    words: (cluster) => [
      ...['rebalance', cluster.addresses[0] ?? '', '--weight', `${cluster.idOf(0)}=0.9972`],
      ...['--threshold', '0', '--yes'],
    ],
  },
};

describe.skipIf(skipWithoutRedisServer)(`trib killed after any command${redisServerNote}`, () => {
  for (const [name, operation] of Object.entries(operations)) {
    it.each<Recovery>(['resume', 'fix'])(
      `loses no key in a ${name} under traffic, and trib %s leaves a cluster that is well`,
      async (recovery) => {
        const { points, died } = await crashAtEveryPoint(operation, recovery);
        console.log(`${name}, ${recovery}: killed at ${died} of ${points} points, 0 keys lost`);
        expect(died).toBeGreaterThan(0);
      },
      everyPoint ? 3_600_000 : 120_000,
    );
  }
});

/** Throws at the first point after which something is not as it should be. */
async function crashAtEveryPoint(
  operation: Operation,
  recovery: Recovery,
): Promise<{ readonly points: number; readonly died: number }> {
  live = await startCluster(3);
  dir = mkdtempSync(join(tmpdir(), 'trib-crash-'));
  const state = { XDG_STATE_HOME: join(dir, 'state') };
  const dataset = datasetInSlots();
  const [port = 0] = live.ports;
  await loadDataset(port, dataset);
  const layout = await ownerPorts(port);
  const traffic = startTraffic(
    port,
    2,
    20,
    (worker, index) => `{${tags[index % slots]}}traffic:${worker}:${index}`,
  );
  const countFile = join(dir, 'count');
  const run = (limit: number | undefined): Promise<Ran> => {
    const env = limit === undefined ? { CRASH_COUNT: countFile } : { CRASH_AFTER: String(limit) };
    return trib(operation.words(live as LiveCluster), {
      env: { ...state, ...env, NODE_OPTIONS: `--import ${killer}` },
    });
  };
  expect(await run(undefined)).toMatchObject({ code: 0, stderr: '' });
  const commands = Number(readFileSync(countFile, 'utf8'));
  await bringBack(live, layout);

  const points = everyPoint
    ? Array.from({ length: commands }, (_, index) => index + 1).filter(
        (point) => point >= firstPoint && point <= lastPoint,
      )
    : Array.from({ length: samples }, (_, index) => Math.ceil((commands * (index + 0.5)) / samples));
  let died = 0;
  let survivedInARow = 0;
  for (const point of points) {
    if (survivedInARow === enoughSurvivals) break;
    const killed = await run(point);
    const where = `after command ${point} of ${commands}, ${recovery}`;
    // How often it asks while it waits differs from run to run, so the last points may lie beyond the end.
    if (killed.code === null) {
      died++;
      survivedInARow = 0;
    } else {
      expect([where, killed.code, killed.stderr]).toEqual([where, 0, '']);
      survivedInARow++;
    }
    await recover(recovery, live.addresses[0] ?? '', state, where);
    const checked = await trib(['check', live.addresses[0] ?? '', '--json']);
    expect([where, checked.code, JSON.parse(checked.stdout).findings.filter(isError)]).toEqual([
      where,
      0,
      [],
    ]);
    expect({ where, ...(await inspectDataset(port, dataset)) }).toEqual({
      ...{ where, lost: 0, wrong: 0, ttlChanged: 0 },
      ttlDriftMs: expect.any(Number),
    });
    await bringBack(live, layout);
  }
  const { writes, ...findings } = await traffic.stop();
  expect(findings).toEqual({ reads: expect.any(Number), wrongReads: 0, lostWrites: 0, errors: [] });
  expect(writes).toBeGreaterThan(points.length);
  return { points: points.length, died };
}

function isError({ severity }: { readonly severity: string }): boolean {
  return severity === 'error';
}

async function recover(
  recovery: Recovery,
  address: string,
  state: Readonly<Record<string, string>>,
  where: string,
): Promise<void> {
  const recovered = await trib([recovery, address, '--yes'], { env: state });
  // Before the plan was kept, and after it was done, there is nothing to resume: the check tells whether that is true.
  const nothing = recovered.code === 2 && recovered.stderr.startsWith('There is nothing to resume.');
  if (!nothing) expect([where, recovered.code, recovered.stderr]).toEqual([where, 0, '']);
  if (recovery === 'fix') await trib(['resume', address, '--forget'], { env: state });
}

/** Every slot to the master that had it at first. */
async function bringBack(cluster: LiveCluster, layout: readonly number[]): Promise<void> {
  const now = await ownerPorts(cluster.ports[0] ?? 0);
  for (const holder of cluster.ports) {
    for (const owner of cluster.ports) {
      const away = layout.filter((port, slot) => port === owner && now[slot] === holder).length;
      if (holder === owner || away === 0) continue;
      const [from, to] = [holder, owner].map((port) => cluster.ids.get(port) ?? '');
      const moved = await trib([
        ...['reshard', cluster.addresses[0] ?? '', '--from', from ?? '', '--to', to ?? ''],
        ...['--slots', String(away), '--yes'],
      ]);
      expect([moved.code, moved.stderr]).toEqual([0, '']);
    }
  }
  expect(await ownerPorts(cluster.ports[0] ?? 0)).toEqual(layout);
}

/** Keys with and without a time to live, in every other one of the slots. */
function datasetInSlots(): DatasetKey[] {
  const expireAtMs = Date.now() + 3_600_000;
  return Array.from({ length: slots / 2 }, (_, half) => half * 2).flatMap((slot) =>
    Array.from({ length: keysInSlot }, (_, index) => ({
      key: Buffer.from(`{${tags[slot]}}:${index}`),
      value: Buffer.from(`value ${slot} ${index}`),
      slot,
      expireAtMs: index % 2 === 0 ? expireAtMs : undefined,
    })),
  );
}
