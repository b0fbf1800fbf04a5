/** What the commands of hashes and sets tell besides their replies, beside redis-server: notifications, and writes for the next save. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Command, RawReplies, usePair } from '../../helpers/compat.ts';
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
  const events: string[] = [];
  let listener: RawReplies | undefined;

  beforeAll(() => {
    const db = pair().node.node?.parts.databases[0];
    if (db === undefined) throw new Error('no database');
    // Every class but misses, as "KEA" and "n" have it; nobody need listen.
    db.notify = (letter, event, key) => {
      if (letter !== 'm') events.push(`${event} ${key}`);
    };
  });
  afterAll(() => listener?.close());

  it.each(Object.entries(scripts))('%s', async (_name, script) => {
    await pair().reset();
    await pair().run(['CONFIG SET notify-keyspace-events En$lshzxegtd']);
    listener?.close();
    listener = await RawReplies.open(pair().redis.port);
    await listener.send([['PSUBSCRIBE', '__keyevent@0__:*']]);
    const changes = async (): Promise<number[]> =>
      Promise.all(
        [pair().redis, pair().node].map(async (server) =>
          Number(await server.info('rdb_changes_since_last_save')),
        ),
      );
    const before = await changes();
    events.length = 0;
    // Which members are drawn is chance.
    await pair().run(script);
    const after = await changes();
    expect((after[1] ?? 0) - (before[1] ?? 0)).toBe((after[0] ?? 0) - (before[0] ?? 0));
    // Events come before the replies of the PINGs, one of which is more than there should be events.
    const told = await listener.send([...events, 'and one more'].map(() => 'PING'));
    const ofRedis = told.flatMap((push) => {
      const [, event, key] = /__keyevent@0__:(\S+)\r\n\$\d+\r\n(\S+)\r\n$/.exec(push) ?? [];
      return event === undefined ? [] : [`${event} ${key}`];
    });
    expect(events).toEqual(ofRedis);
  });
});
