/** Owns redlock, used as its documentation shows, on one server and on a cluster of either engine. */
import Redlock, { ExecutionError, type Lock, ResourceLockedError } from 'redlock';
import { expect, it } from 'vitest';
import { describePlaces, type Place } from '../helpers/places.ts';

/** What is locked together has to be of one slot in a cluster. */
const account = '{bank}account';
const receipts = '{bank}receipts';
const once = { retryCount: 0 };

function locks(place: Place): Redlock {
  const redlock = new Redlock([place.ioredis()], { retryCount: 100, retryDelay: 10, retryJitter: 5 });
  // What does not get a lock is told here, too; the tests look at what is thrown.
  redlock.on('error', () => {});
  return redlock;
}

/** Why the one server refused. */
async function refusal(attempt: Promise<unknown>): Promise<Error | undefined> {
  const error = await attempt.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ExecutionError);
  if (!(error instanceof ExecutionError)) return undefined;
  const stats = await error.attempts.at(-1);
  return [...(stats?.votesAgainst.values() ?? [])][0];
}

describePlaces((place) => {
  it('locks several resources for a time, and only for one', async () => {
    const redlock = locks(place);
    const lock = await redlock.acquire([account, receipts], 5000);
    expect(await refusal(redlock.acquire([receipts], 5000, once))).toBeInstanceOf(ResourceLockedError);
    const client = place.ioredis();
    expect(await client.get(account)).toBe(lock.value);
    expect(await client.pttl(receipts)).toBeGreaterThan(1000);
    await lock.release();
    expect(await client.exists(account, receipts)).toBe(0);
  });

  it('gives a lock to who waits for it: when it is released, and when it expires', async () => {
    const redlock = locks(place);
    const first = await redlock.acquire([account], 5000);
    const waiting = redlock.acquire([account], 60);
    await first.release();
    const second = await waiting;
    const third = await redlock.acquire([account], 5000);
    expect(Date.now()).toBeGreaterThanOrEqual(second.expiration - 60);
    expect(await refusal(redlock.release(second, once))).toBeInstanceOf(ResourceLockedError);
    await third.release();
  });

  it('extends a lock that is still held', async () => {
    const redlock = locks(place);
    const lock = await redlock.acquire([account], 2000);
    const extended: Lock = await lock.extend(9000);
    expect(await place.ioredis().pttl(account)).toBeGreaterThan(5000);
    expect(extended.expiration).toBeGreaterThan(lock.expiration);
    await place.ioredis().set(account, 'of another');
    expect(await refusal(redlock.extend(extended, 9000, once))).toBeInstanceOf(ResourceLockedError);
  });

  it('extends by itself while a routine runs, one after the other', async () => {
    const redlock = locks(place);
    let balance = 0;
    let inside = 0;
    const client = place.ioredis();
    const pay = (): Promise<void> =>
      // Extended 150 ms after it was got.
      redlock.using([account], 5000, { automaticExtensionThreshold: 4850 }, async (signal) => {
        expect(++inside).toBe(1);
        const before = balance;
        let [leftMs, lastLeftMs] = [await client.pttl(account), 0];
        do {
          lastLeftMs = leftMs;
          leftMs = await client.pttl(account);
        } while (leftMs <= lastLeftMs && !signal.aborted);
        if (signal.aborted) throw signal.error;
        balance = before + 1;
        inside--;
      });
    await Promise.all([pay(), pay()]);
    expect(balance).toBe(2);
    expect(await client.exists(account)).toBe(0);
  });
});
