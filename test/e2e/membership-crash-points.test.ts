import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { nodeById } from '../../src/cluster/topology.ts';
import { inspectDataset, loadDataset, makeDataset } from '../helpers/dataset.ts';
import { type Ran, trib } from '../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer } from '../helpers/servers.ts';
import { type ClusterWithSpares, startWithSpares } from '../helpers/spares.ts';

// The administrator is killed after some of the commands that it sends, evenly spread; after each with
// TRIB_CRASH_POINTS=all.
const everyPoint = process.env['TRIB_CRASH_POINTS'] === 'all';
const samples = 3;
const killer = join(import.meta.dirname, '../helpers/crash-after.mjs');
const timeLimitMs = everyPoint ? 3_600_000 : 120_000;

let live: ClusterWithSpares;
let dir = '';
afterEach(async () => {
  await live?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const port = (): number => live.ports[0] ?? 0;
const seed = (): string => live.addresses[0] ?? '';
const state = (): Record<string, string> => ({ XDG_STATE_HOME: join(dir, 'state') });

/** Ends in order when there is no limit; otherwise it dies behind so many commands, if it sends as many. */
function run(words: readonly string[], limit?: number): Promise<Ran> {
  const counted = { CRASH_COUNT: join(dir, 'count') };
  const env = limit === undefined ? counted : { CRASH_AFTER: String(limit) };
  return trib(words, { env: { ...state(), ...env, NODE_OPTIONS: `--import ${killer}` } });
}

/** How often each operation was killed; `expectDone` looks whether it is done in the end. */
async function crashThrough(
  operations: readonly { readonly words: readonly string[]; readonly expectDone: () => Promise<void> }[],
): Promise<number> {
  const dataset = makeDataset(300, 20_261_122, Date.now());
  await loadDataset(port(), dataset);
  const counts: number[] = [];
  for (const { words, expectDone } of operations) {
    expect(await run(words)).toMatchObject({ code: 0, stderr: '' });
    counts.push(Number(readFileSync(join(dir, 'count'), 'utf8')));
    await expectDone();
  }
  let died = 0;
  const rounds = everyPoint ? Math.max(...counts) : samples;
  for (let round = 0; round < rounds; round++) {
    for (const [index, { words, expectDone }] of operations.entries()) {
      const count = counts[index] ?? 0;
      const point = everyPoint ? round + 1 : Math.ceil((count * (round + 0.5)) / rounds);
      const where = `${words[0]}, killed after command ${point} of ${count}`;
      const killed = await run(words, point);
      if (killed.code === null) died++;
      else expect([where, killed.code, killed.stderr]).toEqual([where, 0, '']);
      const resumed = await trib(['resume', seed(), '--yes'], { env: state() });
      if (resumed.stderr.startsWith('There is nothing to resume.')) {
        // Killed before its first effect, or after its last.
        if (killed.code === null && !(await isDone(expectDone)))
          expect(await run(words)).toMatchObject({ code: 0, stderr: '' });
      } else expect([where, resumed.code, resumed.stderr]).toEqual([where, 0, '']);
      await expectDone();
      const found = await inspectDataset(port(), dataset);
      expect({ where, ...found }).toMatchObject({ where, lost: 0, wrong: 0 });
    }
  }
  const checked = await trib(['check', seed(), '--json']);
  expect([checked.code, checked.stderr]).toEqual([0, '']);
  return died;
}

async function isDone(expectDone: () => Promise<void>): Promise<boolean> {
  return expectDone().then(
    () => true,
    () => false,
  );
}

async function expectGone(index: number, count: number): Promise<void> {
  const topology = await live.topology();
  expect(topology.nodes).toHaveLength(count);
  expect(nodeById(topology, live.idOf(index))).toBeUndefined();
  expect(
    String(await live.call(index, 'CLUSTER', 'NODES'))
      .trim()
      .split('\n'),
  ).toHaveLength(1);
}

describe.skipIf(skipWithoutRedisServer)(`trib killed while nodes come and go${redisServerNote}`, () => {
  it(
    'adds a master, gives it slots, drains it and lets it go: resume finishes each',
    async () => {
      dir = mkdtempSync(join(tmpdir(), 'trib-crash-'));
      live = await startWithSpares(3, 1);
      const spare = live.addresses[3] ?? '';
      const died = await crashThrough([
        {
          words: ['add-node', spare, seed()],
          expectDone: async () => {
            const { nodes } = await live.topology();
            expect(nodes.map(({ view }) => view?.lines.length)).toEqual([4, 4, 4, 4]);
          },
        },
        {
          words: ['reshard', seed(), '--from', live.idOf(1), '--to', live.idOf(3), '--slots', '40', '--yes'],
          expectDone: async () =>
            expect(nodeById(await live.topology(), live.idOf(3))?.slotCount).toBeGreaterThan(0),
        },
        {
          words: ['del-node', seed(), live.idOf(3), '--drain', '--yes'],
          expectDone: () => expectGone(3, 3),
        },
      ]);
      expect(died).toBeGreaterThan(samples);
    },
    timeLimitMs,
  );

  it(
    'puts a new master in the place of another, and back: resume finishes each',
    async () => {
      dir = mkdtempSync(join(tmpdir(), 'trib-crash-'));
      live = await startWithSpares(4, 1, { directives: [['cluster-migration-barrier', '100']] });
      const replace = (old: number, fresh: number) => ({
        words: ['replace-node', seed(), live.idOf(old), live.addresses[fresh] ?? '', '--yes'],
        expectDone: async () => {
          await expectGone(old, 4);
          expect(nodeById(await live.topology(), live.idOf(fresh))?.slotCount).toBe(4096);
        },
      });
      const died = await crashThrough([replace(3, 4), replace(4, 3)]);
      expect(died).toBeGreaterThan(samples);
    },
    timeLimitMs,
  );
});
