import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { redisServerNote, skipWithoutRedisServer, until } from '../../../helpers/servers.ts';
import { type Standalone, type StandaloneEngine, startStandalone } from '../../../helpers/standalone.ts';

describe('the append only file of a replica', () => {
  const running: Standalone[] = [];
  let dir = '';
  afterEach(async () => {
    for (const server of running.splice(0)) await server.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const start = async (engine: StandaloneEngine, ...directives: string[]): Promise<Standalone> => {
    const server = await startStandalone(engine, directives);
    running.push(server);
    return server;
  };

  const engines: readonly StandaloneEngine[] = skipWithoutRedisServer
    ? ['bundled']
    : ['bundled', 'redis-server'];

  it.each(engines)(`begins anew with the data of its master, a %s${redisServerNote}`, async (engine) => {
    dir = mkdtempSync(join(tmpdir(), 'trib-aof-replica-'));
    const master = await start(engine, '--repl-diskless-sync-delay', '0');
    await master.client.text('SET', 'from the master', '1');
    const replica = await start('bundled', '--dir', dir, '--appendonly', 'yes');
    await replica.client.text('SET', 'its own', '1');
    await replica.client.text('REPLICAOF', '127.0.0.1', String(master.port));
    await until(async () => (await replica.info('master_link_status')) === 'up', 'the synchronisation');
    await until(
      async () => (await replica.info('aof_rewrite_in_progress')) === '0',
      'the base of the replica',
    );
    await master.client.pipeline([['SELECT', 2], ['MULTI'], ['INCR', 'n'], ['INCR', 'n'], ['EXEC']]);
    await master.client.text('SET', 'gone soon', '1', 'PX', '50');
    await until(async () => (await master.info('expired_keys')) === '1', 'the key to expire');
    const increment = (): string => {
      const manifest = readFileSync(join(dir, 'appendonlydir', 'appendonly.aof.manifest'), 'latin1');
      const [, name = ''] = /file (\S+) seq \d+ type i\n$/.exec(manifest) ?? [];
      return readFileSync(join(dir, 'appendonlydir', name), 'latin1');
    };
    await until(() => /DEL\r\n\$9\r\ngone soon\r\n$/.test(increment()), 'the deletion in the file');
    expect(increment()).toMatch(/SELECT\r\n\$1\r\n2\r\n\*1\r\n\$5\r\nMULTI\r\n.*EXEC\r\n/s);
    const digest = await master.client.text('DEBUG', 'DIGEST');
    await replica.stop();
    const alone = await start('bundled', '--dir', dir, '--appendonly', 'yes');
    expect(await alone.client.text('EXISTS', 'its own')).toBe('0');
    expect(await alone.client.text('DEBUG', 'DIGEST')).toBe(digest);
  });
});
