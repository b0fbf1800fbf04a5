import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeStartError, startNode } from '../../../../src/node/node.ts';
import { until } from '../../../helpers/servers.ts';
import {
  type SmallDisk,
  skipWithoutSmallDisk,
  smallDisk,
  smallDiskNote,
} from '../../../helpers/small-disk.ts';
import { type Standalone, startStandalone } from '../../../helpers/standalone.ts';

const MISCONF = /^MISCONF Errors writing to the AOF file: No space left on device/;

describe.skipIf(skipWithoutSmallDisk)(
  `an append only file on a disk that takes no more${smallDiskNote}`,
  () => {
    let disk: SmallDisk;
    let node: Standalone | undefined;
    const start = async (...directives: string[]): Promise<Standalone> => {
      node = await startStandalone('bundled', ['--dir', disk.dir, ...directives]);
      return node;
    };
    const again = async (...directives: string[]): Promise<Standalone> => {
      await node?.stop();
      return start(...directives);
    };
    const filler = (): string => join(disk.dir, 'filler');
    const increment = (n: number): string => join(disk.dir, 'appendonlydir', `appendonly.aof.${n}.incr.aof`);

    beforeEach(() => {
      disk = smallDisk() as SmallDisk;
    });
    afterEach(async () => {
      await node?.stop();
      node = undefined;
      disk.remove();
    });

    /** Writes until one is refused; how many were taken. */
    async function fill({ client }: Standalone): Promise<number> {
      for (let n = 0; ; n++) {
        const reply = await client
          .call('SET', `key:${n}`, `${n} `.padEnd(20_000, 'x'))
          .catch(() => undefined);
        if (String(reply) === 'OK') continue;
        if (reply instanceof Error) expect(reply.message).toMatch(MISCONF);
        return n;
      }
    }

    it('has writes refused, keeps what was written whole, and goes on when there is room', async () => {
      const first = await start('--appendonly', 'yes', '--appendfsync', 'everysec');
      writeFileSync(filler(), Buffer.alloc(500_000));
      const taken = await fill(first);
      expect(taken).toBeGreaterThan(10);
      expect(await first.client.text('GET', 'key:0')).toMatch(/^0 x/);
      expect((await first.client.call('PING')) as Error).toMatchObject({
        message: expect.stringMatching(MISCONF),
      });
      expect(await first.info('aof_last_write_status')).toBe('err');
      // What did not fit as a whole was taken back.
      const text = readFileSync(increment(1), 'latin1');
      expect(text.endsWith('x\r\n')).toBe(true);
      expect(first.log.join('\n')).toMatch(/(Short write while|Error) writing to the AOF file/);
      rmSync(filler());
      await until(async () => String(await first.client.call('PING')) === 'PONG', 'the service to return');
      expect(first.log.join('\n')).toContain('AOF write error looks solved, Redis can write again.');
      expect(await first.client.text('SET', 'after', '1')).toBe('OK');
      const size = await first.client.text('DBSIZE');
      const digest = await first.client.text('DEBUG', 'DIGEST');
      const second = await again('--appendonly', 'yes');
      expect(await second.client.text('DBSIZE')).toBe(size);
      expect(await second.client.text('DEBUG', 'DIGEST')).toBe(digest);
    });

    it('ends the node with appendfsync always, before a reply that would not hold', async () => {
      const first = await start('--appendonly', 'yes', '--appendfsync', 'always');
      writeFileSync(filler(), Buffer.alloc(500_000));
      const taken = await fill(first);
      expect(await first.node?.ended).toBe(1);
      expect(first.log.join('\n')).toContain(
        "Can't recover from AOF write error when the AOF fsync policy is 'always'",
      );
      rmSync(filler());
      const second = await again('--appendonly', 'yes');
      expect(await second.client.text('DBSIZE')).toBe(String(taken));
    });

    it('fails a rewrite, leaves nothing of it, and rewrites when there is room', async () => {
      const first = await start(
        '--appendonly',
        'yes',
        '--auto-aof-rewrite-percentage',
        '0',
        '--rdbcompression',
        'no',
      );
      for (let n = 0; n < 10; n++) await first.client.text('SET', `key:${n}`, 'y'.repeat(20_000));
      const free = (1 << 20) - 10 * 20_000 - 120_000;
      writeFileSync(filler(), Buffer.alloc(free));
      const digest = await first.client.text('DEBUG', 'DIGEST');
      await first.client.text('BGREWRITEAOF');
      await until(
        async () => (await first.info('aof_rewrite_in_progress')) === '0',
        'the end of the rewrite',
      );
      expect(await first.info('aof_last_bgrewrite_status')).toBe('err');
      expect(await first.info('aof_rewrites_consecutive_failures')).toBe('1');
      expect(readdirSync(disk.dir).sort()).toEqual(['appendonlydir', 'filler']);
      const second = await again('--appendonly', 'yes');
      expect(await second.client.text('DEBUG', 'DIGEST')).toBe(digest);
      rmSync(filler());
      await second.client.text('BGREWRITEAOF');
      await until(
        async () => (await second.info('aof_rewrite_in_progress')) === '0',
        'the end of the rewrite',
      );
      expect(await second.info('aof_last_bgrewrite_status')).toBe('ok');
      const third = await again('--appendonly', 'yes');
      expect(await third.client.text('DEBUG', 'DIGEST')).toBe(digest);
    });

    it('cannot be turned on while it is read-only, nor started', async () => {
      const first = await start('--appendonly', 'no');
      await first.client.text('SET', 'a', '1');
      disk.remount('ro');
      await expect(first.client.text('CONFIG', 'SET', 'appendonly', 'yes')).rejects.toThrow(
        'Unable to turn on AOF. Check server logs.',
      );
      expect(first.log.join('\n')).toContain(
        "Can't open or create append-only dir appendonlydir: Read-only file system",
      );
      expect(await first.info('aof_enabled')).toBe('0');
      const argv = ['--dir', disk.dir, '--appendonly', 'yes'];
      await expect(startNode({ anyPort: true, argv })).rejects.toThrow(NodeStartError);
      disk.remount('rw');
      expect(await first.client.text('CONFIG', 'SET', 'appendonly', 'yes')).toBe('OK');
      await until(async () => (await first.info('aof_rewrite_in_progress')) === '0', 'the first base');
      expect(existsSync(increment(1))).toBe(true);
      const second = await again('--appendonly', 'yes');
      expect(await second.client.text('GET', 'a')).toBe('1');
    });
  },
);
