import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keySlot } from '../../src/protocol/slots/key-slot.ts';
import { loadAllTypes } from '../helpers/all-types.ts';
import { compareCopies, copiesOn } from '../helpers/copies.ts';
import { ownerPorts } from '../helpers/dataset.ts';
import { countKeys, type LiveCluster, startCluster, textsOf } from '../helpers/live-cluster.ts';
import { RawConnection } from '../helpers/raw-connection.ts';
import { goOnWords, redisCli, signalled, trib } from '../helpers/run.ts';
import { scriptedServer } from '../helpers/scripted-server.ts';
import { redisServerNote, skipWithoutRedisServer } from '../helpers/servers.ts';
import { type Standalone, startStandalone } from '../helpers/standalone.ts';

const seed = 20_251_124;
const keyCount = 600;
/** MIGRATE sends what is left of a time to live, so its end moves by the time on the way. */
const driftMs = 2000;

describe.skipIf(skipWithoutRedisServer)(`trib import${redisServerNote}`, () => {
  let source: Standalone;
  let live: LiveCluster;
  let first: string;
  let from: string[];
  beforeAll(async () => {
    live = await startCluster(3, { nodeTimeoutMs: 3000 });
    first = live.addresses[0] ?? '';
    source = await startStandalone('redis-server');
    from = ['--from', `127.0.0.1:${source.port}`];
  });
  afterAll(async () => {
    await source?.stop();
    await live?.stop();
  });
  beforeEach(async () => {
    await source.client.text('FLUSHALL');
    await onMasters('FLUSHALL');
  });

  const onMasters = (...command: string[]): Promise<string[]> => textsOf(live, ...command);
  const keysThere = (): Promise<number> => countKeys(live);
  const someThere = async (): Promise<boolean> => (await keysThere()) > 500;
  const load = async (): ReturnType<typeof copiesOn> => {
    await loadAllTypes(source.client, keyCount, Date.now() + 3_600_000, seed);
    return copiesOn([source.port]);
  };
  const migrated = (text: string): string[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith('Migrating '))
      .sort();

  it('moves keys of all types to their owners, in the lines of redis-cli', async () => {
    const expected = await load();
    // Keys of bytes that are no text come out of redis-cli as they are, cut at the first zero.
    const printable = (line: string): boolean => !/bytes/.test(line) && !/^Migrating \d+ to/.test(line);
    const theirs = await redisCli(
      ['--cluster', 'import', first, '--cluster-from', from[1] ?? '', '--cluster-copy'],
      { env: { TERM: 'dumb' } },
    );
    await onMasters('FLUSHALL');
    const ours = await trib(['import', first, ...from, '--yes']);
    expect([ours.code, ours.stderr]).toEqual([0, '']);
    expect(migrated(ours.stdout)).toHaveLength(keyCount);
    expect(migrated(ours.stdout).filter(printable)).toEqual(migrated(theirs.stdout).filter(printable));
    const frame = (text: string): string[] =>
      text.split('\n').filter((line) => /^(>>> Importing|\*\*\*)/.test(line));
    expect(frame(ours.stdout)).toEqual(frame(theirs.stdout));
    expect(compareCopies(expected, await copiesOn(live.ports), driftMs)).toEqual([]);
    expect(await source.client.text('DBSIZE')).toBe('0');
  });

  it('writes a transcript', async () => {
    await source.client.text('MSET', 'a', '1', 'b', '2', 'k\u0000\u001b[31m', '3');
    await source.client.text('SELECT', 2);
    await source.client.text('SET', 'elsewhere', '1');
    await source.client.text('SELECT', 0);
    const ours = await trib(['import', first, ...from, '--yes']);
    const text = live.normalise(ours.stdout).replaceAll(String(source.port), '6379');
    const lines = text.split('\n');
    const told = lines.filter((line) => line.startsWith('Migrating ')).sort();
    const rest = lines.filter((line) => !line.startsWith('Migrating '));
    await expect([...rest, ...told].join('\n')).toMatchFileSnapshot('../transcripts/import.txt');
  });

  it('--copy leaves the keys at the source, and counts equal ones the next time', async () => {
    const expected = await load();
    const copied = JSON.parse((await trib(['import', first, ...from, '--copy', '--yes', '--json'])).stdout);
    expect(copied).toMatchObject({ ok: true, operation: 'import', keys: { written: keyCount, already: 0 } });
    expect(compareCopies(expected, await copiesOn([source.port]))).toEqual([]);
    expect(compareCopies(expected, await copiesOn(live.ports), driftMs)).toEqual([]);
    const again = JSON.parse((await trib(['import', first, ...from, '--copy', '--yes', '--json'])).stdout);
    expect(again).toMatchObject({ ok: true, keys: { written: 0, already: keyCount, differing: [] } });
    // Without --copy, what is equal only has to go at the source.
    const moved = JSON.parse((await trib(['import', first, ...from, '--yes', '--json'])).stdout);
    expect(moved).toMatchObject({ ok: true, keys: { written: 0, already: keyCount } });
    expect(await source.client.text('DBSIZE')).toBe('0');
    expect(compareCopies(expected, await copiesOn(live.ports), driftMs)).toEqual([]);
  });

  it.each<[string, string[]]>([
    ['with --copy', ['--copy']],
    ['without --copy', []],
  ])('leaves other values as they are and names them %s', async (_, more) => {
    const expected = await load();
    const owner = await RawConnection.open((await ownerPorts(live.ports[0] ?? 0))[keySlot('all:7')] ?? 0);
    await owner.text('SET', 'all:7', 'precious');
    const refused = await trib(['import', first, ...from, ...more, '--yes']);
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain('*** 1 key(s) are in the cluster with another value');
    expect(refused.stderr).toContain('    - all:7\n');
    expect(await owner.text('GET', 'all:7')).toBe('precious');
    expect(await source.client.text('EXISTS', 'all:7')).toBe('1');
    expect(await keysThere()).toBe(keyCount);
    const replaced = await trib(['import', first, ...from, ...more, '--replace', '--yes']);
    expect([replaced.code, replaced.stderr]).toEqual([0, '']);
    expect(compareCopies(expected, await copiesOn(live.ports), driftMs)).toEqual([]);
    owner.close();
  });

  it('follows slots that move meanwhile', async () => {
    await source.client.text('DEBUG', 'POPULATE', 60_000, 'key', 100);
    const words = ['reshard', first, '--from', 'all', '--to', live.idOf(2), '--slots', '3000', '--yes'];
    const [moved, imported] = await Promise.all([trib(words), trib(['import', first, ...from, '--yes'])]);
    expect([moved.code, moved.stderr, imported.code, imported.stderr]).toEqual([0, '', 0, '']);
    expect([await keysThere(), await source.client.text('DBSIZE')]).toEqual([60_000, '0']);
    expect((await trib(['check', first])).code).toBe(0);
  });

  it.each<[string, string[]]>([
    ['with --copy', ['--copy']],
    ['without --copy', []],
  ])('goes on after kill -9 with trib resume %s', async (_, more) => {
    await source.client.text('DEBUG', 'POPULATE', 100_000, 'key', 50);
    const words = ['import', first, ...from, ...more, '--yes', '--pipeline', '50'];
    await signalled(words, 'SIGKILL', someThere);
    expect(await keysThere()).toBeLessThan(100_000);
    const resumed = await trib(['resume', first, '--yes', '--json']);
    expect([resumed.code, resumed.stderr]).toEqual([0, '']);
    expect(await keysThere()).toBe(100_000);
    expect(await source.client.text('DBSIZE')).toBe(more.length > 0 ? '100000' : '0');
  });

  it('finishes what is in hand on SIGINT, and tells how to go on', async () => {
    await source.client.text('DEBUG', 'POPULATE', 100_000, 'key', 50);
    const ended = await signalled(
      ['import', first, ...from, '--yes', '--pipeline', '20'],
      'SIGINT',
      someThere,
    );
    expect(ended.code).toBe(130);
    expect(await keysThere()).toBe(100_000 - Number(await source.client.text('DBSIZE')));
    const words = goOnWords(ended);
    expect([words[0], (await trib(words)).code]).toEqual(['resume', 0]);
    expect(await keysThere()).toBe(100_000);
  });

  it('big keys stay where the operator wants them to, and are named', async () => {
    await source.client.text('SET', 'small', '1');
    await source.client.text('SET', 'big', 'x'.repeat(3_000_000));
    const skipped = await trib(['import', first, ...from, '--yes', '--big-keys', 'skip']);
    expect([skipped.code, skipped.stderr]).toEqual([5, expect.stringContaining('    - big\n')]);
    expect(skipped.stderr).toContain('too big for the allowed pause');
    expect([await keysThere(), await source.client.text('EXISTS', 'big')]).toEqual([1, '1']);
    expect((await trib(['import', first, ...from, '--yes'])).code).toBe(0);
    expect(await keysThere()).toBe(2);
  });

  it('--dry-run changes nothing', async () => {
    await load();
    const dry = await trib(['import', first, ...from, '--dry-run']);
    expect([dry.code, dry.stderr]).toEqual([0, '']);
    expect(dry.stdout).toContain(`move ${keyCount} keys from ${from[1]} to 3 masters`);
    expect([await keysThere(), await source.client.text('DBSIZE')]).toEqual([0, String(keyCount)]);
  });

  it('takes a source without keys for done', async () => {
    const done = await trib(['import', first, ...from, '--json']);
    expect([done.code, JSON.parse(done.stdout)]).toMatchObject([
      0,
      { ok: true, outcome: 'done', source: { keys: 0 } },
    ]);
  });

  it.each<[string, string[], number, string]>([
    ['no source', [':FIRST'], 2, '--from HOST:PORT'],
    [
      'a source that is a node of a cluster',
      [':FIRST', '--from', ':NODE'],
      2,
      '[ERR] The source node should not be a cluster node.',
    ],
    ['a half-typed source', [':FIRST', '--from', 'localhost'], 2, 'is not an address of a node'],
    ['a closed source', [':FIRST', '--from', '127.0.0.1:1'], 3, 'Cannot connect to 127.0.0.1:1'],
    ['a cluster that is none', [':SOURCE', '--from', ':SOURCE'], 1, 'is not configured as a cluster node'],
  ])('one sentence for %s', async (_, words, code, message) => {
    const given = words.map((word) =>
      word
        .replace(':FIRST', first)
        .replace(':NODE', live.addresses[1] ?? '')
        .replace(':SOURCE', from[1] ?? ''),
    );
    const refused = await trib(['import', ...given, '--yes']);
    expect([refused.code, refused.stderr]).toEqual([code, expect.stringContaining(message)]);
    expect(await keysThere()).toBe(0);
  });

  it('a source that cannot reach the masters is told as that', async () => {
    const cut = await scriptedServer(([name = '']) => {
      switch (name.toUpperCase()) {
        case 'INFO':
          return bulk('cluster_enabled:0\r\nused_memory_dataset:100\r\ndb0:keys=1,expires=0\r\n');
        case 'SCAN':
          return '*2\r\n$1\r\n0\r\n*1\r\n$1\r\nk\r\n';
        case 'MIGRATE':
          return '-IOERR error or timeout reading to target instance\r\n';
        default:
          return '-ERR unknown command\r\n';
      }
    });
    try {
      const refused = await trib(['import', first, '--from', `127.0.0.1:${cut.address.port}`, '--yes']);
      expect(refused.code).toBe(6);
      expect(refused.stderr).toContain(`127.0.0.1:${cut.address.port} could not send keys to 127.0.0.1:`);
      expect(refused.stderr).toContain('can it reach them?');
    } finally {
      await cut.stop();
    }
  });
});

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

describe.skipIf(skipWithoutRedisServer)(`trib import with passwords${redisServerNote}`, () => {
  const password = 'cluster-secret';
  const sourcePassword = 'source-secret';
  let source: Standalone;
  let live: LiveCluster;
  let state: string;
  beforeAll(async () => {
    state = mkdtempSync(join(tmpdir(), 'trib-import-'));
    live = await startCluster(3, {
      nodeTimeoutMs: 3000,
      password,
      directives: [
        ['requirepass', password],
        ['masterauth', password],
      ],
    });
    source = await startStandalone('redis-server');
    await source.client.text('ACL', 'SETUSER', 'mover', 'on', `>${sourcePassword}`, '~*', '+@all');
    await source.client.text('CONFIG', 'SET', 'requirepass', sourcePassword);
  });
  afterAll(async () => {
    await source?.stop();
    await live?.stop();
    rmSync(state, { recursive: true, force: true });
  });
  afterEach(() => source.client.text('FLUSHALL'));

  it.each<[string, string[], Record<string, string>, string]>([
    ['flags', ['-a', password, '--from-pass', sourcePassword], {}, ''],
    ['the environment', [], { REDISCLI_AUTH: password, TRIB_FROM_AUTH: sourcePassword }, ''],
    ['a user', ['-a', password, '--from-user', 'mover', '--from-pass', sourcePassword], {}, ''],
    ['a question', ['-a', password, '--from-askpass'], {}, `${sourcePassword}\n`],
  ])('takes them from %s', async (_, flags, env, input) => {
    await source.client.text('SET', 'k', 'v');
    const words = ['import', live.addresses[0] ?? '', '--from', `127.0.0.1:${source.port}`];
    const imported = await trib([...words, ...flags, '--yes', '--events'], { env, input });
    expect([imported.code, imported.stderr]).toEqual([0, '']);
    expect(await source.client.text('DBSIZE')).toBe('0');
    expect(imported.stdout).not.toMatch(/-secret/);
    expect((await trib(['call', live.addresses[0] ?? '', '-a', password, 'flushall'])).code).toBe(0);
  });

  it('one sentence for a wrong one or none, and no plan or error holds any', async () => {
    await source.client.text('SET', 'k', 'v');
    const words = [
      'import',
      live.addresses[0] ?? '',
      '--from',
      `127.0.0.1:${source.port}`,
      '-a',
      password,
      '--yes',
    ];
    const none = await trib(words);
    expect([none.code, none.stderr]).toEqual([4, expect.stringContaining('--from-pass')]);
    const wrong = await trib([...words, '--from-pass', 'wrong-secret']);
    expect([wrong.code, wrong.stderr]).toEqual([4, expect.stringContaining('refused the password')]);
    expect(wrong.stderr).not.toContain('wrong-secret');
    const plan = join(state, 'plan.json');
    const env = { XDG_STATE_HOME: state };
    expect((await trib([...words, '--from-pass', sourcePassword, '--plan', plan], { env })).code).toBe(0);
    for (const name of readdirSync(state, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.json'),
    ))
      expect(readFileSync(join(state, name), 'utf8')).not.toMatch(/-secret/);
    // Carried out again it asks for the password of the source anew.
    await source.client.text('SET', 'k2', 'v');
    const again = await trib(['apply', plan, '--yes', '-a', password], {
      env: { TRIB_FROM_AUTH: sourcePassword },
    });
    expect([again.code, again.stderr, await source.client.text('DBSIZE')]).toEqual([0, '', '0']);
  });
});
