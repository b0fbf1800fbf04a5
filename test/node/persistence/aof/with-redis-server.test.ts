import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allTypeCommands } from '../../../helpers/all-types.ts';
import type { RawConnection } from '../../../helpers/raw-connection.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../../helpers/servers.ts';
import { type Standalone, type StandaloneEngine, startStandalone } from '../../../helpers/standalone.ts';

const LATER_MS = Date.now() + 3_600_000;

/** Keys of every type in a database. */
async function write(client: RawConnection, db: number, count: number): Promise<void> {
  const commands = allTypeCommands(count, LATER_MS, db);
  const replies = await client.pipeline([['SELECT', db], ...commands, ['SELECT', 0]]);
  const refused = replies.find((reply) => reply instanceof Error);
  if (refused !== undefined) throw refused;
}

async function rewritten(server: Standalone): Promise<void> {
  await server.client.text('BGREWRITEAOF');
  await until(async () => (await server.info('aof_rewrite_in_progress')) === '0', 'the end of the rewrite');
  expect(await server.info('aof_last_bgrewrite_status')).toBe('ok');
}

const engines: readonly (readonly [StandaloneEngine, StandaloneEngine])[] = [
  ['bundled', 'redis-server'],
  ['redis-server', 'bundled'],
  ['bundled', 'bundled'],
];

describe.skipIf(skipWithoutRedisServer)(`append only files of both engines${redisServerNote}`, () => {
  let dir = '';
  const running: Standalone[] = [];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'trib-aof-both-'));
  });
  afterEach(async () => {
    for (const server of running.splice(0)) await server.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const start = async (engine: StandaloneEngine, ...directives: string[]): Promise<Standalone> => {
    const server = await startStandalone(engine, ['--dir', dir, '--appendonly', 'yes', ...directives]);
    running.push(server);
    await until(async () => (await server.info('loading')) === '0', 'the end of the loading');
    return server;
  };
  const stop = async (server: Standalone): Promise<void> => {
    running.splice(running.indexOf(server), 1);
    // The reply is the end of the connection.
    await server.client.call('SHUTDOWN', 'NOSAVE').catch(() => undefined);
    await server.stop();
  };
  const check = (): string => {
    const manifest = join(dir, 'appendonlydir', 'appendonly.aof.manifest');
    return execFileSync('redis-check-aof', [manifest], { encoding: 'utf8' });
  };

  describe.each(['yes', 'no'])('with aof-use-rdb-preamble %s', (preamble) => {
    it.each(engines)(
      'what %s writes, %s reads, and goes on',
      async (writer, reader) => {
        const one = await start(writer, '--aof-use-rdb-preamble', preamble);
        await write(one.client, 1, 60);
        await one.client.text('SELECT', 3);
        await one.client.text('SET', 'elsewhere', 'x\r\n\xff');
        await one.client.text('SELECT', 0);
        await rewritten(one);
        await write(one.client, 2, 40);
        const digest = await one.client.text('DEBUG', 'DIGEST');
        await stop(one);
        expect(check()).toContain('All AOF files and manifest are valid');

        const two = await start(reader, '--aof-use-rdb-preamble', preamble);
        expect(await two.client.text('DEBUG', 'DIGEST')).toBe(digest);
        await two.client.text('SET', 'of the second', '1');
        await rewritten(two);
        await two.client.text('APPEND', 'of the second', '2');
        await stop(two);

        const three = await start(writer);
        expect(await three.client.text('GET', 'of the second')).toBe('12');
        await three.client.text('DEL', 'of the second');
        expect(await three.client.text('DEBUG', 'DIGEST')).toBe(digest);
      },
      60_000,
    );
  });

  it('INFO has the same fields, and BGREWRITEAOF the same words', async () => {
    const [ours, theirs] = [
      await start('bundled'),
      await startStandalone('redis-server', ['--appendonly', 'yes']),
    ];
    running.push(theirs);
    const fields = async ({ client }: Standalone): Promise<string[]> =>
      (await client.text('INFO', 'persistence')).split('\r\n').map((line) => line.split(':')[0] as string);
    expect(await fields(ours)).toEqual(await fields(theirs));
    for (const server of [ours, theirs]) {
      await server.client.text('CONFIG', 'SET', 'rdb-key-save-delay', '200000');
      await server.client.text('DEBUG', 'POPULATE', '20');
    }
    const words = async ({ client }: Standalone): Promise<string[]> => {
      const replies = [await client.call('BGREWRITEAOF'), await client.call('BGREWRITEAOF')];
      await client.call('CONFIG', 'SET', 'appendonly', 'no');
      await client.call('MULTI');
      await client.call('BGREWRITEAOF');
      replies.push(...((await client.call('EXEC')) as (string | Error)[]));
      return replies.map(String);
    };
    expect(await words(ours)).toEqual(await words(theirs));
  });
});
