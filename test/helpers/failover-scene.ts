/**
 * Owns the scene in which a master is killed in the middle of a move: three masters with a replica each, clients that
 * write new keys into the moving slots, and kill -9.
 */

import { messageOf } from '../../src/core/errors.ts';
import { seededRandom } from '../../src/core/random.ts';
import { reshard } from '../../src/execute/operations/reshard.ts';
import type { Engine } from '../../src/local/engine.ts';
import { defaultMoveOptions } from '../../src/plan/plan.ts';
import { keySlot } from '../../src/protocol/slots/key-slot.ts';
import { parseNodes } from '../../src/protocol/text/nodes.ts';
import { lostOf, startWriters } from './confirmed-writes.ts';
import { type LiveCluster, startCluster } from './live-cluster.ts';
import { RawConnection } from './raw-connection.ts';
import { until } from './servers.ts';

export interface FailoverFindings {
  /** "done", or the words of the error with which the move ended. */
  readonly outcome: string;
  /** Writes that were acknowledged, and by WAIT 1 on a replica as well. */
  readonly acknowledged: number;
  /** Those of them that are not there at the end. */
  readonly lost: readonly string[];
  /** Slots that were moved after the kill. */
  readonly movedAfter: number;
  readonly tookMs: number;
  /** What is wrong with the cluster at the end: slots that are open, or claimed by nobody. */
  readonly errors: readonly string[];
}

const movedSlots = 200;
const keysEach = 25;

/** Moves slots from the first master to the second, and kills one of them when some have gone over. */
export async function moveThroughFailover(
  victim: 'source' | 'target',
  seed: number,
  engine: Engine = 'redis-server',
): Promise<FailoverFindings> {
  const random = seededRandom(seed);
  const live = await startCluster(6, {
    replicas: 1,
    engine,
    nodeTimeoutMs: 1000,
    directives: [['repl-diskless-sync-delay', '0']],
  });
  try {
    await untilReplicated(live);
    const nodes = await nodesOf(live.ports[0] ?? 0);
    const ownerOf = (slot: number) =>
      nodes.find(({ slots }) => slots.some(({ first, last }) => first <= slot && slot <= last));
    const [source, target] = [ownerOf(0), ownerOf(16_383)];
    const tags = tagsOf(movedSlots);
    await fill(source?.port ?? 0, tags);
    const tell = (text: string): void => {
      if (process.env['TRIB_TEST_TELL'] !== undefined)
        console.info(`${Math.round(performance.now())} ${text}`);
    };
    const writers = startWriters(live.ports, tags, 4);
    const killAfter = 20 + random.below(movedSlots - 60);
    let [moved, movedAfter, isKilled] = [0, 0, false];
    let outcome = 'done';
    const startMs = performance.now();
    const seedPort = ownerOf(8000)?.port ?? 0;
    try {
      const operation = reshard({
        seeds: [{ host: '127.0.0.1', port: seedPort }],
        request: () => ({
          slots: movedSlots,
          targetId: target?.id ?? '',
          sourceIds: [source?.id ?? ''],
          options: { ...defaultMoveOptions, keysPerSecond: 6000 },
        }),
      });
      for await (const event of operation) {
        if (event.type === 'retrying') tell(`${event.node.port}: ${event.reason}`);
        if (event.type !== 'slot-moved') continue;
        moved++;
        if (isKilled) movedAfter++;
        if (moved < killAfter || isKilled) continue;
        isKilled = true;
        const port = (victim === 'source' ? source : target)?.port ?? 0;
        tell(`kill ${port} after ${moved} slots`);
        await live.kill(live.ports.indexOf(port));
      }
    } catch (error) {
      outcome = messageOf(error);
    }
    tell(`${outcome} ${moved}`);
    const tookMs = performance.now() - startMs;
    const acknowledged = await writers.stop();
    tell(`${acknowledged.size} acknowledged`);
    const lost = await lostOf(live.ports, acknowledged);
    const errors = await problemsOf(seedPort);
    tell(`${lost.join(', ')} ${errors.join(', ')}`);
    return { outcome, acknowledged: acknowledged.size, lost, movedAfter, tookMs, errors };
  } finally {
    await live.stop();
  }
}

/** One hash tag for each of the first slots. */
function tagsOf(slots: number): string[] {
  const tags: string[] = new Array(slots);
  for (let number = 0, found = 0; found < slots; number++) {
    const slot = keySlot(String(number));
    if (slot >= slots || tags[slot] !== undefined) continue;
    tags[slot] = String(number);
    found++;
  }
  return tags;
}

async function fill(port: number, tags: readonly string[]): Promise<void> {
  const connection = await RawConnection.open(port);
  for (const tag of tags) {
    await connection.pipeline(
      Array.from({ length: keysEach }, (_, index) => ['SET', `{${tag}}:${index}`, 'x'.repeat(100)]),
    );
  }
  connection.close();
}

async function nodesOf(port: number): Promise<ReturnType<typeof parseNodes>> {
  const connection = await RawConnection.open(port);
  const lines = parseNodes(await connection.text('CLUSTER', 'NODES'));
  connection.close();
  return lines;
}

async function untilReplicated(live: LiveCluster): Promise<void> {
  for (const port of live.ports) {
    const connection = await RawConnection.open(port);
    await until(async () => {
      const info = await connection.text('INFO', 'replication');
      return info.includes('state=online') || info.includes('master_link_status:up');
    }, 'replicas in sync');
    connection.close();
  }
}

/** Open slots at any master, and slots of nobody, once all masters that are left say the same. */
async function problemsOf(port: number): Promise<string[]> {
  let problems: string[] = [];
  await until(
    async () => {
      const masters = (await nodesOf(port)).filter(
        ({ flags }) => flags.includes('master') && !flags.includes('fail'),
      );
      const views = await Promise.all(masters.map((line) => nodesOf(line.port)));
      const open = views.flat().flatMap(({ migrating, importing }) => [...migrating, ...importing]);
      const count = masters
        .flatMap(({ slots }) => slots)
        .reduce((sum, { first, last }) => sum + last - first + 1, 0);
      problems = [
        ...open.map(({ slot }) => `slot ${slot} is open`),
        ...(count === 16_384 ? [] : [`${count} slots are covered`]),
      ];
      return problems.length === 0;
    },
    'a cluster without open slots',
    5000,
  ).catch(() => {});
  return problems;
}
