/** Owns the node's speed beside redis-server's: redis-benchmark on both by turns, and the time until it is ready. */
import { spawnSync } from 'node:child_process';
import { aboveRow, median, type Row, timeCommand } from './measure.ts';
import { startPlain } from './plain-server.ts';

/** Requests a second of each test, as redis-benchmark counts them. */
function redisBenchmark(port: number, pipeline: number, requests: number): ReadonlyMap<string, number> {
  const { stdout, status } = spawnSync(
    'redis-benchmark',
    ['-p', String(port), '-c', '50', '-d', '64', '-r', '100000', '-n', String(requests)].concat([
      ...['-P', String(pipeline), '-t', 'set,get', '--csv'],
    ]),
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`redis-benchmark ended with ${status}`);
  const lines = stdout.split('\n').flatMap((line) => /^"([A-Z]+)","([\d.]+)"/.exec(line) ?? []);
  const figures = new Map<string, number>();
  for (let at = 0; at + 2 < lines.length; at += 3) figures.set(lines[at + 1] ?? '', Number(lines[at + 2]));
  return figures;
}

export async function nodeSpeed(): Promise<Row[]> {
  const bundled = await startPlain('bundled');
  const redisServer = await startPlain('redis-server');
  const rows: Row[] = [];
  try {
    for (const [pipeline, requests, goal] of [
      [1, 200_000, 0.9],
      [16, 1_000_000, 0.6],
    ] as const) {
      const ours: Map<string, number>[] = [];
      const peers: Map<string, number>[] = [];
      for (let round = 0; round < 4; round++) {
        const [our, peer] = [bundled, redisServer].map(
          ({ port }) => new Map(redisBenchmark(port, pipeline, requests)),
        );
        // The first round warms both up.
        if (round > 0 && our !== undefined && peer !== undefined) {
          ours.push(our);
          peers.push(peer);
        }
      }
      for (const test of ['SET', 'GET']) {
        const rate = median(ours.map((figures) => figures.get(test) ?? Number.NaN));
        const peerRate = median(peers.map((figures) => figures.get(test) ?? Number.NaN));
        rows.push({
          name: `node: ${test}, redis-benchmark -c 50 -d 64 -r 100000 -P ${pipeline}; redis-server`,
          ours: `${Math.round(rate)}/s`,
          peer: `${Math.round(peerRate)}/s`,
          figure: `${(rate / peerRate).toFixed(2)} x`,
          goal: `>= ${goal} x`,
          met: rate / peerRate >= goal,
        });
      }
    }
  } finally {
    await Promise.all([bundled.stop(), redisServer.stop()]);
  }
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
