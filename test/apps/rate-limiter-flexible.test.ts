/** Owns rate-limiter-flexible, used as its documentation shows, with both clients, on one server and on a cluster. */
import {
  BurstyRateLimiter,
  type IRateLimiterRedisOptions,
  RateLimiterQueue,
  RateLimiterRedis,
  RateLimiterRes,
  RateLimiterUnion,
} from 'rate-limiter-flexible';
import { describe, expect, it } from 'vitest';
import { describePlaces, type Place } from '../helpers/places.ts';
import { until } from '../helpers/servers.ts';

type Client = Pick<IRateLimiterRedisOptions, 'storeClient' | 'useRedisPackage'>;

/** How the two clients are handed to the library; node-redis has to be named. */
const clients: Record<string, (place: Place) => Promise<Client>> = {
  ioredis: async (place) => ({ storeClient: place.ioredis() }),
  'node-redis': async (place) => ({ storeClient: await place.nodeRedis(), useRedisPackage: true }),
};

/** What a refused request is answered: how long it has to wait. */
async function refused(request: Promise<unknown>): Promise<RateLimiterRes> {
  const reason = await request.then(
    () => 'was let through',
    (error: unknown) => error,
  );
  if (!(reason instanceof RateLimiterRes)) throw new Error(String(reason));
  return reason;
}

describePlaces((place) => {
  describe.each(Object.keys(clients))('with %s', (name) => {
    const limiter = async (options: Partial<IRateLimiterRedisOptions> = {}): Promise<RateLimiterRedis> => {
      const client = (await clients[name]?.(place)) ?? { storeClient: undefined };
      return new RateLimiterRedis({ ...client, keyPrefix: 'login', points: 3, duration: 60, ...options });
    };

    it('lets so many requests through in a time, and no more', async () => {
      const login = await limiter();
      const first = await login.consume('user');
      expect(first).toMatchObject({ consumedPoints: 1, remainingPoints: 2, isFirstInDuration: true });
      expect(first.msBeforeNext).toBeGreaterThan(50_000);
      expect(await login.consume('user', 2)).toMatchObject({ consumedPoints: 3, isFirstInDuration: false });
      const last = await refused(login.consume('user'));
      expect(last).toMatchObject({ consumedPoints: 4, remainingPoints: 0 });
      expect(last.msBeforeNext).toBeLessThanOrEqual(60_000);
      expect(await login.consume('another')).toMatchObject({ remainingPoints: 2 });
    });

    it('counts all of many at once, on two processes', async () => {
      const logins = [await limiter({ points: 20 }), await limiter({ points: 20 })];
      const requests = Array.from({ length: 50 }, (_, index) => logins[index % 2]?.consume('user'));
      const outcomes = await Promise.allSettled(requests);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
      expect((await logins[0]?.get('user'))?.consumedPoints).toBe(50);
    });

    it('blocks for a time when too much was asked for, penalises and rewards', async () => {
      const login = await limiter({ blockDuration: 600 });
      expect(await login.get('user')).toBeNull();
      expect(await login.penalty('user', 2)).toMatchObject({ consumedPoints: 2 });
      expect(await login.reward('user')).toMatchObject({ consumedPoints: 1 });
      expect((await refused(login.consume('user', 9))).msBeforeNext).toBeGreaterThan(500_000);
      expect(await login.block('another', 300)).toMatchObject({ consumedPoints: 4 });
      expect((await refused(login.consume('another'))).msBeforeNext).toBeGreaterThan(250_000);
      expect(await login.delete('user')).toBe(true);
      expect(await login.delete('user')).toBe(false);
      expect(await login.consume('user')).toMatchObject({ consumedPoints: 1 });
    });

    it('sets points, for a time and for ever, and starts anew when the time is over', async () => {
      const login = await limiter();
      await login.set('user', 3, 60);
      expect((await refused(login.consume('user'))).msBeforeNext).toBeGreaterThan(50_000);
      await place.ioredis().pexpire('login:user', 1);
      await until(async () => (await login.get('user')) === null, 'the end of the time');
      expect(await login.consume('user')).toMatchObject({ consumedPoints: 1 });
      await login.set('user', 2, 0);
      expect(await login.get('user')).toMatchObject({ consumedPoints: 2, msBeforeNext: -1 });
    });

    it('adds bursts, joins limiters, and lines requests up', async () => {
      const bursty = new BurstyRateLimiter(
        await limiter({ points: 1 }),
        await limiter({ points: 2, keyPrefix: 'burst' }),
      );
      for (let request = 0; request < 3; request++) await bursty.consume('user');
      await refused(bursty.consume('user'));
      const both = new RateLimiterUnion(
        await limiter({ keyPrefix: 'short' }),
        await limiter({ keyPrefix: 'long' }),
      );
      expect(await both.consume('user')).toMatchObject({
        short: { consumedPoints: 1 },
        long: { consumedPoints: 1 },
      });
      const queue = new RateLimiterQueue(await limiter({ points: 3, duration: 60, keyPrefix: 'queue' }));
      expect(await queue.removeTokens(2, 'user')).toBe(1);
      expect(await queue.getTokensRemaining('user')).toBe(1);
    });

    it('takes another script', async () => {
      const customIncrTtlLuaScript = `
        local consumed = redis.call('incrby', KEYS[1], ARGV[1] * 2)
        redis.call('pexpire', KEYS[1], 1000 * ARGV[2])
        return {consumed, redis.call('pttl', KEYS[1])}`;
      const twice = await limiter({ customIncrTtlLuaScript });
      expect(await twice.consume('user')).toMatchObject({ consumedPoints: 2, remainingPoints: 1 });
      await refused(twice.consume('user'));
    });
  });
});
