/** Owns the benchmarks of what brings data in and out: backup and restore, import. Every key is compared afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareCopies, copiesOn } from '../test/helpers/copies.ts';
import { loadDataset, makeDataset } from '../test/helpers/dataset.ts';
import { startCluster } from '../test/helpers/live-cluster.ts';
import { startStandalone } from '../test/helpers/standalone.ts';
import { fasterRow, median, milliseconds, type Row, timeCommand } from './measure.ts';

const keyCount = 300_000;
const seed = 20_251_125;
/** Otherwise what is measured is how long a master waits for more replicas before it begins. */
const atOnce = { directives: [['repl-diskless-sync-delay', '0']] } as const;
const trib = (...words: readonly string[]): number => timeCommand(process.execPath, ['bin/run.js', ...words]);
const redisCli = (...words: readonly string[]): number => timeCommand('redis-cli', ['--cluster', ...words]);

export async function dataRows(): Promise<Row[]> {
  return [...(await backupAndRestore()), await importing()];
}

async function backupAndRestore(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'trib-bench-'));
  const source = await startCluster(3, atOnce);
  const target = await startCluster(5, atOnce);
  try {
    const [from = '', to = ''] = [source.addresses[0], target.addresses[0]];
    await loadDataset(source.ports[0] ?? 0, makeDataset(keyCount, seed, Date.now()));
    const times: [number[], number[]] = [[], []];
    for (let round = 0; round < 3; round++) {
      times[0].push(trib('backup', from, join(dir, `ours${round}`)));
      const theirs = mkdtempSync(join(dir, 'theirs-'));
      times[1].push(redisCli('backup', from, theirs));
    }
    const restoreMs = trib('restore', join(dir, 'ours0'), to, '--yes');
    const differing = compareCopies(await copiesOn(source.ports), await copiesOn(target.ports));
    const backupMs = median(times[0]);
    return [
      fasterRow(`backup of ${keyCount} keys from three masters; redis-cli`, backupMs, median(times[1]), 0.7),
      {
        name: `restore of ${keyCount} keys into five masters, each compared`,
        ours: milliseconds(restoreMs),
        peer: '-',
        figure: `${Math.round(keyCount / (restoreMs / 1000))} keys/s, ${differing.length} differ`,
        goal: '>= 50000 keys/s, 0 differ',
        met: differing.length === 0 && keyCount / (restoreMs / 1000) >= 50_000,
      },
    ];
  } finally {
    await Promise.all([source.stop(), target.stop()]);
    rmSync(dir, { recursive: true, force: true });
  }
}

async function importing(): Promise<Row> {
  const cluster = await startCluster(3);
  const source = await startStandalone('redis-server');
  try {
    const [to = ''] = cluster.addresses;
    const from = `127.0.0.1:${source.port}`;
    const times: [number[], number[]] = [[], []];
    for (const which of [0, 1, 0] as const) {
      await source.client.text('DEBUG', 'POPULATE', keyCount, 'key', 100);
      const expected = await copiesOn([source.port]);
      times[which].push(
        which === 0
          ? trib('import', to, '--from', from, '--yes')
          : redisCli('import', to, '--cluster-from', from),
      );
      const differing = compareCopies(expected, await copiesOn(cluster.ports));
      if (differing.length > 0) throw new Error(differing.join('\n'));
      trib('call', to, 'flushall');
    }
    const name = `import of ${keyCount} keys of 100 B into three masters; redis-cli`;
    return fasterRow(name, median(times[0]), median(times[1]), 3);
  } finally {
    await Promise.all([source.stop(), cluster.stop()]);
  }
}
