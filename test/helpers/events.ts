/**
 * Owns the comparison of keyspace notifications with redis-server: for the same script, subscribers of both hear the same in
 * the same order, and as many writes are counted.
 */
import { describe, expect, it } from 'vitest';
import type { Command, Pair } from './compat.ts';
import { Subscriber } from './subscriber.ts';

const LAST = 'that is all';

export interface EventsOptions {
  /** The value of notify-keyspace-events: by default all classes, misses and new keys too. */
  readonly classes?: string;
}

/** A test for each script. What its commands reply is not compared: chance may have a part in it. */
export function itTellsAlike(
  pair: () => Pair,
  scripts: Readonly<Record<string, readonly Command[]>>,
  { classes = 'KEAmn' }: EventsOptions = {},
): void {
  describe(`notify-keyspace-events ${classes}`, () => {
    it.each(Object.entries(scripts))('%s', async (_name, script) => {
      const { redis, node } = await eventsOf(pair(), script, classes);
      expect(node.events).toEqual(redis.events);
      expect(node.writes).toBe(redis.writes);
      expect(node.events.length).toBeGreaterThan(0);
    });
  });
}

interface Told {
  /** "channel message", in the order in which they came. */
  readonly events: readonly string[];
  /** By how much rdb_changes_since_last_save grew. */
  readonly writes: number;
}

async function eventsOf(
  pair: Pair,
  script: readonly Command[],
  classes: string,
): Promise<{ redis: Told; node: Told }> {
  await pair.reset();
  await pair.run([`CONFIG SET notify-keyspace-events ${classes}`]);
  const servers = [pair.redis, pair.node];
  const writes = (): Promise<number[]> =>
    Promise.all(servers.map(async (server) => Number(await server.info('rdb_changes_since_last_save'))));
  const listeners = await Promise.all(servers.map(({ port }) => Subscriber.open(port)));
  try {
    await Promise.all(
      listeners.map((listener) => listener.take(':2\r\n', 'PSUBSCRIBE __key*__:*', 'SUBSCRIBE end')),
    );
    const before = await writes();
    await pair.run([...script, ['PUBLISH', 'end', LAST]]);
    const heard = await Promise.all(listeners.map((listener) => listener.take(LAST)));
    const after = await writes();
    const [redis, node] = heard.map((text, i) => ({
      events: messagesOf(text),
      writes: (after[i] ?? 0) - (before[i] ?? 0),
    }));
    if (redis === undefined || node === undefined) throw new Error('there are two servers');
    return { redis, node };
  } finally {
    for (const listener of listeners) listener.close();
  }
}

/** Of pmessages; what a script names holds no line breaks. */
function messagesOf(text: string): string[] {
  const found = text.matchAll(/\$8\r\npmessage\r\n\$\d+\r\n.*\r\n\$\d+\r\n(.*)\r\n\$\d+\r\n(.*)\r\n/g);
  return [...found].map(([, channel, message]) => `${channel} ${message}`);
}
