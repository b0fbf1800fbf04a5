import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allTypeCommands } from '../../helpers/all-types.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';
import { type Standalone, startStandalone } from '../../helpers/standalone.ts';

const IN_AN_HOUR = 3_600_000;

describe.skipIf(skipWithoutRedisServer)(`RDB files beside redis-server${redisServerNote}`, () => {
  let dir = '';
  const running: Standalone[] = [];
  const file = (): string => join(dir, 'dump.rdb');
  const digestOf = (server: Standalone): Promise<string> => server.client.text('DEBUG', 'DIGEST');

  async function start(
    engine: 'redis-server' | 'bundled',
    directives: readonly string[] = [],
  ): Promise<Standalone> {
    const server = await startStandalone(engine, ['--dir', dir, ...directives]);
    running.push(server);
    return server;
  }

  /** Keys of every type. */
  async function fill({ client }: Standalone, seed: number): Promise<void> {
    const commands = allTypeCommands(120, Date.now() + IN_AN_HOUR, seed);
    const replies = await client.pipeline([
      ...commands,
      ['SELECT', 3],
      ['SET', 'elsewhere', '1'],
      ['SELECT', 0],
    ]);
    expect(replies.filter((reply) => reply instanceof Error)).toEqual([]);
  }

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'trib-rdb-'));
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.stop()));
    rmSync(dir, { recursive: true, force: true });
  });

  it.each([
    ['redis-server', 'bundled', []],
    ['bundled', 'redis-server', []],
    ['redis-server', 'bundled', ['--maxmemory-policy', 'allkeys-lru']],
    ['bundled', 'redis-server', ['--maxmemory-policy', 'allkeys-lfu', '--rdbcompression', 'no']],
  ] as const)('of every type: what %s saves, %s loads (%j)', async (from, to, directives) => {
    const writer = await start(from, directives);
    await fill(writer, 7);
    const digest = await digestOf(writer);
    const keyCount = Number(await writer.client.text('DBSIZE')) + 1;
    expect(keyCount).toBeGreaterThan(50);
    if (from === 'bundled') {
      await writer.client.text('BGSAVE');
      await expect.poll(() => writer.info('rdb_bgsave_in_progress'), { timeout: 10_000 }).toBe('0');
      expect(await writer.info('rdb_last_bgsave_status')).toBe('ok');
    } else {
      await writer.client.text('SAVE');
    }
    expect(execFileSync('redis-check-rdb', [file()], { encoding: 'latin1' })).toContain('RDB looks OK!');
    const reader = await start(to, directives);
    expect(await digestOf(reader)).toBe(digest);
    expect(await reader.info('rdb_last_load_keys_loaded')).toBe(String(keyCount));
    // And back, over the reader's own file.
    await reader.client.text('SAVE');
    cpSync(file(), join(dir, 'again.rdb'));
    const last = await start(from, [...directives, '--dbfilename', 'again.rdb']);
    expect(await digestOf(last)).toBe(digest);
  });

  it('tell how keys were used, when keys are evicted by that', async () => {
    const node = await start('bundled', ['--maxmemory-policy', 'allkeys-lru']);
    await node.client.pipeline([['RESTORE', 'old', 0, await dumpOf(node, 'a'), 'IDLETIME', 1000]]);
    await node.client.text('SAVE');
    const redis = await start('redis-server', ['--maxmemory-policy', 'allkeys-lru']);
    expect(Number(await redis.client.text('OBJECT', 'IDLETIME', 'old'))).toBeGreaterThanOrEqual(999);
    expect(Number(await redis.client.text('OBJECT', 'IDLETIME', 'a'))).toBeLessThan(100);
  });

  it('show the same fields of INFO persistence and stats', async () => {
    const fields = async (engine: 'redis-server' | 'bundled', section: string): Promise<string[]> => {
      const server = await start(engine);
      const text = await server.client.text('INFO', section);
      return text.split('\r\n').map((line) => line.split(':')[0] as string);
    };
    expect(await fields('bundled', 'persistence')).toEqual(await fields('redis-server', 'persistence'));
  });
});

async function dumpOf({ client }: Standalone, key: string): Promise<Buffer> {
  // No small number: redis-server has one object for all keys with it.
  await client.text('SET', key, 'text');
  return (await client.call('DUMP', key)) as Buffer;
}
