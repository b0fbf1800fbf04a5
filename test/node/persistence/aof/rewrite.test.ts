import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RewriteLimit } from '../../../../src/node/persistence/aof/rewrite-limit.ts';
import { request } from '../../../../src/protocol/resp/encode.ts';
import { until } from '../../../helpers/servers.ts';
import { type Standalone, startStandalone } from '../../../helpers/standalone.ts';

/** A rewrite that takes as long as it is let. */
const SLOW = '10000000';

describe('the rewriting of an append only file', () => {
  let dir = '';
  let node: Standalone;
  const file = (name: string): string => join(dir, 'appendonlydir', name);
  const names = (): string[] => readdirSync(join(dir, 'appendonlydir')).sort();
  const manifest = (): string => readFileSync(file('appendonly.aof.manifest'), 'latin1');
  const start = async (...directives: string[]): Promise<Standalone> => {
    node = await startStandalone('bundled', ['--dir', dir, ...directives]);
    return node;
  };
  const again = async (): Promise<Standalone> => {
    await node.stop();
    return start('--appendonly', 'yes');
  };
  const text = (...words: string[]): Promise<string> => node.client.text(...words);
  const set = (name: string, value: string): Promise<string> => text('CONFIG', 'SET', name, value);
  const idle = (): Promise<void> =>
    until(
      async () =>
        (await node.info('aof_rewrite_in_progress')) === '0' &&
        (await node.info('aof_rewrite_scheduled')) === '0',
      'the end of the rewrite',
    );
  const logged = (what: string, count = 1): Promise<void> =>
    until(() => node.log.filter((line) => line.includes(what)).length >= count, `"${what}" in the log`);
  const killWriter = (): void => {
    const pid = node.log.findLast((line) => line.includes('rewriting started'))?.match(/pid (\d+)$/)?.[1];
    process.kill(Number(pid), 'SIGKILL');
  };

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'trib-rewrite-'));
  });
  afterEach(async () => {
    await node.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it('holds the data of its beginning, and the increment what is written meanwhile', async () => {
    await start('--appendonly', 'yes', '--aof-use-rdb-preamble', 'no', '--rdb-key-save-delay', '20000');
    for (let n = 0; n < 20; n++) await text('SET', `key:${n}`, 'before');
    await text('BGREWRITEAOF');
    for (let n = 0; n < 20; n++) await text('APPEND', `key:${n}`, ' and after');
    await text('DEL', 'key:7');
    await idle();
    const base = readFileSync(file('appendonly.aof.2.base.aof'), 'latin1');
    expect(base.match(/before\r\n/g)).toHaveLength(20);
    expect(base).not.toContain('after');
    const increment = readFileSync(file('appendonly.aof.2.incr.aof'), 'latin1');
    expect(increment.startsWith(request(['SELECT', '0']) + request(['APPEND', 'key:0', ' and after']))).toBe(
      true,
    );
    expect(names()).toEqual([
      'appendonly.aof.2.base.aof',
      'appendonly.aof.2.incr.aof',
      'appendonly.aof.manifest',
    ]);
    const digest = await text('DEBUG', 'DIGEST');
    await again();
    expect(await text('DEBUG', 'DIGEST')).toBe(digest);
  });

  it('fails without harm when its process is killed; each failure leaves an increment', async () => {
    await start('--appendonly', 'yes', '--rdb-key-save-delay', SLOW);
    await text('SET', 'a', '1');
    for (let failure = 1; failure <= 2; failure++) {
      await text('BGREWRITEAOF');
      await text('INCR', 'a');
      killWriter();
      await logged('Background AOF rewrite terminated by signal 9', failure);
      expect(await node.info('aof_last_bgrewrite_status')).toBe('err');
      expect(await node.info('aof_rewrites_consecutive_failures')).toBe(String(failure));
    }
    expect(manifest().match(/type i/g)).toHaveLength(3);
    expect(readdirSync(dir)).toEqual(['appendonlydir']);
    await again();
    expect(await text('GET', 'a')).toBe('3');
    await text('BGREWRITEAOF');
    await idle();
    expect(await node.info('aof_rewrites_consecutive_failures')).toBe('0');
    expect(manifest()).toBe(
      'file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.4.incr.aof seq 4 type i\n',
    );
  });

  it('can be turned on and off while clients write', async () => {
    await start('--appendonly', 'no');
    await text('SET', 'a', '1');
    expect(await set('appendonly', 'yes')).toBe('OK');
    await text('INCR', 'a');
    expect(await node.info('aof_enabled')).toBe('1');
    await idle();
    await text('INCR', 'a');
    expect(await set('appendonly', 'no')).toBe('OK');
    await text('INCR', 'a');
    expect(await node.info('aof_enabled')).toBe('0');
    expect(await text('GET', 'a')).toBe('4');
    await again();
    expect(await text('GET', 'a')).toBe('3');
  });

  it('gathers writes in a temporary increment until there is a first base', async () => {
    await start('--appendonly', 'no', '--rdb-key-save-delay', SLOW);
    await text('SET', 'a', '1');
    await set('appendonly', 'yes');
    await text('INCR', 'a');
    expect(names()).toEqual(['temp-appendonly.aof.incr']);
    killWriter();
    await logged('Removing the temp incr aof file');
    // Tried again at once: what was written before is in the base that it makes.
    await logged('rewriting started', 2);
    await text('INCR', 'a');
    await set('rdb-key-save-delay', '0');
    killWriter();
    await idle();
    expect(names()).toEqual([
      'appendonly.aof.1.base.rdb',
      'appendonly.aof.1.incr.aof',
      'appendonly.aof.manifest',
    ]);
    await text('INCR', 'a');
    await again();
    expect(await text('GET', 'a')).toBe('4');
  });

  it('being turned off kills a rewrite, and nothing of it stays', async () => {
    await start('--appendonly', 'no', '--rdb-key-save-delay', SLOW);
    await text('SET', 'a', '1');
    await set('appendonly', 'yes');
    await set('appendonly', 'no');
    expect(node.log.join('\n')).toContain('Killing running AOF rewrite child: ');
    await until(() => readdirSync(dir).length === 1 && names().length === 0, 'the folder to be empty');
    expect(await node.info('aof_rewrite_in_progress')).toBe('0');
    await set('rdb-key-save-delay', '0');
    await set('appendonly', 'yes');
    await idle();
    await again();
    expect(await text('GET', 'a')).toBe('1');
  });

  it('waits for the end of a BGSAVE, and of a transaction', async () => {
    await start('--appendonly', 'yes', '--rdb-key-save-delay', SLOW);
    await text('SET', 'a', '1');
    await text('BGSAVE');
    expect(await text('BGREWRITEAOF')).toBe('Background append only file rewriting scheduled');
    expect(await node.info('aof_rewrite_scheduled')).toBe('1');
    expect(await node.info('aof_pending_rewrite')).toBe('1');
    await set('rdb-key-save-delay', '0');
    const pid = node.log
      .findLast((line) => line.includes('Background saving started'))
      ?.match(/pid (\d+)$/)?.[1];
    process.kill(Number(pid), 'SIGKILL');
    await idle();
    expect(await node.info('aof_rewrites')).toBe('1');
    await text('MULTI');
    await text('INCR', 'a');
    await text('BGREWRITEAOF');
    await text('INCR', 'a');
    expect(await text('EXEC')).toBe('2,Background append only file rewriting scheduled,3');
    await idle();
    expect(await node.info('aof_rewrites')).toBe('2');
    await again();
    expect(await text('GET', 'a')).toBe('3');
  });

  it('begins on its own when the files have grown, and not before', async () => {
    await start(
      ...['--appendonly', 'yes', '--auto-aof-rewrite-min-size', '20000'],
      ...['--auto-aof-rewrite-percentage', '100'],
    );
    for (let n = 0; n < 30; n++) await text('SET', 'a', 'x'.repeat(1000));
    await logged('Starting automatic rewriting of AOF on ');
    await idle();
    expect(await node.info('aof_rewrites')).toBe('1');
    expect(Number(await node.info('aof_current_size'))).toBeLessThan(20_000);
    expect(await node.info('aof_base_size')).toBe(await node.info('aof_current_size'));
  });

  it('keeps its history where aof-disable-auto-gc says so, until it does not', async () => {
    await start('--appendonly', 'yes', '--aof-disable-auto-gc', 'yes');
    await text('SET', 'a', '1');
    await text('BGREWRITEAOF');
    await idle();
    expect(manifest().match(/type h/g)).toHaveLength(2);
    expect(existsSync(file('appendonly.aof.1.incr.aof'))).toBe(true);
    await set('aof-disable-auto-gc', 'no');
    expect(manifest()).not.toContain('type h');
    expect(existsSync(file('appendonly.aof.1.incr.aof'))).toBe(false);
  });

  it('SHUTDOWN writes and syncs what there is, and does not end while the first base is missing', async () => {
    await start('--appendonly', 'no', '--rdb-key-save-delay', SLOW);
    await text('SET', 'a', '1');
    await set('appendonly', 'yes');
    await expect(text('SHUTDOWN', 'NOSAVE')).rejects.toThrow('Errors trying to SHUTDOWN. Check logs.');
    expect(node.log.join('\n')).toContain("Writing initial AOF, can't exit.");
    await set('rdb-key-save-delay', '0');
    killWriter();
    await idle();
    await text('INCR', 'a');
    await node.client.call('SHUTDOWN', 'NOSAVE').catch(() => undefined);
    expect(await node.node?.ended).toBe(0);
    expect(node.log.join('\n')).toContain('Calling fsync() on the AOF file.');
    await again();
    expect(await text('GET', 'a')).toBe('2');
  });
});

describe('the limit of rewrites that fail again and again', () => {
  it('lets one begin after 1, 2, 4 ... minutes, an hour at most, until one succeeds', () => {
    const limit = new RewriteLimit();
    const pauses: number[] = [];
    let nowMs = 1_700_000_000_000;
    const forbids = (): boolean => limit.forbids(nowMs, (minutes) => pauses.push(minutes));
    for (limit.failures = 0; limit.failures < 3; limit.failures++) expect(forbids()).toBe(false);
    for (const minutes of [1, 2, 4, 8, 16, 32, 60, 60]) {
      expect(forbids()).toBe(true);
      expect(pauses.at(-1)).toBe(minutes);
      nowMs += minutes * 60_000 - 1;
      expect(forbids()).toBe(true);
      nowMs += 1;
      expect(forbids()).toBe(false);
    }
    expect(pauses).toHaveLength(8);
    limit.failures = 0;
    expect(forbids()).toBe(false);
    limit.failures = 3;
    forbids();
    expect(pauses.at(-1)).toBe(1);
  });
});
