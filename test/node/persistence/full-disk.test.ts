import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/core/random.ts';
import { keysOfRdb } from '../../helpers/rdb-file.ts';
import { until } from '../../helpers/servers.ts';
import { type Standalone, startStandalone } from '../../helpers/standalone.ts';

/** Mounts a small file system; false where this user may not. */
function mount(dir: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir]).status === 0;
}
const unmount = (dir: string): void => {
  spawnSync('umount', [dir]);
};

function mayMount(): boolean {
  const dir = mkdtempSync(join(tmpdir(), 'trib-mount-'));
  const mounted = mount(dir);
  if (mounted) unmount(dir);
  rmdirSync(dir);
  return mounted;
}

const skip = !mayMount();
const note = skip ? ' (skipped: this user may not mount a small file system)' : '';
const MISCONF = /^MISCONF Redis is configured to save RDB snapshots/;

describe.skipIf(skip)(`a disk that takes no more${note}`, () => {
  let dir = '';
  let node: Standalone;
  const random = seededRandom(5);
  const noise = (bytes: number): Buffer =>
    Buffer.from(Array.from({ length: bytes }, () => random.below(256)));
  const bgsave = async (): Promise<string> => {
    await node.client.text('BGSAVE');
    await until(async () => (await node.info('rdb_bgsave_in_progress')) === '0', 'the end of a BGSAVE');
    return node.info('rdb_last_bgsave_status');
  };

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'trib-full-'));
    mount(dir);
    node = await startStandalone('bundled', ['--dir', dir, '--save', '3600 1']);
    await node.client.text('SET', 'small', 'before');
    await node.client.text('SAVE');
  });
  afterEach(async () => {
    await node.stop();
    unmount(dir);
    rmSync(dir, { recursive: true, force: true });
  });

  it('fails saves, keeps the old file, has writes refused, and all is well when there is room again', async () => {
    const { client } = node;
    writeFileSync(join(dir, 'filler'), Buffer.alloc(700_000));
    const before = readFileSync(join(dir, 'dump.rdb'));
    for (let n = 0; n < 8; n++) await client.text('SET', `large${n}`, noise(60_000));
    await expect(client.text('SAVE')).rejects.toThrow(/^ERR/);
    expect(node.log.join('\n')).toContain('Write error saving DB on disk(write): No space left on device');
    expect(await bgsave()).toBe('err');
    expect(readdirSync(dir).sort()).toEqual(['dump.rdb', 'filler']);
    expect(readFileSync(join(dir, 'dump.rdb')).equals(before)).toBe(true);
    await expect(client.text('SET', 'more', '1')).rejects.toThrow(MISCONF);
    expect(await client.text('GET', 'small')).toBe('before');
    rmSync(join(dir, 'filler'));
    expect(await bgsave()).toBe('ok');
    expect(await client.text('SET', 'more', '1')).toBe('OK');
    expect(keysOfRdb(join(dir, 'dump.rdb')).size).toBe(9);
  });

  it('does the same when it is read-only', async () => {
    const { client } = node;
    const remount = (how: 'ro' | 'rw'): void => {
      expect(spawnSync('mount', ['-o', `remount,${how}`, dir]).status).toBe(0);
    };
    await client.text('SET', 'a', '1');
    remount('ro');
    await expect(client.text('SAVE')).rejects.toThrow(/^ERR/);
    expect(node.log.join('\n')).toMatch(/Failed opening the temp RDB file .*: Read-only file system/);
    expect(await bgsave()).toBe('err');
    await expect(client.text('SET', 'b', '1')).rejects.toThrow(MISCONF);
    expect([...keysOfRdb(join(dir, 'dump.rdb')).values()]).toEqual(['before']);
    remount('rw');
    expect(await bgsave()).toBe('ok');
    expect(await client.text('SET', 'b', '1')).toBe('OK');
  });
});
