/**
 * Owns the benchmarks of RDB files beside redis-server: the longest pause of a client that writes during a BGSAVE, the load of a
 * file at the start, and the memory that its keys take. A million small keys each.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RawConnection } from '../test/helpers/raw-connection.ts';
import { until } from '../test/helpers/servers.ts';
import { median, milliseconds, type Row } from './measure.ts';
import { watchAnswers } from './pause-watch.ts';
import { type PlainEngine, type PlainServer, startPlain } from './plain-server.ts';

const keyCount = 1_000_000;
const rounds = 3;
const loadTimeoutMs = 60_000;

interface Figures {
  readonly idleMs: number;
  readonly pauseMs: number;
  readonly loadMs: number;
  readonly keyBytes: number;
}

/** `file`: an RDB with the keys. */
async function measure(engine: PlainEngine, file: string): Promise<Figures> {
  const [idle, pauses, loads, memory]: number[][] = [[], [], [], []];
  for (let round = 0; round < rounds; round++) {
    const dir = mkdtempSync(join(tmpdir(), 'trib-bench-'));
    const empty = await startPlain(engine);
    const emptyBytes = empty.residentBytes();
    await empty.stop();
    cpSync(file, join(dir, 'dump.rdb'));
    const startMs = performance.now();
    const server = await startPlain(engine, ['--dir', dir]);
    const client = await loaded(server);
    loads?.push(performance.now() - startMs);
    memory?.push((server.residentBytes() - emptyBytes) / keyCount);
    try {
      idle?.push(await longestPause(server, () => new Promise((resolve) => setTimeout(resolve, 1000))));
      pauses?.push(await longestPause(server, () => save(client)));
    } finally {
      client.close();
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  }
  return {
    idleMs: median(idle ?? []),
    pauseMs: median(pauses ?? []),
    loadMs: median(loads ?? []),
    keyBytes: median(memory ?? []),
  };
}

async function loaded(server: PlainServer): Promise<RawConnection> {
  const client = await RawConnection.open(server.port);
  await until(
    async () => String(await client.call('DBSIZE')) === String(keyCount),
    'the keys',
    loadTimeoutMs,
  );
  return client;
}

/** The client writes keys all over the data set: each has to be kept as it was until it is saved. */
async function longestPause(server: PlainServer, during: () => Promise<void>): Promise<number> {
  const requests = Array.from({ length: 1000 }, (_, n) => `SET key:${(n * 7919) % keyCount} changed`);
  const watch = await watchAnswers(server.port, requests);
  await during();
  return watch.end();
}

async function save(client: RawConnection): Promise<void> {
  await client.text('BGSAVE');
  await until(
    async () => (await client.text('INFO', 'persistence')).includes('rdb_bgsave_in_progress:0'),
    'the end of a BGSAVE',
    loadTimeoutMs,
  );
}

export async function rdbRows(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'trib-bench-'));
  try {
    const maker = await startPlain('redis-server', ['--dir', dir, '--enable-debug-command', 'yes']);
    const client = await RawConnection.open(maker.port);
    await client.text('DEBUG', 'POPULATE', keyCount);
    await client.text('SAVE');
    client.close();
    await maker.stop();
    const file = join(dir, 'dump.rdb');
    const ours = await measure('bundled', file);
    const peer = await measure('redis-server', file);
    const pauseGoalMs = 10 + ours.idleMs;
    return [
      {
        name: `longest pause of a client that writes during a BGSAVE of ${keyCount} small keys; redis-server`,
        ours: milliseconds(ours.pauseMs),
        peer: milliseconds(peer.pauseMs),
        figure: `${(ours.pauseMs / peer.pauseMs).toFixed(2)} x`,
        goal: `<= 10 ms + ${milliseconds(ours.idleMs)} (an idle second)`,
        met: ours.pauseMs <= pauseGoalMs,
      },
      ratioRow('start with an RDB of a million small keys, until they are served; redis-server', 4, {
        ours: ours.loadMs,
        peer: peer.loadMs,
        shown: milliseconds,
      }),
      ratioRow('memory of a million small keys, each; redis-server', 3, {
        ours: ours.keyBytes,
        peer: peer.keyBytes,
        shown: (bytes) => `${Math.round(bytes)} bytes`,
      }),
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** "N x as much", with its goal. */
function ratioRow(
  name: string,
  goal: number,
  { ours, peer, shown }: { ours: number; peer: number; shown: (value: number) => string },
): Row {
  const ratio = ours / peer;
  return {
    name,
    ours: shown(ours),
    peer: shown(peer),
    figure: `${ratio.toFixed(2)} x`,
    goal: `<= ${goal} x`,
    met: ratio <= goal,
  };
}
