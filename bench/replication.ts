/**
 * Owns the benchmark of a full synchronisation beside redis-server's: a million small keys from a master to a replica of the same
 * kind, how long a client of the master has to wait meanwhile, and how much memory the master takes for it.
 */
import { RawConnection } from '../test/helpers/raw-connection.ts';
import { until } from '../test/helpers/servers.ts';
import { median, milliseconds, type Row } from './measure.ts';
import { watchAnswers } from './pause-watch.ts';
import { type PlainEngine, type PlainServer, startPlain } from './plain-server.ts';

const keyCount = 1_000_000;
const rounds = 3;
const timeoutMs = 120_000;

interface Figures {
  readonly syncMs: number;
  readonly idleMs: number;
  readonly pauseMs: number;
  /** Resident memory of the master at its highest, to that before. */
  readonly memoryRatio: number;
}

interface Round {
  readonly syncMs: number;
  readonly pauseMs: number;
  readonly memoryRatio: number;
}

async function measure(engine: PlainEngine): Promise<Figures> {
  const master = await startPlain(engine, [
    '--enable-debug-command',
    'yes',
    '--repl-diskless-sync-delay',
    '0',
  ]);
  try {
    const client = await RawConnection.open(master.port);
    await client.text('DEBUG', 'POPULATE', keyCount);
    const results: Round[] = [];
    const idle = await longestPause(master, () => new Promise((resolve) => setTimeout(resolve, 1000)));
    for (let round = 0; round < rounds; round++) results.push(await synchronise(engine, master));
    client.close();
    return {
      syncMs: median(results.map(({ syncMs }) => syncMs)),
      idleMs: idle,
      pauseMs: median(results.map(({ pauseMs }) => pauseMs)),
      memoryRatio: median(results.map(({ memoryRatio }) => memoryRatio)),
    };
  } finally {
    await master.stop();
  }
}

/** From REPLICAOF until the replica has it all and follows. */
async function synchronise(engine: PlainEngine, master: PlainServer): Promise<Round> {
  const replica = await startPlain(engine);
  const client = await RawConnection.open(replica.port);
  const beforeBytes = master.residentBytes();
  let highestBytes = beforeBytes;
  let syncMs = 0;
  try {
    const pauseMs = await longestPause(master, async () => {
      const startMs = performance.now();
      await client.text('REPLICAOF', '127.0.0.1', master.port);
      await until(
        async () => {
          highestBytes = Math.max(highestBytes, master.residentBytes());
          return (await client.text('INFO', 'replication')).includes('master_link_status:up');
        },
        'a full synchronisation',
        timeoutMs,
      );
      syncMs = performance.now() - startMs;
    });
    return { syncMs, pauseMs, memoryRatio: highestBytes / beforeBytes };
  } finally {
    client.close();
    await replica.stop();
  }
}

/** The client writes keys all over the data set. */
async function longestPause(server: PlainServer, during: () => Promise<void>): Promise<number> {
  const requests = Array.from({ length: 1000 }, (_, n) => `SET key:${(n * 7919) % keyCount} changed`);
  const watch = await watchAnswers(server.port, requests);
  await during();
  return watch.end();
}

export async function replicationRows(): Promise<Row[]> {
  const ours = await measure('bundled');
  const peer = await measure('redis-server');
  const ratio = ours.syncMs / peer.syncMs;
  const what = `a full synchronisation of ${keyCount} small keys`;
  return [
    {
      name: `${what}; redis-server`,
      ours: milliseconds(ours.syncMs),
      peer: milliseconds(peer.syncMs),
      figure: `${ratio.toFixed(2)} x`,
      goal: '<= 5 x',
      met: ratio <= 5,
    },
    {
      name: `longest pause of a client that writes during ${what}; redis-server`,
      ours: milliseconds(ours.pauseMs),
      peer: milliseconds(peer.pauseMs),
      figure: `${(ours.pauseMs / peer.pauseMs).toFixed(2)} x`,
      goal: `<= 10 ms + ${milliseconds(ours.idleMs)} (an idle second)`,
      met: ours.pauseMs <= 10 + ours.idleMs,
    },
    {
      name: `memory of the master during ${what}, to that before; redis-server`,
      ours: `${ours.memoryRatio.toFixed(2)} x`,
      peer: `${peer.memoryRatio.toFixed(2)} x`,
      figure: `${(ours.memoryRatio / peer.memoryRatio).toFixed(2)} x`,
      goal: '<= 1.5 x of before',
      met: ours.memoryRatio <= 1.5,
    },
  ];
}
