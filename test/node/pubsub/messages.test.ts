/** What subscribers get, beside redis-server, byte for byte. */
import { beforeEach, describe, expect, it } from 'vitest';
import { type Command, usePair } from '../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import type { Standalone } from '../../helpers/standalone.ts';
import { Subscriber } from '../../helpers/subscriber.ts';
import { wordsOf } from '../../helpers/words.ts';

const LAST = 'that is all';

/** `listens`: what a subscriber sends first; `sent`: what another client sends then. */
const scenes: Record<string, { listens: readonly Command[]; sent: readonly Command[] }> = {
  channels: {
    listens: ['SUBSCRIBE a b a', 'UNSUBSCRIBE b none'],
    sent: ['PUBLISH a 1', 'PUBLISH b 2', ['PUBLISH', 'a', ''], ['PUBLISH', 'a', '\x00\r\n\xff']],
  },
  patterns: {
    listens: ['PSUBSCRIBE a*', 'PSUBSCRIBE a*', 'SUBSCRIBE ab', 'PUNSUBSCRIBE none'],
    sent: ['PUBLISH ab 1', 'PUBLISH b 2', 'PUBLISH a 3', ['PUBLISH', '', '4']],
  },
  shards: {
    listens: ['SSUBSCRIBE a c', 'PSUBSCRIBE *', 'SUBSCRIBE a', 'SUNSUBSCRIBE c'],
    sent: ['SPUBLISH a 1', 'PUBLISH a 2', 'SPUBLISH c 3'],
  },
  'subscriptions behind CLIENT REPLY OFF': {
    listens: ['CLIENT REPLY OFF', 'SUBSCRIBE a', 'PING', 'PUBLISH none 1'],
    sent: ['PUBLISH a 1'],
  },
  'subscriptions behind CLIENT REPLY SKIP': {
    listens: ['CLIENT REPLY SKIP', 'SUBSCRIBE a', 'PING', 'CLIENT REPLY SKIP', 'PING', 'UNSUBSCRIBE none'],
    sent: ['PUBLISH a 1'],
  },
  'several subscriptions in a transaction': {
    listens: ['MULTI', 'SUBSCRIBE a b', 'PSUBSCRIBE c*', 'EXEC'],
    sent: ['PUBLISH a 1', 'PUBLISH cd 1'],
  },
  'messages of transactions and scripts': {
    listens: ['SUBSCRIBE a'],
    sent: [
      ...['MULTI', 'PUBLISH a 1', 'PUBLISH a 2', 'EXEC'],
      ['EVAL', "redis.call('publish', 'a', 'from a script')", 0],
    ],
  },
  'a database is no border': { listens: ['SUBSCRIBE a'], sent: ['SELECT 3', 'PUBLISH a 1'] },
};

describe.skipIf(skipWithoutRedisServer)(`messages to subscribers${redisServerNote}`, () => {
  const pair = usePair();

  async function heard(server: Standalone, resp: 2 | 3, scene: (typeof scenes)[string]): Promise<string> {
    const subscriber = await Subscriber.open(server.port);
    try {
      const hello = resp === 3 ? ['HELLO 3'] : [];
      await subscriber.take('$3\r\nend\r\n', ...hello, ...scene.listens, 'SUBSCRIBE end');
      await server.client.pipeline(
        scene.sent.map((command) => wordsOf(command).map((word) => Buffer.from(word, 'latin1'))),
      );
      await server.client.call('PUBLISH', 'end', LAST);
      return await subscriber.take(LAST);
    } finally {
      subscriber.close();
    }
  }

  describe.each([2, 3] as const)('with RESP%i', (resp) => {
    beforeEach(() => pair().reset());

    it.each(Object.entries(scenes))('%s', async (_name, scene) => {
      const [redis, node] = await Promise.all(
        [pair().redis, pair().node].map((server) => heard(server, resp, scene)),
      );
      expect(node).toBe(redis);
    });
  });

  it('a subscriber of RESP3 does all else too, and hears itself before the reply', async () => {
    const talk = async (server: Standalone): Promise<string> => {
      const client = await Subscriber.open(server.port);
      try {
        await client.take('$7\r\nmodules\r\n', 'HELLO 3');
        return await client.take(
          'end',
          ...['SUBSCRIBE a', 'PUBLISH a 1', 'SET k v', 'GET k', 'MULTI', 'UNSUBSCRIBE', 'EXEC', 'ECHO end'],
        );
      } finally {
        client.close();
      }
    };
    expect(await talk(pair().node)).toBe(await talk(pair().redis));
  });

  it('CLIENT LIST and INFO count subscriptions, and a client that has gone has none', async () => {
    for (const server of [pair().redis, pair().node]) {
      const client = await Subscriber.open(server.port);
      await client.take(':3\r\n', 'SUBSCRIBE a b', 'PSUBSCRIBE c*');
      await client.take('ssubscribe', 'SSUBSCRIBE d');
      const listed = await server.client.text('CLIENT', 'LIST', 'TYPE', 'PUBSUB');
      expect(listed).toMatch(/ flags=P db=0 sub=2 psub=1 ssub=1 multi=-1 /);
      const counts = (): Promise<string[]> =>
        Promise.all(
          ['pubsub_channels', 'pubsub_patterns', 'pubsubshard_channels'].map((name) => server.info(name)),
        );
      expect(await counts()).toEqual(['2', '1', '1']);
      client.close();
      await until(async () => (await counts()).join(' ') === '0 0 0', 'the subscriptions to end');
      expect(await server.client.call('PUBLISH', 'a', '1')).toBe(0);
    }
  });

  it('a subscriber that does not read is given up at its own limit', async () => {
    for (const server of [pair().redis, pair().node]) {
      await server.client.text('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 1mb 0 0');
      const client = await Subscriber.open(server.port);
      await client.take(':1\r\n', 'SUBSCRIBE a');
      client.pause();
      const text = 'x'.repeat(100_000);
      // The sockets hold some of it.
      await until(
        async () => (await server.client.call('PUBLISH', 'a', text)) === 0,
        'the client to be dropped',
      );
      client.close();
    }
  });
});
