/**
 * `npm run test:ring [ROUNDS [SLOTS [LOOPS]]]`: redis-cli moves slots round a ring of three masters and trib moves them back
 * at once, beside LOOPS busy processes; every key is looked for at the end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { inspectDataset, loadDataset, makeDataset } from '../helpers/dataset.ts';
import { startCluster } from '../helpers/live-cluster.ts';
import { redisCli, trib } from '../helpers/run.ts';

const rounds = Number(process.argv[2] ?? 300);
const slots = process.argv[3] ?? '60';
const loops = Number(process.argv[4] ?? 2);
const dataset = makeDataset(20_000, 7, Date.now());
const live = await startCluster(3, { nodeTimeoutMs: 1000 });
const load: ChildProcess[] = Array.from({ length: loops }, () =>
  spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
);
const totals = { rounds: 0, refusedByRedisCli: 0, failed: 0, tribMs: 0 };
try {
  const [first = ''] = live.addresses;
  await loadDataset(live.ports[0] ?? 0, dataset);
  for (let round = 0; round < rounds; round++) {
    const from = live.idOf(round % 3);
    const to = live.idOf((round + 1 + (round % 2)) % 3);
    const ends = ['--cluster-from', from, '--cluster-to', to, '--cluster-slots', slots, '--cluster-yes'];
    const away = await redisCli(['--cluster', 'reshard', first, ...ends]);
    if (away.code !== 0) {
      // It looks at the cluster before the nodes agree, and refuses.
      totals.refusedByRedisCli++;
      await new Promise((resolve) => setTimeout(resolve, 500));
      continue;
    }
    const startMs = performance.now();
    const back = await trib(['reshard', first, '--from', to, '--to', from, '--slots', slots, '--yes']);
    totals.tribMs += performance.now() - startMs;
    totals.rounds++;
    if (back.code === 0) continue;
    totals.failed++;
    console.info(`round ${round}: ${back.stderr}`);
  }
  const found = await inspectDataset(live.ports[0] ?? 0, dataset);
  console.info(
    JSON.stringify({ ...totals, tribMs: Math.round(totals.tribMs / Math.max(1, totals.rounds)), ...found }),
  );
  process.exitCode = found.lost + found.wrong + totals.failed === 0 ? 0 : 1;
} finally {
  for (const child of load) child.kill('SIGKILL');
  await live.stop();
}
