import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Command, itAnswersAlike, usePair } from '../../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../../helpers/servers.ts';

const LFU = 'CONFIG SET maxmemory-policy allkeys-lfu';
const NO_LFU = 'CONFIG SET maxmemory-policy noeviction';

const scripts: Record<string, readonly Command[]> = {
  'DEL, UNLINK, EXISTS, TOUCH, TYPE': [
    'MSET a 1 b 2 c 3',
    'EXISTS a a none b',
    'TOUCH a none a',
    'TYPE a',
    'TYPE none',
    'DEL a a none',
    'UNLINK b none c',
    'DBSIZE',
    'DEL',
    'EXISTS',
    'TYPE',
  ],
  'EXPIRE and its relatives': [
    'SET a 1',
    'EXPIRE a 100',
    'TTL a',
    'PERSIST a',
    'PERSIST a',
    'PERSIST none',
    'TTL a',
    'TTL none',
    'PTTL none',
    'EXPIRETIME none',
    'PEXPIRETIME a',
    'EXPIREAT a 99999999999',
    'EXPIRETIME a',
    'PEXPIREAT a 99999999999499',
    'EXPIRETIME a',
    'PEXPIREAT a 99999999999500',
    'EXPIRETIME a',
    'PEXPIRE a 100000',
    'TTL a',
    'EXPIRE none 100',
    'EXPIRE a x',
    'EXPIRE none x',
    'EXPIRE a 9223372036854775807',
    'EXPIRE a 9223372036854775',
    'EXPIRE a -9223372036854776',
    'PEXPIRE a 9223372036854775807',
    'PEXPIREAT a 9223372036854775807',
    'EXPIREAT a 9223372036854776',
    'EXPIRE a 10 NX XX',
    'EXPIRE a 10 GT LT',
    'EXPIRE a 10 NX GT',
    'EXPIRE a 10 FOO',
    'EXPIRE a x FOO',
    'EXPIRE a',
    'EXPIRE a 0',
    'EXISTS a',
    'SET a 1',
    'EXPIRE a -1',
    'EXISTS a',
    'SET a 1',
    'PEXPIREAT a 1',
    'EXISTS a',
    'SET a 1',
    'PEXPIREAT a -5 NX',
    'EXISTS a',
  ],
  'conditions of EXPIRE': [
    'SET a 1',
    'PEXPIREAT a 99999999990000 XX',
    'PEXPIREAT a 99999999990000 GT',
    'PEXPIREAT a 99999999990000 LT',
    'PEXPIRETIME a',
    'PEXPIREAT a 99999999990000 NX',
    'PEXPIREAT a 99999999990000 GT',
    'PEXPIREAT a 99999999990000 LT',
    'PEXPIREAT a 99999999990001 GT',
    'PEXPIREAT a 99999999990000 lt',
    'PEXPIREAT a 99999999990005 XX GT',
    'PEXPIREAT a 99999999990004 XX LT XX',
    'PEXPIRETIME a',
    'PERSIST a',
    'PEXPIREAT a 99999999990000 NX NX',
  ],
  'RENAME, RENAMENX': [
    'SET a 1 PXAT 99999999999999',
    'RENAME a b',
    'GET b',
    'PEXPIRETIME b',
    'RENAME none b',
    'RENAME b b',
    'RENAME none none',
    'RENAMENX b b',
    'RENAMENX none c',
    'SET c 3',
    'RENAMENX b c',
    'RENAMENX b d',
    'RENAME c d',
    'GET d',
    'TTL d',
    'SET e 5',
    'APPEND e 6',
    'RENAME e f',
    'OBJECT ENCODING f',
  ],
  'COPY and MOVE': [
    'SET a 12 PXAT 99999999999999',
    'COPY a b',
    'COPY a b',
    'SET b other',
    'COPY a b REPLACE',
    'MGET a b',
    'PEXPIRETIME b',
    'COPY none c',
    'COPY a a',
    'COPY a a DB 1',
    'COPY a b DB 1 REPLACE REPLACE',
    'COPY a b DB 16',
    'COPY a b DB -1',
    'COPY a b DB x',
    'COPY a b DB 99999999999',
    'COPY a b DB',
    'COPY a b FOO',
    'APPEND a 3',
    'COPY a raw',
    'OBJECT ENCODING raw',
    ['SETRANGE', 'long', 5000, 'x'],
    'COPY long long2',
    'SETRANGE long 0 changed',
    'GETRANGE long2 0 6',
    'MOVE a 0',
    'MOVE a 99',
    'MOVE a x',
    'MOVE none 1',
    'MOVE a 1',
    'MOVE b 2',
    'EXISTS a b',
    'SELECT 2',
    'PEXPIRETIME b',
    'DBSIZE',
    'SELECT 0',
  ],
  'KEYS, RANDOMKEY': [
    'RANDOMKEY',
    'KEYS *',
    'SET only 1',
    'RANDOMKEY',
    'KEYS *',
    'KEYS o?l[x-z]',
    'KEYS on',
    'KEYS [^o]*',
    'KEYS',
    ['SET', '', 'empty'],
    'DEL only',
    'KEYS *',
    'KEYS **',
  ],
  'arguments of SCAN': [
    'SCAN 0',
    'SCAN x',
    'SCAN -1 COUNT x',
    ['SCAN', ''],
    ['SCAN', ' 1'],
    'SCAN 18446744073709551616',
    'SCAN 0 COUNT 0',
    'SCAN 0 COUNT -5',
    'SCAN 0 COUNT',
    'SCAN 0 MATCH',
    'SCAN 0 TYPE',
    'SCAN 0 FOO 1',
    'SET a 1',
    'SCAN 0 COUNT 1000',
    'SCAN 0 COUNT 1000 MATCH b*',
    'SCAN 0 COUNT 1000 MATCH a*',
    'SCAN 0 COUNT 1000 TYPE string',
    'SCAN 0 COUNT 1000 TYPE STRING',
    'SCAN 0 COUNT 1000 TYPE list',
    'SCAN 0 COUNT 1000 TYPE bogus',
    'SCAN',
  ],
  OBJECT: [
    'SET a 1',
    'OBJECT ENCODING a',
    'OBJECT ENCODING none',
    'OBJECT REFCOUNT none',
    // Not of a small number: redis-server shares those, and tells how long nobody has used the shared one.
    'SET c text',
    'OBJECT IDLETIME c',
    'OBJECT IDLETIME none',
    'OBJECT FREQ a',
    'OBJECT FREQ none',
    LFU,
    'SET b text',
    'OBJECT FREQ b',
    'OBJECT IDLETIME b',
    'OBJECT REFCOUNT b',
    NO_LFU,
    'OBJECT',
    'OBJECT FOO',
    'OBJECT FOO a',
    'OBJECT ENCODING',
    'OBJECT ENCODING a b',
    'OBJECT HELP x',
  ],
};

describe.skipIf(skipWithoutRedisServer)(`key commands as on redis-server${redisServerNote}`, () => {
  const pair = usePair();

  itAnswersAlike(pair, scripts);

  it('OBJECT HELP has the same shape', async () => {
    await pair().reset();
    const { node, redis } = await pair().run(['OBJECT HELP']);
    const lines = (reply: string[]): string[] => (reply[0] ?? '').split('\r\n');
    expect(lines(node)[1]).toBe(lines(redis)[1]);
    expect(lines(node).slice(-3)).toEqual(lines(redis).slice(-3));
  });

  it('KEYS and SCAN find the same keys for random patterns', async () => {
    await pair().reset();
    const piece = fc.constantFrom(
      'a',
      'b',
      'c',
      '*',
      '?',
      '[ab]',
      '[^a]',
      '[',
      ']',
      '\\',
      '-',
      '^',
      '\xff',
      '[a-\xff]',
    );
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\\', '*', '\xff', '^'), maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(word, { minLength: 20, maxLength: 40 }),
        fc.array(fc.array(piece, { maxLength: 6 }), { minLength: 20, maxLength: 20 }),
        async (keys, patterns) => {
          const filling: Command[] = ['FLUSHALL', ...keys.map((key) => ['SET', key, '1'])];
          await pair().same(...filling);
          const sorted = async (command: Command): Promise<string[][]> => {
            const { redis, node } = await pair().run([command]);
            return [redis, node].map(([reply = '']) =>
              reply
                .slice(0, -2)
                .split(/\r\n\$\d+\r\n/)
                .sort(),
            );
          };
          for (const pattern of patterns) {
            const [redisKeys, nodeKeys] = await sorted(['KEYS', pattern.join('')]);
            expect(nodeKeys).toEqual(redisKeys);
            const [redisScan, nodeScan] = await sorted(['SCAN', 0, 'COUNT', 1000, 'MATCH', pattern.join('')]);
            expect(nodeScan).toEqual(redisScan);
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  it('random sequences of commands', async () => {
    await pair().reset();
    const key = fc.constantFrom('k1', 'k2', 'k3', 'k4');
    const time = fc.oneof(
      fc.integer({ min: 99999999990000, max: 99999999999999 }),
      fc.constantFrom(-1, 1, '9007199254740991', 'x'),
    );
    const condition = fc.constantFrom('NX', 'XX', 'GT', 'LT');
    const command = fc.oneof(
      fc.tuple(fc.constant('SET'), key, fc.constantFrom('1', 'text')),
      fc.tuple(fc.constant('SET'), key, fc.constant('v'), fc.constant('PXAT'), time),
      fc.tuple(fc.constant('PEXPIREAT'), key, time),
      fc.tuple(fc.constant('PEXPIREAT'), key, time, condition),
      fc.tuple(fc.constantFrom('PEXPIRETIME', 'EXPIRETIME', 'PERSIST', 'TYPE', 'GET'), key),
      fc.tuple(fc.constantFrom('DEL', 'UNLINK', 'EXISTS', 'TOUCH'), key, key),
      fc.tuple(fc.constantFrom('RENAME', 'RENAMENX', 'COPY'), key, key),
      fc.tuple(
        fc.constant('COPY'),
        key,
        key,
        fc.constant('DB'),
        fc.constantFrom(0, 1),
        fc.constant('REPLACE'),
      ),
      fc.tuple(fc.constant('MOVE'), key, fc.constantFrom(0, 1)),
      fc.tuple(fc.constant('SELECT'), fc.constantFrom(0, 1)),
      fc.tuple(fc.constant('OBJECT'), fc.constant('ENCODING'), key),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 30, maxLength: 60 }), async (commands) => {
        await pair().same('FLUSHALL', 'SELECT 0', ...commands, 'MGET k1 k2 k3 k4', 'DBSIZE');
      }),
      { numRuns: 60 },
    );
  });
});
