import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { create } from '../../src/execute/operations/create.ts';
import { compareCopies, copiesOn } from '../helpers/copies.ts';
import { loadDataset, makeDataset } from '../helpers/dataset.ts';
import { trib } from '../helpers/run.ts';
import { type Servers, startServers } from '../helpers/servers.ts';
import { type Standalone, startStandalone } from '../helpers/standalone.ts';

const seed = 20_251_127;
const keyCount = 5000;
const driftMs = 2000;

async function bundledCluster(count: number, replicas: number): Promise<Servers> {
  const servers = await startServers(Array(count).fill('bundled'), { nodeTimeoutMs: 2000 });
  const nodes = servers.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
  for await (const event of create({ nodes, replicas, waitServing: true }))
    if (event.type === 'finished' && !event.ok) throw new Error('the cluster is not healthy');
  return servers;
}

/** Ports of the masters, which hold the keys. */
async function masterPorts(seedAddress: string): Promise<number[]> {
  const shown = JSON.parse((await trib(['info', seedAddress, '--json'])).stdout);
  return shown.masters.map(({ port }: { port: number }) => port);
}

describe('data in and out of bundled nodes', () => {
  let dir: string;
  let source: Servers;
  let target: Servers;
  beforeAll(async () => {
    [source, target] = await Promise.all([bundledCluster(6, 1), bundledCluster(4, 0)]);
    await loadDataset(source.nodes[0]?.port ?? 0, makeDataset(keyCount, seed, Date.now()));
  });
  afterAll(async () => {
    await Promise.all([source?.stop(), target?.stop()]);
  });
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'trib-bundled-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('a backup from replicas comes back in a cluster with other shards', async () => {
    const [from = '', to = ''] = [source.addresses[0], target.addresses[0]];
    const saved = await trib(['backup', from, join(dir, 'b')]);
    expect([saved.code, saved.stderr]).toEqual([0, '']);
    const { files } = JSON.parse(readFileSync(join(dir, 'b', 'backup.json'), 'utf8'));
    expect(files).toHaveLength(3);
    for (const { master, savedFrom } of files) expect(savedFrom.id).not.toBe(master.id);
    const restored = await trib(['restore', join(dir, 'b'), to, '--yes', '--json']);
    expect(JSON.parse(restored.stdout)).toMatchObject({ ok: true, keys: { written: keyCount, already: 0 } });
    expect(
      compareCopies(await copiesOn(await masterPorts(from)), await copiesOn(await masterPorts(to))),
    ).toEqual([]);
    expect((await trib(['call', to, 'flushall'])).code).toBe(0);
  });

  it.each<[string, string[]]>([
    ['with --copy', ['--copy']],
    ['without --copy', []],
  ])('keys of a server outside come in %s', async (_, more) => {
    const to = target.addresses[0] ?? '';
    const outside: Standalone = await startStandalone('bundled');
    try {
      for (let key = 0; key < 2000; key++)
        await outside.client.text(
          'SET',
          `key:${key}`,
          `value ${key}`,
          ...(key % 3 === 0 ? ['EX', '5000'] : []),
        );
      const expected = await copiesOn([outside.port]);
      const imported = await trib([
        'import',
        to,
        '--from',
        `127.0.0.1:${outside.port}`,
        ...more,
        '--yes',
        '--json',
      ]);
      expect(JSON.parse(imported.stdout)).toMatchObject({ ok: true, keys: { written: 2000 } });
      expect(compareCopies(expected, await copiesOn(await masterPorts(to)), driftMs)).toEqual([]);
      expect(await outside.client.text('DBSIZE')).toBe(more.length > 0 ? '2000' : '0');
      expect((await trib(['call', to, 'flushall'])).code).toBe(0);
    } finally {
      await outside.stop();
    }
  });
});
