/** Messages reach the subscribers at replicas, of either engine, and are in no append only file. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import { type Standalone, startStandalone } from '../../helpers/standalone.ts';
import { Subscriber } from '../../helpers/subscriber.ts';

describe.skipIf(skipWithoutRedisServer)(`pub/sub and replication${redisServerNote}`, () => {
  it.each([
    ['bundled', 'redis-server'],
    ['redis-server', 'bundled'],
    ['bundled', 'bundled'],
  ] as const)('from %s to %s', async (masterEngine, replicaEngine) => {
    const servers: Standalone[] = [];
    try {
      const master = await startStandalone(masterEngine, [
        '--appendonly',
        'yes',
        '--repl-diskless-sync-delay',
        '0',
      ]);
      servers.push(master);
      const replica = await startStandalone(replicaEngine, ['--replicaof', `127.0.0.1 ${master.port}`]);
      servers.push(replica);
      await until(async () => (await replica.info('master_link_status')) === 'up', 'the link to be up');
      const subscriber = await Subscriber.open(replica.port);
      await subscriber.take('ssubscribe', 'SUBSCRIBE a last', 'SSUBSCRIBE a');
      subscriber.received = '';
      const { client } = master;
      expect(await client.call('PUBLISH', 'a', 'alone')).toBe(0);
      await client.pipeline([
        ['SELECT', 2],
        ['MULTI'],
        ['SET', 'k', 'v'],
        ['PUBLISH', 'a', 'in a transaction'],
        ['SPUBLISH', 'a', 'of a shard'],
        ['EXEC'],
        ['EVAL', "redis.call('publish', 'a', 'from a script')", 0],
        ['EVAL', "redis.set_repl(redis.REPL_AOF); redis.call('publish', 'a', 'kept back')", 0],
        ['PUBLISH', 'last', 'end'],
      ]);
      const heard = await subscriber.take('end\r\n');
      const texts = [...heard.matchAll(/message\r\n\$\d+\r\n\w+\r\n\$\d+\r\n(.*)\r\n/g)].map(
        ([, text]) => text,
      );
      expect(texts).toEqual(['alone', 'in a transaction', 'of a shard', 'from a script', 'end']);
      // Replicas of a replica hear what its master says, not what its clients say.
      expect(await replica.client.call('PUBLISH', 'a', 'x')).toBe(1);
      const dir = join(String(((await client.call('CONFIG', 'GET', 'dir')) as Buffer[])[1]), 'appendonlydir');
      const kept = readdirSync(dir).map((name) => readFileSync(join(dir, name), 'latin1'));
      expect(kept.join('')).toMatch(/SET\r\n\$1\r\nk/);
      expect(kept.join('').toLowerCase()).not.toContain('publish');
      subscriber.close();
    } finally {
      for (const server of servers.reverse()) await server.stop();
    }
  });
});
