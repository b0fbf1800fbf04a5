/** What subscribers hear when keys expire, beside redis-server: of a key that is asked for, and of one that nobody asks for. */
import { describe, expect, it } from 'vitest';
import { usePair } from '../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';

describe.skipIf(skipWithoutRedisServer)(`events of keys that expire${redisServerNote}`, () => {
  const pair = usePair();

  it.each([
    ['that is asked for', 0],
    ['that nobody asks for', 1],
  ])('a key %s', async (_name, activeExpiry) => {
    await pair().reset();
    await pair().run([`DEBUG SET-ACTIVE-EXPIRE ${activeExpiry}`]);
    const heard = await pair().listen('KEAmn');
    await pair().run(['SET a 1 PX 1', 'SELECT 2', 'HSET h f v', 'PEXPIRE h 1', 'SELECT 0']);
    const gone = async (): Promise<boolean> => {
      const { redis, node } = await pair().run(
        activeExpiry === 1
          ? ['DBSIZE', 'SELECT 2', 'DBSIZE', 'SELECT 0']
          : ['TTL a', 'SELECT 2', 'TTL h', 'SELECT 0'],
      );
      const left = [...redis, ...node].filter((reply) => reply.startsWith(':'));
      return left.every((reply) => reply === (activeExpiry === 1 ? ':0\r\n' : ':-2\r\n'));
    };
    await until(gone, 'the keys to expire');
    const { redis, node } = await heard();
    // Misses tell how often it was asked; and a key may expire before the next command.
    const expiries = (events: readonly string[]): string[] =>
      events.filter((event) => !event.includes('keymiss')).sort();
    expect(expiries(redis)).toContain('__keyspace@0__:a expired');
    expect(expiries(redis)).toContain('__keyevent@2__:expired h');
    expect(expiries(node)).toEqual(expiries(redis));
  });
});
