/** Streams with their groups where others carry them: replicas of either engine, RDB and append only files, WATCH and the count of writes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../../../src/core/random.ts';
import { type Command, usePair } from '../../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer, until } from '../../../helpers/servers.ts';
import { type Standalone, type StandaloneEngine, startStandalone } from '../../../helpers/standalone.ts';

const seed = Date.now() & 0xffffff;
const KEYS = ['s', 't'];
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(engine: StandaloneEngine, ...directives: string[]): Promise<Standalone> {
  const dir = mkdtempSync(join(tmpdir(), 'trib-streams-'));
  const server = await startStandalone(engine, [
    '--repl-diskless-sync-delay',
    '0',
    '--dir',
    dir,
    ...directives,
  ]);
  closers.push(async () => {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  return server;
}

/** Some commands on streams, of every kind that changes one; ids count up from `first`. */
function commandsOf(random: Random, count: number, first: number): string[][] {
  const pick = (...words: string[]): string => words[random.below(words.length)] as string;
  const id = (): string => `${first + random.below(count)}-0`;
  return Array.from({ length: count }, (_, at): string[] => {
    const key = pick(...KEYS);
    const reader = [pick('g', 'h'), pick('anna', 'bob', 'carl')] as const;
    switch (random.below(12)) {
      case 0:
        return ['XGROUP', 'CREATE', key, reader[0], pick('0', '$', id()), 'MKSTREAM'];
      case 1:
        return ['XREADGROUP', 'GROUP', ...reader, 'NOACK', 'COUNT', '1', 'STREAMS', key, '>'];
      case 2:
      case 3:
        return ['XREADGROUP', 'GROUP', ...reader, 'COUNT', '3', 'STREAMS', key, '>'];
      case 4:
        return ['XACK', key, reader[0], id(), id(), id()];
      case 5:
        return ['XCLAIM', key, ...reader, '0', id(), id(), pick('FORCE', 'JUSTID'), 'RETRYCOUNT', '9'];
      case 6:
        return ['XAUTOCLAIM', key, ...reader, '0', id(), 'COUNT', '2'];
      case 7:
        return pick('a', 'b', 'c', 'd') === 'a'
          ? ['XTRIM', key, 'MAXLEN', '~', '50']
          : ['XDEL', key, id(), id()];
      case 8:
        return pick('a', 'b', 'c', 'd', 'e') === 'a'
          ? ['XGROUP', 'DELCONSUMER', key, ...reader]
          : ['XGROUP', 'CREATECONSUMER', key, ...reader];
      default:
        return ['XADD', key, `${first + at}-0`, pick('field', 'other'), String(at)];
    }
  });
}

/** All that a server tells of a stream, but what is not sent on: when consumers were seen, and how many entries were read. */
async function told(server: Standalone, unsent: readonly string[]): Promise<unknown[]> {
  const masked = (value: unknown, before?: unknown): unknown =>
    Array.isArray(value)
      ? value.map((item, at) => masked(item, value[at - 1]))
      : unsent.includes(String(before))
        ? 'unsent'
        : value;
  const replies: unknown[] = [];
  for (const key of KEYS)
    replies.push(masked(await server.client.call('XINFO', 'STREAM', key, 'FULL', 'COUNT', '0')));
  return replies;
}

async function write(server: Standalone, commands: readonly string[][]): Promise<number> {
  const replies = await server.client.pipeline(commands);
  return replies.filter((reply) => !(reply instanceof Error)).length;
}

describe.each([
  ['redis-server', 'bundled'],
  ['bundled', 'redis-server'],
] as const)(`%s as master, %s as replica${redisServerNote}`, (masterEngine, replicaEngine) => {
  it.skipIf(skipWithoutRedisServer)(`streams and groups are the same (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const [master, replica] = [await start(masterEngine), await start(replicaEngine)];
    expect(await write(master, commandsOf(random, 600, 1))).toBeGreaterThan(300);
    await replica.client.text('REPLICAOF', '127.0.0.1', master.port);
    await until(async () => (await replica.info('master_link_status')) === 'up', 'the link');
    expect(await write(master, commandsOf(random, 1500, 601))).toBeGreaterThan(700);
    await master.client.text('SET', 'mark', 'end');
    await until(
      async () => String(await replica.client.call('GET', 'mark')) === 'end',
      'the end on the replica',
    );
    const unsent = ['seen-time', 'entries-read', 'lag'];
    expect(await told(replica, unsent)).toEqual(await told(master, unsent));
    expect(await replica.client.text('DEBUG', 'DIGEST')).toBe(await master.client.text('DEBUG', 'DIGEST'));
  });
});

describe('streams in files', () => {
  it.each(['yes', 'no'])(
    `come back with their groups, aof-use-rdb-preamble %s (seed ${seed})`,
    async (preamble) => {
      const random = seededRandom(seed);
      const node = await start('bundled', '--appendonly', 'yes', '--aof-use-rdb-preamble', preamble);
      await write(node, commandsOf(random, 600, 1));
      const unsent = [
        'seen-time',
        ...(preamble === 'no' ? ['recorded-first-entry-id', 'radix-tree-keys', 'radix-tree-nodes'] : []),
      ];
      // What is pending but no longer in the stream is in no command.
      await write(
        node,
        KEYS.flatMap((key) =>
          ['g', 'h'].map((group) => ['XAUTOCLAIM', key, group, 'anna', '0', '0', 'COUNT', '1000']),
        ),
      );
      await node.client.text('BGREWRITEAOF');
      await until(async () => (await node.info('aof_rewrite_in_progress')) === '0', 'the end of the rewrite');
      const before = await told(node, unsent);
      const digest = await node.client.text('DEBUG', 'DIGEST');
      await node.client.text('DEBUG', 'LOADAOF');
      expect(await told(node, unsent)).toEqual(before);
      await node.client.text('DEBUG', 'RELOAD');
      expect(await told(node, unsent)).toEqual(before);
      expect(await node.client.text('DEBUG', 'DIGEST')).toBe(digest);
    },
  );
});

/** Each runs between WATCH and EXEC. */
const watched: readonly Command[] = [
  'XADD s 9-0 a 1',
  'XDEL s 1-0',
  'XDEL s 77-0',
  'XTRIM s MAXLEN 3',
  'XTRIM s MAXLEN 300',
  'XSETID s 50-0',
  'XGROUP CREATE s new 0',
  'XGROUP CREATE none new 0 MKSTREAM',
  'XGROUP CREATECONSUMER s g dora',
  'XREADGROUP GROUP g anna COUNT 1 STREAMS s >',
  'XREADGROUP GROUP g anna STREAMS s 0',
  'XREADGROUP GROUP g emil NOACK STREAMS s >',
  'XCLAIM s g bob 0 1-0',
  'XCLAIM s g bob 0 3-0 FORCE JUSTID',
  'XCLAIM s g bob 0 88-0 LASTID 60-0',
  'XAUTOCLAIM s g carl 0 0',
  'XACK s g 1-0 2-0 3-0',
  'XACK s g 1-0',
  'XGROUP SETID s g 0',
  'XGROUP DELCONSUMER s g anna',
  'XGROUP DESTROY s g',
];

describe.skipIf(skipWithoutRedisServer)(`what counts as a change of a stream${redisServerNote}`, () => {
  const pair = usePair();

  it.each([2, 3] as const)('for WATCH and for the next save, with RESP%i', async (resp) => {
    await pair().reset(resp);
    await pair().run([...[1, 2, 3, 4, 5].map((n) => `XADD s ${n}-0 a 1`), 'XGROUP CREATE s g 0']);
    await pair().run(['XREADGROUP GROUP g anna COUNT 1 STREAMS s >']);
    const changes = (): Promise<number[]> =>
      Promise.all(
        [pair().redis, pair().node].map(async (server) =>
          Number(await server.info('rdb_changes_since_last_save')),
        ),
      );
    for (const command of watched) {
      const [redisBefore = 0, nodeBefore = 0] = await changes();
      await pair().same('WATCH s none', 'PING');
      await pair().run([command]);
      await pair().same('MULTI', 'PING', 'EXEC');
      const [redisAfter = 0, nodeAfter = 0] = await changes();
      expect([command, nodeAfter - nodeBefore]).toEqual([command, redisAfter - redisBefore]);
    }
  });
});
