/** What subscribers hear when a write serves a client that waits, beside redis-server. */
import { describe, expect, it } from 'vitest';
import { type Command, usePair } from '../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import { Subscriber } from '../../helpers/subscriber.ts';

/** `waits`: what another client has sent before. */
const scenes: Record<string, { waits: Command; script: readonly Command[] }> = {
  'BLPOP by RPUSH': { waits: 'BLPOP a b 0', script: ['RPUSH b 1 2', 'LPOP b'] },
  'BLPOP of the last element': { waits: 'BLPOP a 0', script: ['LPUSH a 1', 'LPUSH a 2'] },
  'BRPOP by a transaction': {
    waits: 'BRPOP a 0',
    script: ['MULTI', 'RPUSH a 1', 'RPUSH a 2', 'SET b 1', 'EXEC'],
  },
  'BLPOP by a script': {
    waits: 'BLPOP a 0',
    script: [['EVAL', "redis.call('rpush', 'a', 1); redis.call('set', 'b', 1)", 0]],
  },
  'BLPOP by RENAME': { waits: 'BLPOP a 0', script: ['RPUSH other 1 2', 'RENAME other a'] },
  'BLPOP by COPY': { waits: 'BLPOP a 0', script: ['RPUSH other 1 2', 'COPY other a'] },
  'BLMOVE to another list': { waits: 'BLMOVE a b LEFT RIGHT 0', script: ['RPUSH b 0', 'RPUSH a 1'] },
  'BRPOPLPUSH to a string': { waits: 'BRPOPLPUSH a b 0', script: ['SET b 0', 'RPUSH a 1'] },
  'BLMPOP of several': { waits: 'BLMPOP 0 2 a b LEFT COUNT 2', script: ['RPUSH b 1 2 3'] },
  'BZPOPMIN by ZADD': { waits: 'BZPOPMIN a 0', script: ['ZADD a 1 x 2 y'] },
  'BZPOPMAX by ZUNIONSTORE': { waits: 'BZPOPMAX a 0', script: ['ZADD b 1 x', 'ZUNIONSTORE a 1 b'] },
  'BZMPOP of all': { waits: 'BZMPOP 0 1 a MIN COUNT 5', script: ['ZADD a 1 x 2 y'] },
};

describe.skipIf(skipWithoutRedisServer)(`events of clients that wait${redisServerNote}`, () => {
  const pair = usePair();

  it.each(Object.entries(scenes))('%s', async (_name, { waits, script }) => {
    await pair().reset();
    const servers = [pair().redis, pair().node];
    const waiting = await Promise.all(servers.map(({ port }) => Subscriber.open(port)));
    try {
      for (const client of waiting) client.send(waits);
      for (const server of servers)
        await until(async () => (await server.info('blocked_clients')) === '1', 'the client to wait');
      const heard = await pair().listen('KEAmn');
      await pair().run(script);
      const { redis, node } = await heard();
      expect(redis.length).toBeGreaterThan(0);
      expect(node).toEqual(redis);
      const replies = await Promise.all(waiting.map((client) => client.take('\r\n')));
      expect(replies[1]).toBe(replies[0]);
    } finally {
      for (const client of waiting) client.close();
      for (const server of servers)
        await until(async () => (await server.info('blocked_clients')) === '0', 'nobody to wait');
    }
  });
});
