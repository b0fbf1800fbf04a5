import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import type { TribEvent } from '../../src/execute/events.ts';
import { reshard } from '../../src/execute/operations/reshard.ts';
import { defaultMoveOptions, type MoveOptions } from '../../src/plan/plan.ts';
import { keySlot } from '../../src/protocol/slots/key-slot.ts';
import { type LiveCluster, startCluster } from '../helpers/live-cluster.ts';
import { RawConnection, type RawReply } from '../helpers/raw-connection.ts';
import { redisServerNote, skipWithoutRedisServer } from '../helpers/servers.ts';

// Keys of slot 0, which is the lowest of the first master: one slot that is moved holds them all.
const tag =
  Array.from({ length: 200_000 }, (_, index) => String(index)).find((text) => keySlot(text) === 0) ?? '';
const keyOf = (name: string): string => `{${tag}}:${name}`;

describe.skipIf(skipWithoutRedisServer)(`copies on both ends of a move${redisServerNote}`, () => {
  let live: LiveCluster;
  let source: RawConnection;
  let target: RawConnection;
  beforeAll(async () => {
    live = await startCluster(3);
    source = await RawConnection.open(live.ports[0] ?? 0);
    target = await RawConnection.open(live.ports[1] ?? 0);
  });
  afterAll(async () => {
    source?.close();
    target?.close();
    await live?.stop();
  });

  async function move(from: number, to: number, options: Partial<MoveOptions> = {}): Promise<TribEvent[]> {
    const events: TribEvent[] = [];
    const operation = reshard({
      seeds: [{ host: '127.0.0.1', port: live.ports[0] ?? 0 }],
      request: () => ({
        slots: 1,
        targetId: live.idOf(to),
        sourceIds: [live.idOf(from)],
        options: { ...defaultMoveOptions, ...options },
      }),
    });
    for await (const event of operation) events.push(event);
    return events;
  }

  /** As a MIGRATE leaves it whose answer got lost: the target has the key, and the source keeps it. */
  async function copyToTarget(names: readonly string[]): Promise<void> {
    await target.text('CLUSTER', 'SETSLOT', 0, 'IMPORTING', live.idOf(0));
    await source.text('CLUSTER', 'SETSLOT', 0, 'MIGRATING', live.idOf(1));
    for (const name of names) {
      const payload = (await source.call('DUMP', keyOf(name))) as Buffer;
      const ttlMs = Math.max(0, Number(await source.text('PTTL', keyOf(name))));
      const [, restored] = await target.pipeline([['ASKING'], ['RESTORE', keyOf(name), ttlMs, payload]]);
      expect(String(restored)).toBe('OK');
    }
  }

  it('are overwritten when they are the same, whatever the order of their hash tables', async () => {
    const random = seededRandom(7);
    const words = Array.from({ length: 2000 }, () => random.hex(12));
    await source.pipeline([
      ['SET', keyOf('string'), Buffer.from([0, 255, 13, 10])],
      ['SET', keyOf('ttl'), 'x', 'PX', 3_600_000],
      ['RPUSH', keyOf('list'), ...words],
      ['SADD', keyOf('set'), ...words],
      ['HSET', keyOf('hash'), ...words],
      ['ZADD', keyOf('zset'), ...words.flatMap((word, index) => [index, word])],
      ['XADD', keyOf('stream'), '1-1', 'a', 'b'],
      ['SET', keyOf('only here'), 'x'],
    ]);
    const names = ['string', 'ttl', 'list', 'set', 'hash', 'zset', 'stream'];
    await copyToTarget(names);
    // The point of comparing values: the bytes of DUMP differ for the same set.
    const [, payload] = await target.pipeline([['ASKING'], ['DUMP', keyOf('set')]]);
    expect((payload as Buffer).equals((await source.call('DUMP', keyOf('set'))) as Buffer)).toBe(false);

    const events = await move(0, 1);
    expect(events.at(-1)).toMatchObject({ type: 'finished', ok: true, slots: 1, keys: 8 });
    const found: RawReply[] = await target.pipeline([
      ['GET', keyOf('string')],
      ['SCARD', keyOf('set')],
      ['HLEN', keyOf('hash')],
      ['GET', keyOf('only here')],
      ['DBSIZE'],
    ]);
    expect(found.map(String)).toEqual([String(Buffer.from([0, 255, 13, 10])), '2000', '1000', 'x', '8']);
    expect(Number(await target.text('PTTL', keyOf('ttl')))).toBeGreaterThan(3_590_000);
    expect(await source.text('DBSIZE')).toBe('0');
    await move(1, 0);
  });

  it.each<[string, (string | number)[]]>([
    ['value', ['APPEND', keyOf('string'), 'more']],
    ['time to live', ['PEXPIRE', keyOf('ttl'), 60_000]],
    ['members', ['SREM', keyOf('set'), 'a']],
    ['type', ['SET', keyOf('set'), 'now a string']],
  ])('stop the slot when their %s differs, and keep both', async (_, change) => {
    await source.pipeline([
      ['FLUSHALL'],
      ['SET', keyOf('string'), 'text'],
      ['SET', keyOf('ttl'), 'x', 'PX', 3_600_000],
      ['SADD', keyOf('set'), 'a', 'b', 'c'],
    ]);
    await copyToTarget(['string', 'ttl', 'set']);
    await source.call(...change);
    await expect(move(0, 1)).rejects.toMatchObject({
      code: 'unsafe',
      message: expect.stringContaining(`- ${String(change[1])} (slot 0)`),
    });
    // The others are proven equal, and moved.
    expect(await source.text('DBSIZE')).toBe('1');
    expect(await source.text('EXISTS', String(change[1]))).toBe('1');
    expect((await target.pipeline([['ASKING'], ['EXISTS', String(change[1])]])).map(String)).toEqual([
      'OK',
      '1',
    ]);
    expect(await source.text('CLUSTER', 'NODES')).toContain('[0->-');
    expect((await move(0, 1, { replace: true })).at(-1)).toMatchObject({ ok: true });
    expect(await target.text('DBSIZE')).toBe('3');
    await move(1, 0);
  });
});
