import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keySlot } from '../../src/protocol/slots/key-slot.ts';
import { loadAllTypes } from '../helpers/all-types.ts';
import { compareCopies, copiesOn } from '../helpers/copies.ts';
import { ownerPorts } from '../helpers/dataset.ts';
import { countKeys, type LiveCluster, startCluster, textsOf } from '../helpers/live-cluster.ts';
import { RawConnection } from '../helpers/raw-connection.ts';
import { goOnWords, signalled, trib } from '../helpers/run.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../helpers/servers.ts';
import { type Standalone, startStandalone } from '../helpers/standalone.ts';

const seed = 20_251_123;
const keyCount = 800;
const library = "#!lua name=mylib\nredis.register_function('answer', function() return 42 end)";

describe.skipIf(skipWithoutRedisServer)(`trib restore${redisServerNote}`, () => {
  let source: Standalone;
  let live: LiveCluster;
  let first: string;
  let masters: readonly number[];
  let work: string;
  let dump: string;
  let expected: Awaited<ReturnType<typeof copiesOn>>;
  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), 'trib-restore-'));
    dump = join(work, 'dump');
    mkdirSync(dump);
    live = await startCluster(5, { nodeTimeoutMs: 3000, directives: [['repl-diskless-sync-delay', '0']] });
    first = live.addresses[0] ?? '';
    masters = live.ports;
    source = await startStandalone('redis-server', ['--maxmemory-policy', 'allkeys-lfu']);
    await loadAllTypes(source.client, keyCount, Date.now() + 3_600_000, seed);
    await source.client.text('FUNCTION', 'LOAD', library);
    expected = await copiesOn([source.port]);
    await saveTo(source, join(dump, 'dump.rdb'));
  });
  afterAll(async () => {
    await source?.stop();
    await live?.stop();
    rmSync(work, { recursive: true, force: true });
  });
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(work, 'case-'));
  });
  afterEach(() => onMasters('FLUSHALL'));

  const onMasters = (...command: string[]): Promise<string[]> => textsOf(live, ...command);
  const keysThere = (): Promise<number> => countKeys(live);
  const someThere = async (): Promise<boolean> => (await keysThere()) > 1000;

  it('brings every key of a bare RDB file, of all types, to its owner, with functions', async () => {
    const restored = await trib(['restore', dump, first, '--yes']);
    expect([restored.code, restored.stderr]).toEqual([0, '']);
    expect(compareCopies(expected, await copiesOn(masters))).toEqual([]);
    expect((await onMasters('FCALL', 'answer', '0')).join()).toBe(masters.map(() => '42').join());
    const owners = await ownerPorts(masters[0] ?? 0);
    for (const port of masters) {
      const own = await copiesOn([port]);
      expect([...own.keys()].every((key) => owners[keySlot(key)] === port)).toBe(true);
    }
    const text = live.normalise(restored.stdout).replaceAll(/[\d.]+ MB/g, '<size>');
    await expect(text).toMatchFileSnapshot('../transcripts/restore.txt');

    // Again: everything is there, and the same; hash tables stand in the order of another server.
    const again = await trib(['restore', dump, first, '--yes', '--json']);
    expect([again.code, JSON.parse(again.stdout).keys]).toEqual([
      0,
      { written: 0, already: expected.size, expired: 0, differing: [] },
    ]);
  });

  it('brings the backup of a cluster into one with other shards', async () => {
    expect((await trib(['restore', dump, first, '--yes'])).code).toBe(0);
    expect((await trib(['backup', first, join(dir, 'b')])).code).toBe(0);
    const other = await startCluster(3, { nodeTimeoutMs: 3000 });
    try {
      const restored = await trib(['restore', join(dir, 'b'), other.addresses[0] ?? '', '--yes', '--json']);
      expect(JSON.parse(restored.stdout)).toMatchObject({
        ok: true,
        operation: 'restore',
        keys: { written: expected.size, already: 0, differing: [] },
      });
      expect(compareCopies(expected, await copiesOn(other.ports))).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  it('passes on how often a key is used, and leaves out what has expired', async () => {
    const node = await startStandalone('redis-server', ['--maxmemory-policy', 'allkeys-lfu']);
    try {
      await node.client.text('SET', 'often', 'v');
      for (let use = 0; use < 3000; use++) await node.client.call('GET', 'often');
      await node.client.text('SET', 'over', 'v', 'PX', '1');
      await node.client.text('DEBUG', 'SET-ACTIVE-EXPIRE', '0');
      await node.client.text('SET', 'soon', 'v', 'PX', '50');
      await saveTo(node, join(dir, 'dump.rdb'));
      await onMasters('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
      await until(async () => (await node.client.call('GET', 'soon')) === null, 'a key to expire');
      const restored = JSON.parse((await trib(['restore', dir, first, '--yes', '--json'])).stdout);
      expect(restored.keys).toMatchObject({ written: 1, already: 0 });
      expect(restored.keys.expired).toBeGreaterThan(0);
      const owner = await RawConnection.open((await ownerPorts(masters[0] ?? 0))[keySlot('often')] ?? 0);
      expect(Number(await owner.text('OBJECT', 'FREQ', 'often'))).toBeGreaterThan(6);
      owner.close();
    } finally {
      await onMasters('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      await node.stop();
    }
  });

  it('leaves other values as they are and names them; --replace takes those of the backup', async () => {
    const key = 'all:0';
    const owner = await RawConnection.open((await ownerPorts(masters[0] ?? 0))[keySlot(key)] ?? 0);
    await owner.text('SET', key, 'precious');
    const refused = await trib(['restore', dump, first, '--yes']);
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain('1 key(s) are in the cluster with another value');
    expect(refused.stderr).toContain(`    - ${key}\n`);
    expect(await owner.text('GET', key)).toBe('precious');
    expect(await keysThere()).toBe(expected.size);
    expect((await trib(['restore', dump, first, '--yes', '--replace'])).code).toBe(0);
    expect(compareCopies(expected, await copiesOn(masters))).toEqual([]);
    owner.close();
  });

  it('a function library of the same name that is another is not overwritten unasked', async () => {
    await onMasters('FUNCTION', 'LOAD', 'REPLACE', library.replace('42', '43'));
    const refused = await trib(['restore', dump, first, '--yes']);
    expect([refused.code, refused.stderr]).toEqual([
      5,
      expect.stringContaining('another function library mylib'),
    ]);
    expect(await keysThere()).toBe(0);
    expect((await trib(['restore', dump, first, '--yes', '--no-functions'])).code).toBe(0);
    expect((await onMasters('FCALL', 'answer', '0'))[0]).toBe('43');
    expect((await trib(['restore', dump, first, '--yes', '--replace'])).code).toBe(0);
    expect((await onMasters('FCALL', 'answer', '0'))[0]).toBe('42');
  });

  it('--dry-run verifies and counts, and writes nothing', async () => {
    const dry = await trib(['restore', dump, first, '--dry-run']);
    expect([dry.code, dry.stderr]).toEqual([0, '']);
    expect(dry.stdout).toContain(`dump.rdb is whole: ${expected.size} keys, 1 function library`);
    expect(dry.stdout).toContain(`restore ${expected.size} keys of 1 file to 5 masters`);
    expect(dry.stdout).toContain('Nothing was changed');
    expect(await keysThere()).toBe(0);
  });

  it.each<[string, (folder: string) => void, number, string]>([
    [
      'cut short',
      (folder) => cut(join(folder, 'dump.rdb'), 0.6),
      1,
      'its checksum is wrong: it is cut short or damaged',
    ],
    ['damaged in one bit', (folder) => damage(join(folder, 'dump.rdb')), 1, 'its checksum is wrong'],
    [
      'no RDB',
      (folder) => writeFileSync(join(folder, 'dump.rdb'), 'not an RDB file at all'),
      1,
      'it is no RDB file',
    ],
    ['not finished', (folder) => writeFileSync(join(folder, 'x.rdb.part'), ''), 2, 'was not finished'],
    ['empty', (folder) => rmSync(join(folder, 'dump.rdb')), 2, 'There is no backup in'],
    [
      'a manifest cut short',
      (folder) => writeFileSync(join(folder, 'backup.json'), '{"format":'),
      2,
      'cut short',
    ],
  ])('writes nothing from a folder that is %s', async (_, spoil, code, message) => {
    cpSync(dump, dir, { recursive: true });
    spoil(dir);
    const refused = await trib(['restore', dir, first, '--yes']);
    expect([refused.code, refused.stderr]).toEqual([code, expect.stringContaining(message)]);
    expect(await keysThere()).toBe(0);
  });

  it('writes nothing when one file of a backup is not the one that was saved', async () => {
    expect((await trib(['restore', dump, first, '--yes'])).code).toBe(0);
    const backup = join(dir, 'b');
    expect((await trib(['backup', first, backup])).code).toBe(0);
    await onMasters('FLUSHALL');
    // Whole in itself, but another: of the shard beside.
    const [one = '', two = ''] = readdirSync(backup).filter((name) => name.endsWith('.rdb'));
    writeFileSync(join(backup, two), readFileSync(join(backup, one)));
    const refused = await trib(['restore', backup, first, '--yes']);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining(`${two} cannot be restored: its`),
    ]);
    expect(await keysThere()).toBe(0);
  });

  it('refuses keys of other databases, unless they are to be left out', async () => {
    const node = await startStandalone('redis-server');
    try {
      await node.client.text('SET', 'here', '1');
      await node.client.text('SELECT', 3);
      await node.client.text('MSET', 'there', '1', 'there too', '2');
      await saveTo(node, join(dir, 'dump.rdb'));
    } finally {
      await node.stop();
    }
    const refused = await trib(['restore', dir, first, '--yes']);
    expect([refused.code, refused.stderr]).toEqual([
      5,
      expect.stringContaining('2 keys are in other databases than 0'),
    ]);
    expect(await keysThere()).toBe(0);
    const restored = await trib(['restore', dir, first, '--yes', '--only-db0']);
    expect([restored.code, await keysThere()]).toEqual([0, 1]);
  });

  it.each<[string, string[], number, string]>([
    ['no words', [], 2, 'Name the folder of the backup and a node'],
    ['no node', ['x'], 2, 'Name the folder of the backup and a node'],
    ['no such folder', ['/nowhere/at/all', ':FIRST'], 2, 'there is no such file or folder'],
    ['a closed port', [':DUMP', '127.0.0.1:1'], 3, 'Cannot connect'],
  ])('one sentence for %s', async (_, words, code, message) => {
    const given = words.map((word) => word.replace(':DUMP', dump).replace(':FIRST', first));
    const refused = await trib(['restore', ...given, '--yes']);
    expect([refused.code, refused.stderr]).toEqual([code, expect.stringContaining(message)]);
  });

  it('follows slots that move while it writes', async () => {
    const many = join(dir, 'many');
    mkdirSync(many);
    await makeDump(join(many, 'dump.rdb'), 60_000, 100);
    const words = ['reshard', first, '--from', 'all', '--to', live.idOf(4), '--slots', '4000', '--yes'];
    const [moved, restored] = await Promise.all([
      trib(words),
      trib(['restore', many, first, '--yes', '--json']),
    ]);
    expect([moved.code, moved.stderr]).toEqual([0, '']);
    expect([restored.code, JSON.parse(restored.stdout).keys.written]).toEqual([0, 60_000]);
    expect(await keysThere()).toBe(60_000);
    expect((await trib(['check', first])).code).toBe(0);
  });

  it('finishes what is in hand on SIGINT, and tells how to go on', async () => {
    await makeDump(join(dir, 'dump.rdb'), 150_000, 50);
    const ended = await signalled(['restore', dir, first, '--yes'], 'SIGINT', someThere);
    expect([ended.code, await keysThere()]).toEqual([130, expect.toSatisfy((count) => count < 150_000)]);
    const words = goOnWords(ended);
    expect([words[0], (await trib(words)).code]).toEqual(['resume', 0]);
    expect(await keysThere()).toBe(150_000);
  });

  it('goes on after kill -9 with trib resume', async () => {
    await makeDump(join(dir, 'dump.rdb'), 150_000, 50);
    await signalled(['restore', dir, first, '--yes'], 'SIGKILL', someThere);
    expect(await keysThere()).toBeLessThan(150_000);
    const resumed = await trib(['resume', first, '--yes', '--json']);
    expect([resumed.code, resumed.stderr]).toEqual([0, '']);
    const { keys } = JSON.parse(resumed.stdout);
    expect(keys.already).toBeGreaterThan(1000);
    expect(keys.already + keys.written).toBe(150_000);
    expect(await keysThere()).toBe(150_000);
  });
});

/** An RDB file of so many keys with values of so many bytes. */
async function makeDump(file: string, keys: number, valueBytes: number): Promise<void> {
  const node = await startStandalone('redis-server');
  try {
    await node.client.text('DEBUG', 'POPULATE', keys, 'key', valueBytes);
    await saveTo(node, file);
  } finally {
    await node.stop();
  }
}

async function saveTo({ client }: Standalone, file: string): Promise<void> {
  await client.text('SAVE');
  const [, dir] = (await client.call('CONFIG', 'GET', 'dir')) as [Buffer, Buffer];
  cpSync(join(String(dir), 'dump.rdb'), file);
}

function cut(file: string, share: number): void {
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(0, Math.floor(bytes.length * share)));
}

function damage(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 4;
  writeFileSync(file, bytes);
}
