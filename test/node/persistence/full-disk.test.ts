import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/core/random.ts';
import { keysOfRdb } from '../../helpers/rdb-file.ts';
import { until } from '../../helpers/servers.ts';
import { type SmallDisk, skipWithoutSmallDisk, smallDisk, smallDiskNote } from '../../helpers/small-disk.ts';
import { type Standalone, startStandalone } from '../../helpers/standalone.ts';

const MISCONF = /^MISCONF Redis is configured to save RDB snapshots/;

describe.skipIf(skipWithoutSmallDisk)(`a disk that takes no more${smallDiskNote}`, () => {
  let disk: SmallDisk;
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
    disk = smallDisk() as SmallDisk;
    dir = disk.dir;
    node = await startStandalone('bundled', ['--dir', dir, '--save', '3600 1']);
    await node.client.text('SET', 'small', 'before');
    await node.client.text('SAVE');
  });
  afterEach(async () => {
    await node.stop();
    disk.remove();
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
    await client.text('SET', 'a', '1');
    disk.remount('ro');
    await expect(client.text('SAVE')).rejects.toThrow(/^ERR/);
    expect(node.log.join('\n')).toMatch(/Failed opening the temp RDB file .*: Read-only file system/);
    expect(await bgsave()).toBe('err');
    await expect(client.text('SET', 'b', '1')).rejects.toThrow(MISCONF);
    expect([...keysOfRdb(join(dir, 'dump.rdb')).values()]).toEqual(['before']);
    disk.remount('rw');
    expect(await bgsave()).toBe('ok');
    expect(await client.text('SET', 'b', '1')).toBe('OK');
  });
});
