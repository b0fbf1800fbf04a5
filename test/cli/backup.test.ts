import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RdbScanner } from '../../src/protocol/rdb/scanner.ts';
import { loadDataset, makeDataset } from '../helpers/dataset.ts';
import { type LiveCluster, startCluster } from '../helpers/live-cluster.ts';
import { RawConnection } from '../helpers/raw-connection.ts';
import { redisCli, run, signalled, trib, tribScript } from '../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../helpers/servers.ts';

const seed = 20_251_122;
const keyCount = 6000;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'trib-backup-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const keysIn = (file: string): number => {
  const scanner = new RdbScanner();
  const keys = scanner.feed(readFileSync(file)).filter(({ kind }) => kind === 'key');
  scanner.end();
  return keys.length;
};

describe.skipIf(skipWithoutRedisServer)(`trib backup${redisServerNote}`, () => {
  let live: LiveCluster;
  let first: string;
  beforeAll(async () => {
    live = await startCluster(6, {
      nodeTimeoutMs: 3000,
      replicas: 1,
      directives: [['repl-diskless-sync-delay', '0']],
    });
    first = live.addresses[0] ?? '';
    await loadDataset(live.ports[0] ?? 0, makeDataset(keyCount, seed, Date.now()));
  });
  afterAll(() => live?.stop());

  it('saves every key from replicas, with a manifest that tells the truth', async () => {
    const target = join(dir, 'new', 'backup');
    const saved = await trib(['backup', first, target]);
    expect([saved.code, saved.stderr]).toEqual([0, '']);
    const names = readdirSync(target).sort();
    expect(names.filter((name) => !name.endsWith('.rdb'))).toEqual(['backup.json', 'nodes.json']);
    const manifest = JSON.parse(readFileSync(join(target, 'backup.json'), 'utf8'));
    expect(manifest).toMatchObject({ format: 'trib-backup', version: 1, missingSlots: '' });
    expect(manifest.files).toHaveLength(3);
    let keys = 0;
    for (const { file, bytes, sha256, slots, master, savedFrom } of manifest.files) {
      const content = readFileSync(join(target, file));
      expect([content.length, createHash('sha256').update(content).digest('hex')]).toEqual([bytes, sha256]);
      expect(slots).toMatch(/^\d+-\d+$/);
      expect(savedFrom.id).not.toBe(master.id);
      keys += keysIn(join(target, file));
    }
    expect(keys).toBe(keyCount);
    const text = live
      .normalise(saved.stdout)
      .replaceAll(dir, '<dir>')
      .replaceAll(/: [\d.]+ kB, sha256 [0-9a-f]{64}/g, ': <size>, sha256 <sha256>');
    // Which replica belongs to which master is drawn by lot.
    const told = text
      .replaceAll(/redis-node-127\.0\.0\.1-\d+-/g, 'redis-node-127.0.0.1-<port>-')
      .replaceAll(/(?<=from its replica |replicates ).*/g, '<node>');
    await expect(sortedParts(told)).toMatchFileSnapshot('../transcripts/backup.txt');
  });

  it('writes nodes.json as redis-cli does, and its file names', async () => {
    const [ours, theirs] = [join(dir, 'ours'), join(dir, 'theirs')];
    mkdirSync(theirs);
    expect((await trib(['backup', first, ours])).code).toBe(0);
    expect((await redisCli(['--cluster', 'backup', first, theirs])).code).toBe(0);
    const [own, other] = [ours, theirs].map((folder) => readFileSync(join(folder, 'nodes.json'), 'utf8'));
    expect(own).toBe(other);
    const names = (folder: string): string[] =>
      readdirSync(folder)
        .filter((name) => name !== 'backup.json')
        .sort();
    expect(names(ours)).toEqual(names(theirs));
  });

  it('tells what happens as data', async () => {
    const json = await trib(['backup', first, join(dir, 'a'), '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: true,
      operation: 'backup',
      outcome: 'done',
      dir: join(dir, 'a'),
      backup: { files: [{ rdbVersion: 10 }, {}, {}], missingSlots: '' },
    });
    const events = (await trib(['backup', first, join(dir, 'b'), '--events'])).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const types = events.map(({ type }) => type).filter((type) => type !== 'progress');
    expect(types.sort()).toEqual(
      [
        'checked',
        ...Array(3).fill('file-started'),
        ...Array(3).fill('file-saved'),
        'backup-made',
        'finished',
      ].sort(),
    );
    expect(events.at(-1)).toMatchObject({ type: 'finished', ok: true, slots: 16384, keys: keyCount });
  });

  it.each<[string, (target: string) => void, string[], number, string]>([
    ['no folder', () => {}, [], 2, 'Name one folder for the backup'],
    ['two folders', () => {}, ['x', 'y'], 2, 'Name one folder for the backup'],
    [
      'a folder in use',
      (target) => writeFileSync(join(target, 'notes'), ''),
      [':DIR'],
      2,
      'is not empty: it holds notes',
    ],
    [
      'a file in its place',
      (target) => writeFileSync(join(target, 'f'), ''),
      [':DIR/f'],
      1,
      'it is not a folder',
    ],
  ])('writes nothing with %s', async (_, prepare, words, code, message) => {
    prepare(dir);
    const before = readdirSync(dir);
    const refused = await trib(['backup', first, ...words.map((word) => word.replace(':DIR', dir))]);
    expect([refused.code, refused.stderr]).toEqual([code, expect.stringContaining(message)]);
    expect(readdirSync(dir)).toEqual(before);
  });

  it('a full disk ends it with one sentence, and leaves the folder as it was', async () => {
    // Files of at most so many blocks of 512 or 1024 bytes: less than the file of a shard needs.
    const command = `ulimit -f 40; exec "${process.execPath}" "${tribScript}" backup ${first} "${dir}/full"`;
    const full = await run('sh', ['-c', command]);
    expect(full.code).toBe(1);
    expect(full.stderr).toContain(
      `The backup cannot be written to ${dir}/full: the file is larger than the system allows.`,
    );
    expect(readdirSync(dir)).toEqual([]);
  });

  const canMount = process.getuid?.() === 0 && process.platform === 'linux';
  it.skipIf(!canMount)(
    `a file system without room ends it with one sentence${canMount ? '' : ' (skipped: only root mounts one)'}`,
    async (context) => {
      const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'trib-test', dir]);
      if (mounted.code !== 0) return context.skip(`nothing can be mounted here: ${mounted.stderr}`);
      try {
        const full = await trib(['backup', first, dir]);
        expect([full.code, full.stderr]).toEqual([
          1,
          `The backup cannot be written to ${dir}: the disk is full.\nNothing is left of it there, and the cluster was not changed.\n`,
        ]);
        expect(readdirSync(dir)).toEqual([]);
      } finally {
        await run('umount', [dir]);
      }
    },
  );

  it.each(['SIGINT', 'SIGTERM'] as const)('%s takes away what was begun', async (signal) => {
    const slow = await RawConnection.open(live.ports[3] ?? 0);
    const replica = await RawConnection.open(live.ports[4] ?? 0);
    // A snapshot takes its time where every key is delayed.
    for (const node of [slow, replica]) await node.text('CONFIG', 'SET', 'rdb-key-save-delay', 5000);
    try {
      const ended = await signalled(['backup', first, join(dir, 'b')], signal, (stdout) =>
        stdout.includes('>>> Node'),
      );
      expect(ended.code).toBe(signal === 'SIGINT' ? 130 : 143);
      expect(ended.stderr).toContain('nothing of the backup is kept');
      expect(readdirSync(dir)).toEqual([]);
    } finally {
      for (const node of [slow, replica]) {
        await node.text('CONFIG', 'SET', 'rdb-key-save-delay', 0);
        node.close();
      }
    }
  });

  it('refuses a cluster whose slots are on their way, unless what there is will do', async () => {
    const [source, target] = await Promise.all(
      [0, 1].map((index) => RawConnection.open(live.ports[index] ?? 0)),
    );
    if (source === undefined || target === undefined) throw new Error('two nodes');
    await source.text('CLUSTER', 'SETSLOT', 0, 'MIGRATING', live.idOf(1));
    await target.text('CLUSTER', 'SETSLOT', 0, 'IMPORTING', live.idOf(0));
    try {
      const refused = await trib(['backup', first, join(dir, 'open')]);
      expect([refused.code, refused.stderr]).toEqual([
        5,
        expect.stringContaining('cannot be saved as a whole'),
      ]);
      expect(readdirSync(dir)).toEqual([]);
      const partial = await trib(['backup', first, join(dir, 'open'), '--partial']);
      expect([partial.code, partial.stderr]).toEqual([0, '']);
      const nodes = JSON.parse(readFileSync(join(dir, 'open', 'nodes.json'), 'utf8'));
      expect(nodes[0].migrating).toEqual({ 0: live.idOf(1) });
    } finally {
      await source.text('CLUSTER', 'SETSLOT', 0, 'STABLE');
      await target.text('CLUSTER', 'SETSLOT', 0, 'STABLE');
      source.close();
      target.close();
    }
  });

  it('slots that move while it is made are a reason to keep nothing', async () => {
    const nodes = await Promise.all(live.ports.map((port) => RawConnection.open(port)));
    const delayed = (microseconds: number): Promise<unknown> =>
      Promise.all(nodes.map((node) => node.text('CONFIG', 'SET', 'rdb-key-save-delay', microseconds)));
    await delayed(1500);
    try {
      const running = trib(['backup', first, join(dir, 'b')]);
      await until(() => parts(dir).length === 3, 'three files to be begun');
      const words = ['--from', live.idOf(0), '--to', live.idOf(1), '--slots', '10', '--yes'];
      expect((await trib(['reshard', first, ...words])).code).toBe(0);
      const refused = await running;
      expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining('Slots changed hands')]);
      expect(readdirSync(dir)).toEqual([]);
    } finally {
      await delayed(0);
      for (const node of nodes) node.close();
    }
  });

  it('a shard that fails in the middle fails the backup, and nothing of it is left', async () => {
    const replica = live.nodes[4];
    const slow = await RawConnection.open(replica?.port ?? 0);
    await slow.text('CONFIG', 'SET', 'rdb-key-save-delay', 3000);
    const child = spawn(process.execPath, [tribScript, 'backup', first, join(dir, 'b')]);
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    await until(() => parts(dir).length === 3, 'three files to be begun');
    slow.close();
    await live.kill(4);
    await once(child, 'close');
    expect(child.exitCode).toBe(3);
    expect(stderr).toContain(`The connection to 127.0.0.1:${replica?.port} was lost`);
    expect(readdirSync(dir)).toEqual([]);
    // Its master gives the data from now on.
    const saved = JSON.parse((await trib(['backup', first, join(dir, 'c'), '--json'])).stdout);
    const own = saved.backup.files.filter(
      (file: { master: { id: string }; savedFrom: { id: string } }) => file.master.id === file.savedFrom.id,
    );
    expect([saved.ok, own.length]).toEqual([true, 1]);
  });
});

const parts = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.part'));

/** Files are saved side by side, so their lines come in any order: sorted where they stand together. */
function sortedParts(text: string): string {
  const lines = text.split('\n');
  const groups: string[][] = [];
  for (const line of lines) {
    const isFile = /^(>>> Node .* Saving|redis-node-)/.test(line);
    const last = groups.at(-1);
    if (line.startsWith('    from its replica') && last !== undefined) last.push(`${last.pop()}\n${line}`);
    else if (isFile && last !== undefined && /^(>>> Node|redis-node)/.test(last[0] ?? '')) last.push(line);
    else groups.push([line]);
  }
  return groups.flatMap((group) => group.sort()).join('\n');
}
