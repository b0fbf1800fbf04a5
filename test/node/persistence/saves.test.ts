import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { itAnswersAlike, usePair } from '../../helpers/compat.ts';
import { keysOfRdb } from '../../helpers/rdb-file.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import { type Standalone, startStandalone } from '../../helpers/standalone.ts';

const MISCONF = /^MISCONF Redis is configured to save RDB snapshots/;

describe('the saves of a node', () => {
  let dir = '';
  let node: Standalone;
  const file = (): string => join(dir, 'dump.rdb');
  const saved = (): Promise<void> =>
    until(async () => (await node.info('rdb_bgsave_in_progress')) === '0', 'the end of a BGSAVE');
  /** The processes that write files for this one. */
  const writers = (): string[] =>
    execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'latin1' })
      .split('\n')
      .filter((line) => line.includes('rdb-bgsave') && line.includes(dir))
      .map((line) => line.trim().split(' ')[0] as string);

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'trib-saves-'));
    node = await startStandalone('bundled', ['--dir', dir]);
  });
  afterEach(async () => {
    await node.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it('hold the data of the moment in which they began', async () => {
    const { client } = node;
    await client.text('MSET', ...Array.from({ length: 500 }, (_, n) => [`key${n}`, 'before']).flat());
    await client.text('CONFIG', 'SET', 'rdb-key-save-delay', 500);
    expect(await client.text('BGSAVE')).toBe('Background saving started');
    await client.pipeline([
      ...Array.from({ length: 250 }, (_, n) => ['SET', `key${n}`, 'after']),
      ['APPEND', 'key300', 'after'],
      ['DEL', 'key499'],
      ['SET', 'new', 'after'],
    ]);
    expect(await node.info('rdb_bgsave_in_progress')).toBe('1');
    expect(Number(await node.info('current_cow_size'))).toBeGreaterThan(0);
    await saved();
    const keys = keysOfRdb(file());
    expect(keys.size).toBe(500);
    expect([...keys.values()].every((value) => value === 'before')).toBe(true);
    expect(await node.info('rdb_changes_since_last_save')).toBe('253');
    expect(await node.info('total_forks')).toBe('1');
    expect(await client.text('SAVE')).toBe('OK');
    expect(keysOfRdb(file()).get('0 key300')).toBe('beforeafter');
    expect(await node.info('rdb_changes_since_last_save')).toBe('0');
    expect(await node.info('rdb_saves')).toBe('2');
  });

  it('are written by a process of their own, whose death makes writes be refused until a save succeeds', async () => {
    const { client } = node;
    await client.text('CONFIG', 'SET', 'save', '3600 1', 'rdb-key-save-delay', 1_000_000);
    await client.text('MSET', 'a', '1', 'b', '2', 'c', '3');
    await client.text('BGSAVE');
    let found: string[] = [];
    await until(() => {
      found = writers();
      return found.length > 0 && existsSync(join(dir, `temp-${found[0]}.rdb`));
    }, 'the process that writes');
    process.kill(Number(found[0]), 'SIGKILL');
    await saved();
    expect(readdirSync(dir)).toEqual([]);
    expect(await node.info('rdb_last_bgsave_status')).toBe('err');
    expect(node.log.join('\n')).toContain('Background saving terminated by signal 9');
    await expect(client.text('SET', 'a', '2')).rejects.toThrow(MISCONF);
    await expect(client.text('PING')).rejects.toThrow(MISCONF);
    expect(await client.text('GET', 'a')).toBe('1');
    await client.text('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no');
    expect(await client.text('SET', 'a', '2')).toBe('OK');
    await client.text('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'yes', 'rdb-key-save-delay', 0);
    await expect(client.text('SET', 'a', '3')).rejects.toThrow(MISCONF);
    await client.text('BGSAVE');
    await saved();
    expect(await client.text('SET', 'a', '4')).toBe('OK');
  });

  it('leave the old file alone when they fail', async () => {
    const { client } = node;
    await client.text('SET', 'a', '1');
    mkdirSync(file());
    await expect(client.text('SAVE')).rejects.toThrow(/^ERR/);
    expect(node.log.join('\n')).toMatch(
      /Error moving temp DB file temp-\d+\.rdb on the final destination dump\.rdb \(in server root dir .*\): Is a directory/,
    );
    await client.text('BGSAVE');
    await saved();
    expect(node.log.join('\n')).toMatch(
      /Error moving temp DB file temp-\d+\.rdb[\s\S]*Background saving error/,
    );
    expect(await node.info('rdb_last_bgsave_status')).toBe('err');
    expect(readdirSync(dir)).toEqual(['dump.rdb']);
    rmSync(dir, { recursive: true });
    await expect(client.text('SAVE')).rejects.toThrow(/^ERR/);
    expect(node.log.at(-1)).toMatch(
      /Failed opening the temp RDB file temp-\d+\.rdb .* No such file or directory/,
    );
    mkdirSync(dir);
    expect(await client.text('SAVE')).toBe('OK');
    expect(await node.info('rdb_last_bgsave_status')).toBe('ok');
  });

  it('begin by themselves at a save point', async () => {
    const { client } = node;
    await client.text('CONFIG', 'SET', 'save', '1 2');
    await client.text('SET', 'a', '1');
    await client.text('SET', 'b', '1');
    await until(() => existsSync(file()), 'the save');
    expect(node.log.join('\n')).toContain('2 changes in 1 seconds. Saving...');
    await until(async () => (await node.info('rdb_changes_since_last_save')) === '0', 'its end');
  });

  it('are given up by FLUSHALL, which leaves an empty file where there are save points', async () => {
    const { client } = node;
    await client.text('CONFIG', 'SET', 'rdb-key-save-delay', 1_000_000);
    await client.text('MSET', 'a', '1', 'b', '2');
    await client.text('BGSAVE');
    expect(await node.info('rdb_bgsave_in_progress')).toBe('1');
    await client.text('FLUSHALL');
    expect(await node.info('rdb_bgsave_in_progress')).toBe('0');
    expect(await node.info('rdb_last_bgsave_status')).toBe('ok');
    await until(() => writers().length === 0, 'the end of the process');
    await until(() => readdirSync(dir).length === 0, 'the end of its file');
    await client.text('CONFIG', 'SET', 'save', '3600 1', 'rdb-key-save-delay', 0);
    await client.text('SET', 'a', '1');
    await client.text('SAVE');
    await client.text('FLUSHALL');
    expect(keysOfRdb(file()).size).toBe(0);
  });

  it('wait for the end of a transaction, and of other work', async () => {
    const { client } = node;
    await client.pipeline([['MULTI'], ['SET', 'a', '1'], ['BGSAVE'], ['SET', 'b', '2']]);
    expect(String(await client.call('EXEC'))).toBe('OK,Background saving scheduled,OK');
    await until(() => existsSync(file()), 'the save');
    expect(keysOfRdb(file()).size).toBe(2);
  });

  it('that fail end a replica that its master goes on writing to, unless it is to ignore that', async () => {
    const master = await startStandalone('bundled');
    try {
      const { client } = node;
      await client.text('CONFIG', 'SET', 'replica-ignore-disk-write-errors', 'yes');
      await client.text('REPLICAOF', '127.0.0.1', master.port);
      await until(async () => (await node.info('master_link_status')) === 'up', 'the link');
      // What came from the master may be there.
      rmSync(file(), { force: true });
      mkdirSync(file());
      await client.text('CONFIG', 'SET', 'save', '3600 1');
      await client.text('BGSAVE');
      await saved();
      await master.client.text('SET', 'a', '1');
      await until(async () => (await client.text('EXISTS', 'a')) === '1', 'the write');
      expect(node.log.join('\n')).toContain(
        'Replica is applying a command even though it is unable to write',
      );
      await client.text('CONFIG', 'SET', 'replica-ignore-disk-write-errors', 'no');
      await master.client.text('SET', 'a', '2');
      expect(await node.node?.ended).toBe(1);
      expect(node.log.at(-1)).toContain('Replica was unable to write command to disk.');
    } finally {
      await master.stop();
    }
  });

  it('can be read back by DEBUG RELOAD, over what is there too', async () => {
    const { client } = node;
    await client.text('MSET', 'a', '1', 'b', '2');
    await client.text('SET', 'volatile', 'x', 'PX', 1_000_000);
    expect(await client.text('DEBUG', 'RELOAD')).toBe('OK');
    expect(await client.text('DBSIZE')).toBe('3');
    await client.text('SET', 'a', 'changed');
    await client.text('SET', 'more', '3');
    await expect(client.text('DEBUG', 'RELOAD', 'NOSAVE', 'NOFLUSH')).rejects.toThrow('Error trying to load');
    expect(await client.text('DEBUG', 'RELOAD', 'NOSAVE', 'NOFLUSH', 'MERGE')).toBe('OK');
    expect(String(await client.call('MGET', 'a', 'b', 'more'))).toBe('1,2,3');
    expect(Number(await client.text('PTTL', 'volatile'))).toBeGreaterThan(0);
    expect(await client.text('DEBUG', 'RELOAD', 'NOSAVE')).toBe('OK');
    expect(await client.text('EXISTS', 'more')).toBe('0');
  });
});

/** Its servers are its own: a save may go on behind it. */
describe.skipIf(skipWithoutRedisServer)(`a transaction beside redis-server${redisServerNote}`, () => {
  const pair = usePair();

  it('schedules a save', () => pair().same('MULTI', 'BGSAVE', 'EXEC'));
});

describe.skipIf(skipWithoutRedisServer)(`SAVE and its like beside redis-server${redisServerNote}`, () => {
  itAnswersAlike(usePair(), {
    'saves and what they refuse': [
      'SAVE',
      'SAVE now',
      'BGSAVE later',
      'BGSAVE SCHEDULE now',
      'MULTI',
      'SAVE',
      'DISCARD',
      'LASTSAVE 1',
    ],
    'the reload of a data set': [
      'SET a 1 EX 1000',
      'SET b text',
      'DEBUG RELOAD',
      'GET a',
      'OBJECT ENCODING a',
      'OBJECT ENCODING b',
      'DEBUG RELOAD NOSAVE',
      'GET b',
      'DEBUG RELOAD WRONG',
      'DEBUG SET-SKIP-CHECKSUM-VALIDATION 1',
      ['RESTORE', 'c', 0, `\x00\x01x\x0a\x00${'\x00'.repeat(8)}`],
      'GET c',
      ['RESTORE', 'd', 0, `\x00\x01x\xff\x00${'\x00'.repeat(8)}`],
      'DEBUG RELOAD MERGE',
      'DEBUG SET-SKIP-CHECKSUM-VALIDATION 0',
    ],
    'a watched key after a reload': ['SET a 1', 'WATCH a', 'DEBUG RELOAD', 'MULTI', 'GET a', 'EXEC'],
  });
});
