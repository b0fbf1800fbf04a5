/** What the commands of hashes and sets tell besides their replies, beside redis-server: notifications, and writes for the next save. */
import { describe, expect, it } from 'vitest';
import { type Command, usePair } from '../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';

const scripts: Record<string, readonly Command[]> = {
  hashes: [
    'HSET h a 1 b 2',
    'HSET h a 1',
    'HMSET h c 3',
    'HSETNX h a 1',
    'HSETNX h d 4',
    'HINCRBY h a 1',
    'HINCRBY h a x',
    'HINCRBYFLOAT h e 1.5',
    'HGET none a',
    'HDEL h none',
    'HDEL h a b none',
    'HDEL h c d e',
    'HDEL h a',
  ],
  sets: [
    'SADD s 1 2 3',
    'SADD s 1 2',
    'SADD s 4 5 1',
    'SREM s 9',
    'SREM s 1 2',
    'SADD t 5 6',
    'SMOVE s t 3',
    'SMOVE s t 5',
    'SMOVE s new 4',
    'SMOVE new t 9',
    'SPOP new',
    'SPOP t 0',
    'SPOP t 2',
    'SPOP t 9',
    'SADD a 1 2 3',
    'SADD b 2 3 4',
    'SINTERSTORE c a b',
    'SUNIONSTORE c a b',
    'SDIFFSTORE c a b',
    'SDIFFSTORE c a a',
    'SDIFFSTORE c a a',
    'SINTERSTORE a a none',
    'SREM b 2 3 4',
  ],
};

describe.skipIf(skipWithoutRedisServer)(`events and writes of collections${redisServerNote}`, () => {
  const pair = usePair();

  it.each(Object.entries(scripts))('%s', async (_name, script) => {
    await pair().reset();
    const changes = (): Promise<number[]> =>
      Promise.all(
        [pair().redis, pair().node].map(async (server) =>
          Number(await server.info('rdb_changes_since_last_save')),
        ),
      );
    const before = await changes();
    const heard = await pair().listen('KEAn');
    // Which members are drawn is chance.
    await pair().run(script);
    const { redis, node } = await heard();
    const after = await changes();
    expect((after[1] ?? 0) - (before[1] ?? 0)).toBe((after[0] ?? 0) - (before[0] ?? 0));
    expect(redis.length).toBeGreaterThan(script.length);
    expect(node).toEqual(redis);
  });
});
