import { afterEach, describe, expect, it } from 'vitest';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import {
  contentsOf,
  type Standalone,
  type StandaloneEngine,
  startStandalone,
} from '../../helpers/standalone.ts';

const script = `
  redis.call('set', KEYS[1], ARGV[1])
  redis.call('incrby', 'count', math.random(1000))
  redis.call('set', 'time', redis.call('time')[2], 'px', 100000)
  redis.set_repl(redis.REPL_NONE)
  redis.call('set', 'here', 'only')
  redis.set_repl(redis.REPL_ALL)
  redis.call('select', 5)
  redis.call('set', 'five', 'x')
  return redis.pcall('incr', KEYS[1])`;

describe.skipIf(skipWithoutRedisServer)(
  `what scripts write is replicated as it was done${redisServerNote}`,
  () => {
    const servers: Standalone[] = [];
    afterEach(async () => {
      for (const server of servers.splice(0)) await server.stop();
    });

    it.each<[StandaloneEngine, StandaloneEngine]>([
      ['bundled', 'redis-server'],
      ['redis-server', 'bundled'],
      ['bundled', 'bundled'],
    ])('from %s to %s', async (masterEngine, replicaEngine) => {
      const master = await startStandalone(masterEngine, ['--repl-diskless-sync-delay', '0']);
      servers.push(master);
      const replica = await startStandalone(replicaEngine, ['--replicaof', `127.0.0.1 ${master.port}`]);
      servers.push(replica);
      await until(async () => (await replica.info('master_link_status')) === 'up', 'the link');
      const { client } = master;
      for (let i = 0; i < 5; i++) await client.call('EVAL', script, 1, `key ${i}`, `text ${i}`);
      await client.text(
        'FUNCTION',
        'LOAD',
        '#!lua name=l\nredis.register_function("f", function(k) return redis.call("incr", k[1]) end)',
      );
      await client.text('FCALL', 'f', 1, 'called');
      expect(await client.text('WAIT', 1, 10_000)).toBe('1');
      const expected = await contentsOf(client);
      expected.delete(Buffer.from('here').toString('hex'));
      expect(await contentsOf(replica.client)).toEqual(expected);
      expect(await contentsOf(replica.client, 5)).toEqual(await contentsOf(client, 5));
      expect(String(await replica.client.call('FUNCTION', 'LIST'))).toBe(
        String(await client.call('FUNCTION', 'LIST')),
      );
    });
  },
);
