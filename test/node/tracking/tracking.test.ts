/** Client-side caching beside redis-server: what clients that track keys are told, and when, byte for byte. */
import { beforeEach, describe, expect, it } from 'vitest';
import { type Command, itAnswersAlike, usePair } from '../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../helpers/servers.ts';
import type { Standalone } from '../../helpers/standalone.ts';
import { Subscriber } from '../../helpers/subscriber.ts';
import { wordsOf } from '../../helpers/words.ts';

/** A step of a scene: who sends what. */
type Step =
  | { readonly tracker: readonly Command[]; readonly waits: boolean }
  | { readonly other: readonly Command[] };

const tracker = (...commands: Command[]): Step => ({ tracker: commands, waits: false });
/** The last command waits, and is replied to in a later step. */
const waiting = (...commands: Command[]): Step => ({ tracker: commands, waits: true });
const other = (...commands: Command[]): Step => ({ other: commands });

/** Goes on for longer than busy-reply-threshold. */
const longScript = `
  local function now() local t = redis.call('time') return t[1] * 1000000 + t[2] end
  redis.call('get', KEYS[1]); redis.call('set', KEYS[1], 1)
  local start = now()
  while now() - start < 60000 do end
  return redis.call('incr', KEYS[1])`;

const scenes: Record<string, readonly Step[]> = {
  'keys that were read': [
    tracker('CLIENT TRACKING ON', 'GET a', 'MGET b c', 'GET none'),
    other('SET a 1', 'SET a 2', 'SET b 1', 'DEL none', 'SET none 1', 'SET d 1'),
  ],
  'keys that the client changes itself, behind the reply': [
    tracker('CLIENT TRACKING ON', 'GET a', 'SET a 1', 'GET a', 'INCR a', 'INCR a', 'HGET h f', 'HSET h f 1'),
  ],
  'keys that the client changes itself, with NOLOOP': [
    tracker('CLIENT TRACKING ON NOLOOP', 'GET a', 'SET a 1', 'GET a', 'GET b'),
    other('SET a 3', 'SET b 1'),
  ],
  'keys of a transaction, behind the reply of EXEC': [
    tracker(
      'CLIENT TRACKING ON',
      'MULTI',
      'GET a',
      'SET a 1',
      'GET a',
      'SET a 2',
      'FLUSHDB',
      'EXEC',
      'GET a',
    ),
    other('SET a 3'),
  ],
  'keys that a script was given, if it reads': [
    tracker(
      'CLIENT TRACKING ON',
      ['EVAL', "return redis.call('get', KEYS[1])", 2, 'a', 'b'],
      ['EVAL', "return redis.call('set', KEYS[1], 1)", 1, 'c'],
      ['EVAL_RO', "return redis.call('get', KEYS[1])", 1, 'd'],
      ['EVAL_RO', 'return 1', 1, 'e'],
      ['EVAL', "redis.call('get', KEYS[1]); return redis.call('set', KEYS[1], 1)", 1, 'f'],
    ),
    other('SET a 1', 'SET b 1', 'SET c 1', 'SET d 1', 'SET e 1', 'SET f 2'),
  ],
  'keys of a script that is interrupted, alone and in a transaction': [
    tracker('CLIENT TRACKING ON', ['EVAL', longScript, 1, 'a'], 'PING'),
    tracker('MULTI', 'GET a', ['EVAL', longScript, 1, 'a'], 'GET a', 'SET a 1', 'EXEC'),
  ],
  'all keys are gone': [
    tracker('CLIENT TRACKING ON', 'GET a', 'FLUSHALL', 'FLUSHDB'),
    other(
      'DEBUG RELOAD',
      'FLUSHALL',
      'SET a 1',
      'FLUSHDB',
      'SELECT 3',
      'SET a 1',
      'SELECT 0',
      'SET a 1',
      'FLUSHALL',
    ),
  ],
  'a key of another database counts, too': [
    tracker('CLIENT TRACKING ON', 'GET a'),
    other('SELECT 2', 'SET a 1', 'SWAPDB 0 2', 'SELECT 0'),
  ],
  'optin: what follows CLIENT CACHING YES': [
    tracker(
      'CLIENT TRACKING ON OPTIN',
      'GET a',
      'CLIENT CACHING YES',
      'GET b',
      'GET c',
      'CLIENT CACHING YES',
    ),
    tracker('CLIENT ID x', 'MULTI', 'GET d', 'GET e', 'EXEC', 'GET f', 'CLIENT CACHING YES', 'NONE', 'GET g'),
    other('SET a 1', 'SET b 1', 'SET c 1', 'SET d 1', 'SET e 1', 'SET f 1', 'SET g 1'),
    tracker('CLIENT CACHING YES', 'CLIENT TRACKINGINFO', 'GET a'),
    other('SET a 1'),
  ],
  'optout: all but what follows CLIENT CACHING NO': [
    tracker('CLIENT TRACKING ON OPTOUT', 'GET a', 'CLIENT CACHING NO', 'GET b', 'GET c', 'CLIENT CACHING NO'),
    tracker('CLIENT TRACKINGINFO', 'GET d'),
    other('SET a 1', 'SET b 1', 'SET c 1', 'SET d 1'),
  ],
  'a broadcast of all keys': [
    tracker('CLIENT TRACKING ON BCAST'),
    other('SET a 1'),
    other('MSET b 1 a 2', 'DEL b none'),
    tracker('SET c 1', 'SET d 1', 'PING'),
  ],
  'a broadcast of prefixes': [
    tracker('CLIENT TRACKING ON BCAST PREFIX ab PREFIX x', 'CLIENT TRACKING ON BCAST PREFIX c'),
    other('MSET a 1 ab 1 abc 2 x 1 c2 1 c1 1 d 1', 'EXPIRE x 100'),
    tracker('CLIENT TRACKINGINFO', 'CLIENT TRACKING OFF', 'CLIENT TRACKINGINFO'),
    other('SET ab 3'),
  ],
  'a broadcast without what the client changes itself': [
    tracker('CLIENT TRACKING ON BCAST NOLOOP'),
    other('SET a 1'),
    tracker('SET b 1', ['EVAL', "return redis.call('set', KEYS[1], 1)", 1, 'c'], 'MULTI', 'SET d 1', 'EXEC'),
  ],
  'blocked, and served': [
    waiting('CLIENT TRACKING ON', 'LRANGE l 0 -1', 'BLPOP l 0'),
    other('RPUSH l 1 2'),
    tracker('LRANGE m 0 -1', 'XREAD BLOCK 1 STREAMS s 0'),
    other('RPUSH m 1', 'XADD s 1-1 a b'),
  ],
  'served, and changing what it has read': [
    waiting('CLIENT TRACKING ON', 'LRANGE d 0 -1', 'BLMOVE l d LEFT LEFT 0'),
    other('RPUSH l 1'),
    tracker('LRANGE d 0 -1'),
  ],
  'a key that has expired': [
    tracker('CLIENT TRACKING ON', 'DEBUG SET-ACTIVE-EXPIRE 0', 'SET a 1 PX 1', 'GET a', 'DEBUG SLEEP 0.01'),
    tracker('GET a', 'GET a'),
    other('DEBUG SET-ACTIVE-EXPIRE 1'),
  ],
  'replies kept back, invalidations not': [
    tracker('CLIENT TRACKING ON', 'GET a', 'CLIENT REPLY OFF', 'SET a 1', 'GET b', 'CLIENT REPLY ON'),
    other('SET b 1'),
  ],
  'switched off and on': [
    tracker('CLIENT TRACKING ON', 'GET a', 'GET b', 'CLIENT TRACKING OFF'),
    other('SET a 1'),
    tracker('CLIENT TRACKING ON', 'CLIENT TRACKINGINFO'),
    other('SET b 1'),
    tracker('CLIENT TRACKING OFF', 'GET c', 'CLIENT TRACKING ON BCAST PREFIX x'),
    other('SET c 1', 'SET x 1'),
  ],
  'RESET ends it': [
    tracker('CLIENT TRACKING ON', 'GET a', 'RESET', 'CLIENT GETREDIR', 'PING'),
    other('SET a 1'),
  ],
};

const refused: Record<string, readonly Command[]> = {
  'CLIENT TRACKING refused': [
    ...['CLIENT TRACKING', 'CLIENT TRACKING maybe', 'CLIENT TRACKING ON x', 'CLIENT TRACKING ON REDIRECT'],
    ...[
      'CLIENT TRACKING ON REDIRECT x',
      'CLIENT TRACKING ON REDIRECT 0',
      'CLIENT TRACKING ON REDIRECT 99999',
    ],
    ...['CLIENT TRACKING ON PREFIX a', 'CLIENT TRACKING ON PREFIX', 'CLIENT TRACKING ON BCAST OPTIN'],
    ...[
      'CLIENT TRACKING ON OPTIN OPTOUT',
      'CLIENT TRACKING ON BCAST PREFIX a PREFIX ab',
      'CLIENT TRACKINGINFO',
    ],
    ...['CLIENT TRACKING ON BCAST PREFIX ab PREFIX a', 'CLIENT TRACKING OFF', 'CLIENT CACHING YES'],
    ...[
      'CLIENT TRACKING ON BCAST PREFIX c PREFIX a',
      'CLIENT TRACKING ON BCAST PREFIX ab',
      'CLIENT TRACKINGINFO',
    ],
    ...['CLIENT TRACKING ON BCAST PREFIX a', 'CLIENT TRACKING ON', 'CLIENT CACHING YES', 'CLIENT CACHING NO'],
    ...[
      'CLIENT TRACKING ON BCAST',
      'CLIENT TRACKINGINFO',
      'CLIENT TRACKING ON BCAST PREFIX d',
      'CLIENT GETREDIR',
    ],
  ],
  'CLIENT CACHING refused': [
    ...['CLIENT CACHING', 'CLIENT CACHING x', 'CLIENT CACHING YES', 'CLIENT TRACKING ON', 'CLIENT CACHING x'],
    ...['CLIENT CACHING YES', 'CLIENT CACHING NO', 'CLIENT TRACKING ON OPTIN', 'CLIENT CACHING NO'],
    ...['CLIENT CACHING YES', 'CLIENT TRACKINGINFO', 'CLIENT TRACKING ON BCAST', 'CLIENT TRACKING ON OPTOUT'],
    ...[
      'CLIENT TRACKING OFF',
      'CLIENT TRACKING ON OPTOUT NOLOOP',
      'CLIENT CACHING NO',
      'CLIENT TRACKINGINFO',
    ],
    ...[
      'CLIENT TRACKING ON OPTIN',
      'CLIENT GETREDIR',
      'CLIENT TRACKING OFF',
      'CLIENT GETREDIR',
      'CLIENT HELP',
    ],
  ],
};

describe.skipIf(skipWithoutRedisServer)(`client-side caching${redisServerNote}`, () => {
  const pair = usePair({ directives: ['--busy-reply-threshold', '20'] });
  itAnswersAlike(pair, refused);
  beforeEach(() => pair().reset());

  const onBoth = async <Result>(fn: (server: Standalone) => Promise<Result>): Promise<void> => {
    const [redis, node] = await Promise.all([fn(pair().redis), fn(pair().node)]);
    expect(node).toEqual(redis);
  };

  /** A tracker, and a subscriber that hears in its place where there is one. */
  interface Ears {
    readonly tracker: Subscriber;
    readonly subscriber?: Subscriber;
    readonly subscriberId?: number;
  }

  async function open({ port }: Standalone, redirected: boolean): Promise<Ears> {
    const trackingClient = await Subscriber.open(port);
    if (!redirected) {
      await trackingClient.take('$7\r\nmodules\r\n*0\r\n', 'HELLO 3');
      return { tracker: trackingClient };
    }
    const subscriber = await Subscriber.open(port);
    const id = await subscriber.take('\r\n', 'CLIENT ID');
    await subscriber.take(':2\r\n', 'SUBSCRIBE __redis__:invalidate mark');
    return { tracker: trackingClient, subscriber, subscriberId: Number(id.slice(1)) };
  }

  /** What is heard of the steps. Each ends with a mark, when all that was told before has been heard. */
  async function play(server: Standalone, ears: Ears, steps: readonly Step[]): Promise<string[]> {
    const { tracker: trackingClient, subscriber, subscriberId } = ears;
    const heard: string[] = [];
    const redirected = (command: Command): Command => {
      const on = subscriberId !== undefined && String(command).startsWith('CLIENT TRACKING ON');
      return on ? `${command} REDIRECT ${subscriberId}` : command;
    };
    for (const step of steps) {
      if ('other' in step) for (const command of step.other) await server.client.call(...wordsOf(command));
      else {
        const commands = step.tracker.map(redirected);
        // In one write, so that a broadcast comes behind the last of them.
        if (step.waits) {
          trackingClient.send(...commands);
          await until(async () => (await server.info('blocked_clients')) === '1', 'the client to wait');
        } else heard.push(await trackingClient.take('done\r\n', ...commands, 'ECHO done'));
      }
      if (!('tracker' in step && step.waits)) heard.push(await trackingClient.take('mark\r\n', 'ECHO mark'));
      await server.client.call('PUBLISH', 'mark', 'end of step');
      if (subscriber !== undefined) heard.push(await subscriber.take('end of step'));
    }
    return heard.map((text) => text.replaceAll(`:${subscriberId}\r\n`, ':id\r\n'));
  }

  describe.each([false, true])('with RESP3, or with RESP2 and another that listens: %s', (isRedirected) => {
    it.each(Object.entries(scenes))('%s', async (_name, steps) => {
      await onBoth(async (server) => {
        const ears = await open(server, isRedirected);
        try {
          return await play(server, ears, steps);
        } finally {
          ears.tracker.close();
          ears.subscriber?.close();
        }
      });
    });
  });

  it('the client that should hear is gone: the one that reads is told', async () => {
    await onBoth(async (server) => {
      const { tracker: reader } = await open(server, false);
      const { tracker: gone } = await open(server, false);
      const list = async (): Promise<unknown> => {
        const line = (await server.client.text('CLIENT', 'LIST'))
          .split('\n')
          .find((each) => / flags=t/.test(each));
        return / flags=(\w+) .* redir=\d+ resp=3/.exec(line ?? '')?.[1];
      };
      try {
        const id = Number((await gone.take('\r\n', 'CLIENT ID')).slice(1));
        await reader.take('_\r\n', `CLIENT TRACKING ON REDIRECT ${id}`, 'GET a');
        const heard = [await list()];
        gone.close();
        await until(
          async () => !(await server.client.text('CLIENT', 'LIST')).includes(`id=${id} `),
          'the client to be gone',
        );
        await server.client.call('SET', 'a', '1');
        heard.push(await reader.take('mark\r\n', 'CLIENT TRACKINGINFO', 'ECHO mark'), await list());
        return heard.map((text) => String(text).replaceAll(`:${id}\r\n`, ':id\r\n'));
      } finally {
        reader.close();
        gone.close();
      }
    });
  });

  it('INFO counts; beyond tracking-table-max-keys keys are forgotten, and told as out of date', async () => {
    const counts = async (server: Standalone): Promise<string[]> =>
      Promise.all(
        ['tracking_clients', 'tracking_total_keys', 'tracking_total_items', 'tracking_total_prefixes'].map(
          (name) => server.info(name),
        ),
      );
    await onBoth(async (server) => {
      const { tracker: reader } = await open(server, false);
      const { tracker: second } = await open(server, false);
      try {
        const keys = Array.from({ length: 300 }, (_, i) => `k${i}`);
        await reader.take('mark\r\n', 'CLIENT TRACKING ON', ['MGET', ...keys], 'GET k0', 'ECHO mark');
        await second.take('mark\r\n', 'CLIENT TRACKING ON', 'MGET k0 k1', 'ECHO mark');
        const seen = await counts(server);
        await server.client.call('CONFIG', 'SET', 'tracking-table-max-keys', '10');
        await until(async () => (await server.info('tracking_total_keys')) === '10', 'the table to be short');
        const told = (await reader.take('mark\r\n', 'ECHO mark')).split('invalidate').length - 1;
        await reader.take(
          'mark\r\n',
          'CLIENT TRACKING OFF',
          'CLIENT TRACKING ON BCAST PREFIX a PREFIX b',
          'ECHO mark',
        );
        second.close();
        await until(
          async () => (await server.info('tracking_clients')) === '1',
          'the second client to be gone',
        );
        return [seen, told, await server.info('tracking_total_prefixes')];
      } finally {
        reader.close();
        second.close();
        await server.client.call('CONFIG', 'SET', 'tracking-table-max-keys', '1000000');
      }
    });
  });
});
