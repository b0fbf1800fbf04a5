/** DUMP and RESTORE, byte for byte as redis-server. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ByteWriter } from '../../../../src/core/bytes.ts';
import { seededRandom } from '../../../../src/core/random.ts';
import { Crc64 } from '../../../../src/protocol/rdb/crc64.ts';
import { type Command, type Pair, startPair } from '../../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../../helpers/servers.ts';
import { dumps } from '../../../protocol/rdb/recorded.ts';

const payloadOf = (name: string): string =>
  Buffer.from(dumps.find(([each]) => each === name)?.[2] ?? '', 'base64').toString('latin1');
const HELLO = payloadOf('short');
const flipped = `${HELLO.slice(0, 3)}E${HELLO.slice(4)}`;

const scripts: Record<string, readonly Command[]> = {
  'DUMP of what there is': [
    'SET a hello',
    'SET n 12345',
    'SET big 12345678901',
    ['SET', 'long', 'abcdefgh'.repeat(40)],
    ['SET', 'bytes', '\x00\xff\r\n'],
    'SETRANGE grown 30 end',
    'DUMP a',
    'DUMP n',
    'DUMP big',
    'DUMP long',
    'DUMP bytes',
    'DUMP grown',
    'DUMP none',
    'DUMP',
    'DUMP a b',
    'CONFIG SET rdbcompression no',
    'DUMP long',
    'CONFIG SET rdbcompression yes',
  ],
  'RESTORE and its options': [
    ['RESTORE', 'a', 0, HELLO],
    'GET a',
    'TTL a',
    ['RESTORE', 'a', 0, HELLO],
    ['RESTORE', 'a', 100000, HELLO, 'REPLACE'],
    'TTL a',
    ['RESTORE', 'b', 99999999999000, HELLO, 'ABSTTL'],
    'PEXPIRETIME b',
    ['RESTORE', 'c', 1000, HELLO, 'absttl'],
    'EXISTS c',
    ['RESTORE', 'b', 1000, HELLO, 'absttl', 'replace'],
    'EXISTS b',
    ['RESTORE', 'd', 2569591501, HELLO],
    'TTL d',
    ['RESTORE', 'e', 0, HELLO, 'IDLETIME', 1000],
    'OBJECT IDLETIME e',
    ['RESTORE', 'f', 0, HELLO, 'IDLETIME', -1],
    ['RESTORE', 'f', 0, HELLO, 'IDLETIME', 'x'],
    ['RESTORE', 'f', 0, HELLO, 'IDLETIME'],
    ['RESTORE', 'f', 0, HELLO, 'FREQ', 256],
    ['RESTORE', 'f', 0, HELLO, 'FREQ', -1],
    ['RESTORE', 'f', 0, HELLO, 'FREQ', 'x'],
    ['RESTORE', 'f', 0, HELLO, 'FREQ', 10, 'IDLETIME', 10],
    ['RESTORE', 'f', 0, HELLO, 'IDLETIME', 10, 'FREQ', 10],
    ['RESTORE', 'f', 0, HELLO, 'FREQ', 10],
    'CONFIG SET maxmemory-policy allkeys-lfu',
    ['RESTORE', 'g', 0, HELLO, 'FREQ', 100],
    'OBJECT FREQ g',
    'CONFIG SET maxmemory-policy noeviction',
    ['RESTORE', 'h', 0, payloadOf('int64')],
    'OBJECT ENCODING h',
    'GET h',
    ['RESTORE-ASKING', 'i', 0, HELLO],
    'GET i',
  ],
  'RESTORE of what is wrong': [
    ['RESTORE', 'a', -1, HELLO],
    ['RESTORE', 'a', 'x', HELLO],
    ['RESTORE', 'a', '9223372036854775808', HELLO],
    ['RESTORE', 'a', 0, HELLO, 'NONSENSE'],
    ['RESTORE', 'a', 0, flipped],
    ['RESTORE', 'a', 0, HELLO.slice(0, -1)],
    ['RESTORE', 'a', 0, ''],
    ['RESTORE', 'a', 0, 'short'],
    ['RESTORE', 'a', 0, HELLO.slice(1)],
    ['RESTORE', 'a', 0],
    'EXISTS a',
    'SET a 1',
    ['RESTORE', 'a', 'x', HELLO],
    ['RESTORE', 'a', 'x', HELLO, 'NONSENSE'],
    ['RESTORE', 'a', 'x', HELLO, 'REPLACE'],
    ['RESTORE', 'a', 0, flipped, 'REPLACE'],
    'GET a',
  ],
  'inside a transaction, with WATCH': [
    'WATCH a',
    ['RESTORE', 'a', 0, HELLO],
    'MULTI',
    'GET a',
    'EXEC',
    'MULTI',
    ['RESTORE', 'b', 0, HELLO],
    'DUMP b',
    'EXEC',
  ],
  'arguments and rows': [
    'COMMAND INFO dump restore restore-asking migrate replicaof slaveof psync sync replconf role wait',
    ['COMMAND', 'GETKEYS', 'MIGRATE', 'h', 1, 'key', 0, 10],
    ['COMMAND', 'GETKEYS', 'MIGRATE', 'h', 1, '', 0, 10, 'COPY', 'AUTH', 'keys', 'KEYS', 'a', 'b'],
    ['COMMAND', 'GETKEYSANDFLAGS', 'MIGRATE', 'h', 1, '', 0, 10, 'AUTH2', 'keys', 'x', 'KEYS', 'a', 'b'],
    ['MIGRATE', 'h', 1, 'key', 0, 10],
    ['MIGRATE', 'h', 1, 'key', 'x', 10],
    ['MIGRATE', 'h', 1, 'key', 0, 'x'],
    ['MIGRATE', 'h', 1, 'key', 0, 10, 'KEYS', 'a'],
    ['MIGRATE', 'h', 1, '', 0, 10, 'KEYS'],
    ['MIGRATE', 'h', 1, '', 0, 10, 'NONSENSE'],
    ['MIGRATE', 'h', 1, '', 0, 10, 'AUTH'],
    ['MIGRATE', 'h', 1, '', 0, 10, 'AUTH2', 'x'],
    ['MIGRATE', 'h', 1, 'key', 0],
    'SET key 1',
    ['MIGRATE', '127.0.0.1', 1, 'key', 0, 1000],
    ['MIGRATE', '127.0.0.1', 0, 'key', 0, 1000],
    'GET key',
  ],
  'REPLCONF, ROLE and WAIT of a master': [
    'ROLE',
    'WAIT 0 10',
    'WAIT 1 10',
    'WAIT x 10',
    'WAIT 1 x',
    'WAIT 1 -1',
    'MULTI',
    'WAIT 1 0',
    'EXEC',
    'REPLCONF',
    'REPLCONF listening-port 7000',
    'REPLCONF listening-port x',
    'REPLCONF capa eof capa nonsense',
    'REPLCONF rdb-only 2',
    'REPLCONF rdb-only x',
    'REPLCONF rdb-filter-only functions',
    'REPLCONF rdb-filter-only keys',
    'REPLCONF nonsense 1',
    'REPLCONF constructor 1',
    'REPLCONF listening-port',
    ['REPLCONF', 'ip-address', 'x'.repeat(300)],
    'REPLICAOF NO ONE',
    'REPLICAOF host x',
    'REPLICAOF host 65536',
    'PSYNC ? x',
    'PSYNC ? -1 FAILOVER',
  ],
};

describe.skipIf(skipWithoutRedisServer)(`DUMP, RESTORE and the replies around them${redisServerNote}`, () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair();
  });
  afterAll(() => pair?.stop());
  beforeEach(() => pair.reset());

  for (const [name, commands] of Object.entries(scripts)) {
    for (const resp of [2, 3] as const) {
      it(`${name}, RESP${resp}`, async () => {
        await pair.reset(resp);
        await pair.same(...commands);
      });
    }
  }

  it('gives the same payload for values of any kind', async () => {
    const random = seededRandom(11);
    const values = Array.from({ length: 400 }, (_, i) => {
      const alphabet = 1 + random.below(i % 2 === 0 ? 4 : 250);
      const bytes: number[] = [];
      for (let left = random.below(i % 20 === 0 ? 30_000 : 300); left > 0; ) {
        const copied = bytes.length > 4 && random.below(3) === 0 ? 1 + random.below(300) : 0;
        const from = bytes.length - 1 - random.below(Math.max(1, bytes.length));
        for (let k = 0; k < copied; k++) bytes.push(bytes[from + k] as number);
        if (copied === 0) bytes.push(random.below(alphabet));
        left -= Math.max(1, copied);
      }
      return Buffer.from(bytes).toString('latin1');
    });
    await pair.same(
      ...values.flatMap((value, i): Command[] => [
        ['SET', `k${i}`, value],
        ['DUMP', `k${i}`],
      ]),
    );
  });
});

describe('RESTORE of types that this node does not have', () => {
  it('is refused, and leaves the key as it was', async () => {
    const { startStandalone } = await import('../../../helpers/standalone.ts');
    const server = await startStandalone('bundled');
    try {
      await server.client.text('SET', 'a', 'old');
      // A hash with field expiry, with a right checksum.
      const content = Buffer.from([24, 1, 1, 97, 10, 0]);
      const crc = new Crc64().update(content);
      const payload = new ByteWriter().raw(content).u32le(crc.low).u32le(crc.high).bytes();
      await expect(server.client.text('RESTORE', 'a', 0, payload, 'REPLACE')).rejects.toThrow(
        'ERR Bad data format',
      );
      expect(await server.client.text('GET', 'a')).toBe('old');
    } finally {
      await server.stop();
    }
  });
});
