/**
 * Owns the node's speed beside redis-server's: the whole default set of redis-benchmark on both by turns, and the time until
 * the node is ready. redis-benchmark keeps a core of its own busy: on two cores a server has the other one, shared with all
 * else that runs. A ratio is that of one turn, in which both had the same machine; the median of them is what counts.
 * Beside the rates stands the processor time of a request, which other work on the machine moves less; that of an LRANGE has in it
 * the LPUSH that fills the list.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';
import { RawConnection } from '../test/helpers/raw-connection.ts';
import { aboveRow, median, type Row, timeCommand } from './measure.ts';
import { type PlainServer, startPlain } from './plain-server.ts';

/** The first round warms both servers up. */
const rounds = 4;
const pipelines = [
  { pipeline: 1, requests: 30_000, goal: 0.9 },
  { pipeline: 16, requests: 200_000, goal: 0.6 },
] as const;

interface Test {
  readonly name: string;
  /** What redis-benchmark is told: one of its own tests, or a command. */
  readonly words: readonly string[];
  /** Requests, to those of the others. */
  readonly share: number;
  /** In place of that of the pipeline; 0 for none. */
  readonly goal?: number;
}

const own = (name: string, more: Partial<Test> = {}): Test => ({
  name: name.toUpperCase(),
  words: ['-t', name],
  share: 1,
  ...more,
});

/** Tests of one line share their keys: what some put there, others take. */
const tests: readonly (readonly Test[])[] = [
  [own('ping_inline', { goal: 0 }), own('ping_mbulk', { goal: 0 })],
  [own('set'), own('get'), own('incr')],
  [own('lpush'), own('rpush'), own('lpop'), own('rpop')],
  [own('sadd'), own('spop', { goal: 0 })],
  [own('hset')],
  [own('zadd'), own('zpopmin', { goal: 0 })],
  [100, 300, 500, 600].map((count) => own(`lrange_${count}`, { share: 0.2, goal: 0.5 })),
  [own('mset', { share: 0.2 })],
  [{ name: 'XADD', words: ['XADD', 'mystream', '*', 'field', 'value'], share: 1, goal: 0 }],
];

/** Requests a second. */
function redisBenchmark(port: number, { words, share }: Test, pipeline: number, requests: number): number {
  const counts = ['-r', '100000', '-n', String(Math.ceil(requests * share)), '-P', String(pipeline)];
  const { stdout, status } = spawnSync(
    'redis-benchmark',
    ['-p', String(port), ...counts, '--csv', ...words],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`redis-benchmark ended with ${status}`);
  // A line for each test: the last one is what was asked for, behind what it needed.
  const [, rate] = /^"[^"]*","([\d.]+)"/.exec(stdout.trim().split('\n').at(-1) ?? '') ?? [];
  if (!(Number(rate) > 0)) throw new Error(`redis-benchmark said ${stdout}`);
  return Number(rate);
}

interface Run {
  /** Requests a second. */
  readonly rate: number;
  /** Of the server, for a request. */
  readonly processorMicroseconds: number;
}

/** The tests that share their keys, on an empty server. */
async function runGroup(
  server: PlainServer,
  group: readonly Test[],
  pipeline: number,
  requests: number,
): Promise<Run[]> {
  const client = await RawConnection.open(server.port);
  await client.text('FLUSHALL');
  client.close();
  return group.map((test) => {
    const beforeMs = server.processorMs();
    const rate = redisBenchmark(server.port, test, pipeline, requests);
    const tookMs = server.processorMs() - beforeMs;
    return { rate, processorMicroseconds: (tookMs * 1000) / (requests * test.share) };
  });
}

async function pipelineRows(
  bundled: PlainServer,
  redisServer: PlainServer,
  { pipeline, requests, goal }: (typeof pipelines)[number],
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const group of tests) {
    const turns: { ours: Run[]; peers: Run[] }[] = [];
    for (let round = 0; round < rounds; round++) {
      const ours = await runGroup(bundled, group, pipeline, requests);
      const peers = await runGroup(redisServer, group, pipeline, requests);
      if (round > 0) turns.push({ ours, peers });
    }
    for (const [at, test] of group.entries()) {
      const ours = turns.flatMap((turn) => turn.ours[at] ?? []);
      const peers = turns.flatMap((turn) => turn.peers[at] ?? []);
      rows.push(rateRow(`${test.name} -P ${pipeline}`, ours, peers, test.goal ?? goal));
    }
  }
  return rows;
}

function rateRow(name: string, ours: readonly Run[], peers: readonly Run[], goal: number): Row {
  const ratio = median(ours.map(({ rate }, turn) => rate / (peers[turn]?.rate ?? Number.NaN)));
  return {
    name: `node: ${name}; redis-server`,
    ours: shown(ours),
    peer: shown(peers),
    figure: `${ratio.toFixed(2)} x`,
    goal: goal === 0 ? '-' : `>= ${goal} x`,
    met: ratio >= goal,
  };
}

function shown(runs: readonly Run[]): string {
  const microseconds = median(runs.map(({ processorMicroseconds }) => processorMicroseconds));
  return `${Math.round(median(runs.map(({ rate }) => rate)))}/s, ${microseconds.toFixed(1)} us`;
}

export async function nodeSpeed(): Promise<Row[]> {
  const bundled = await startPlain('bundled');
  const redisServer = await startPlain('redis-server');
  const rows: Row[] = [];
  const busyBefore = loadavg()[0] ?? 0;
  try {
    for (const each of pipelines) rows.push(...(await pipelineRows(bundled, redisServer, each)));
  } finally {
    await Promise.all([bundled.stop(), redisServer.stop()]);
  }
  process.stdout.write(
    `redis-benchmark -c 50 -d 3 -r 100000 by turns, medians of ${rounds - 1}; it keeps a core busy. us: processor time a request. ` +
      `${availableParallelism()} cores, load ${busyBefore.toFixed(1)} before and ${(loadavg()[0] ?? 0).toFixed(1)} after.\n`,
  );
  rows.push(await readyRow());
  return rows;
}

async function readyRow(): Promise<Row> {
  const [ready, bare]: [number[], number[]] = [[], []];
  for (let round = 0; round < 7; round++) {
    bare.push(timeCommand(process.execPath, ['-e', '0']));
    const server = await startPlain('bundled');
    ready.push(server.readyMs);
    await server.stop();
  }
  return aboveRow('node: ready for connections', median(ready), median(bare), 150);
}
