import fc from 'fast-check';
import { describe, it } from 'vitest';
import { type Command, itAnswersAlike, usePair } from '../../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../../helpers/servers.ts';

const scripts: Record<string, readonly Command[]> = {
  'SETBIT and GETBIT': [
    'SETBIT a 7 1',
    'SETBIT a 7 1',
    'SETBIT a 7 0',
    'GET a',
    'SETBIT a 100 1',
    'STRLEN a',
    'GETBIT a 100',
    'GETBIT a 101',
    'GETBIT a 1000',
    'GETBIT none 5',
    'OBJECT ENCODING a',
    'SET b 12345',
    'GETBIT b 3',
    'SETBIT b 3 0',
    'OBJECT ENCODING b',
    'GET b',
    'SETBIT a 4294967296 1',
    'SETBIT a -1 1',
    'SETBIT a x 1',
    'SETBIT a 1 2',
    'SETBIT a 1 -1',
    'SETBIT a 1 x',
    'GETBIT a 4294967296',
    'GETBIT a -1',
    'SETBIT a 1',
    ['SET', 'e', ''],
    'SETBIT e 0 0',
    'GET e',
  ],
  BITCOUNT: [
    'SET a foobar',
    'BITCOUNT a',
    'BITCOUNT a 0 0',
    'BITCOUNT a 1 1',
    'BITCOUNT a 1 1 BYTE',
    'BITCOUNT a 5 30 BIT',
    'BITCOUNT a 5 6 bit',
    'BITCOUNT a -2 -1',
    'BITCOUNT a -1 -2',
    'BITCOUNT a -100 -99',
    'BITCOUNT a 0 100',
    'BITCOUNT a 5 2',
    'BITCOUNT a 0 -1 BIT',
    'BITCOUNT a 0',
    'BITCOUNT none 0',
    'BITCOUNT none',
    'BITCOUNT a 0 1 FOO',
    'BITCOUNT a -1 -2 FOO',
    'BITCOUNT a x 1',
    'BITCOUNT a 0 x',
    'BITCOUNT a 0 1 BIT x',
    ['SET', 'e', ''],
    'BITCOUNT e',
    'BITCOUNT e 0 -1',
    'BITCOUNT e 0 -1 BIT',
  ],
  BITPOS: [
    ['SET', 'a', '\x00\x0f\xf0'],
    'BITPOS a 1',
    'BITPOS a 0',
    'BITPOS a 1 2',
    'BITPOS a 1 0 0',
    'BITPOS a 1 0 -1 BIT',
    'BITPOS a 1 13 20 BIT',
    'BITPOS a 0 12 17 BIT',
    'BITPOS a 0 12 15 BIT',
    'BITPOS a 1 -1',
    'BITPOS a 1 5 2',
    'BITPOS a 2',
    'BITPOS a x',
    'BITPOS a 1 x',
    'BITPOS a 1 0 x',
    'BITPOS a 1 0 1 FOO',
    'BITPOS a 1 0 1 BIT x',
    ['SET', 'f', '\xff\xff'],
    'BITPOS f 0',
    'BITPOS f 0 0',
    'BITPOS f 0 1',
    'BITPOS f 0 2',
    'BITPOS f 0 0 -1',
    'BITPOS f 0 0 1 BYTE',
    'BITPOS f 0 3 10 BIT',
    'BITPOS none 0',
    'BITPOS none 1',
    'BITPOS none 0 5 x',
    ['SET', 'e', ''],
    'BITPOS e 0',
    'BITPOS e 1',
    'BITPOS e 0 0 -1',
  ],
  BITOP: [
    ['MSET', 'a', 'abc', 'b', '\xff\x0f', 'e', ''],
    'BITOP AND t a b',
    'GET t',
    'BITOP OR t a b',
    'GET t',
    'BITOP XOR t a b a',
    'GET t',
    'BITOP not t a',
    'GET t',
    'BITOP AND t a none',
    'GET t',
    'OBJECT ENCODING t',
    'BITOP AND t e none',
    'EXISTS t',
    'BITOP NOT t a b',
    'BITOP NOR t a b',
    'BITOP AND t',
    'SET t 1 PXAT 99999999999999',
    'BITOP OR t t b',
    'TTL t',
    'GET t',
  ],
  BITFIELD: [
    'BITFIELD a',
    'BITFIELD a SET u8 0 255 GET u8 0 INCRBY u8 0 1',
    'BITFIELD a OVERFLOW SAT INCRBY u8 0 300 OVERFLOW FAIL INCRBY u8 0 1 OVERFLOW WRAP INCRBY u8 0 1',
    'BITFIELD a SET i8 #1 -100 GET i8 #1 GET u8 #1 GET i8 8',
    'BITFIELD a SET i8 0 200',
    'BITFIELD a OVERFLOW SAT SET i8 0 200 GET i8 0',
    'BITFIELD a OVERFLOW FAIL SET i8 0 200',
    'BITFIELD a SET u8 0 -1 GET u8 0',
    'BITFIELD a OVERFLOW SAT SET u8 0 -1 GET u8 0',
    'BITFIELD a SET i64 0 9223372036854775807 INCRBY i64 0 1',
    'BITFIELD a OVERFLOW SAT SET i64 0 -9223372036854775808 INCRBY i64 0 -1',
    'BITFIELD a OVERFLOW FAIL SET i64 0 9223372036854775807 INCRBY i64 0 1 GET i64 0',
    'BITFIELD a SET u63 0 9223372036854775807 GET u63 0 INCRBY u63 0 1',
    'BITFIELD a GET u64 0',
    'BITFIELD a GET i65 0',
    'BITFIELD a GET u0 0',
    'BITFIELD a GET x8 0',
    'BITFIELD a GET u8 -1',
    'BITFIELD a GET u8 x',
    'BITFIELD a GET u8 #x',
    'BITFIELD a GET u8 4294967296',
    'BITFIELD a GET u8 4294967295',
    'BITFIELD a SET u8 0 x',
    'BITFIELD a SET u8 0',
    'BITFIELD a OVERFLOW FOO',
    'BITFIELD a FOO u8 0',
    'BITFIELD none GET u8 100',
    'EXISTS none',
    'BITFIELD none OVERFLOW FAIL INCRBY u2 100 10',
    'STRLEN none',
    'BITFIELD_RO a GET u8 0 GET i4 3',
    'BITFIELD_RO a SET u8 0 1',
    'BITFIELD_RO none GET u8 0',
    'BITFIELD_RO a GET u8',
    'GET a',
  ],
};

describe.skipIf(skipWithoutRedisServer)(`bit commands as on redis-server${redisServerNote}`, () => {
  const pair = usePair();

  itAnswersAlike(pair, scripts);

  it('random sequences of commands', async () => {
    await pair().reset();
    const key = fc.constantFrom('k1', 'k2', 'k3');
    const offset = fc.integer({ min: 0, max: 90 });
    const index = fc.integer({ min: -100, max: 100 });
    const unit = fc.constantFrom('BIT', 'BYTE');
    const bit = fc.constantFrom(0, 1);
    const type = fc.oneof(
      fc.integer({ min: 1, max: 64 }).map((n) => `i${n}`),
      fc.integer({ min: 1, max: 63 }).map((n) => `u${n}`),
    );
    const amount = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String), index);
    const place = fc.oneof(
      offset,
      fc.integer({ min: 0, max: 5 }).map((n) => `#${n}`),
    );
    const overflow = fc.constantFrom('WRAP', 'SAT', 'FAIL');
    const bytes = fc.uint8Array({ maxLength: 12 }).map((b) => Buffer.from(b).toString('latin1'));
    const command = fc.oneof(
      fc.tuple(fc.constant('SET'), key, bytes),
      fc.tuple(fc.constant('SETBIT'), key, offset, bit),
      fc.tuple(fc.constant('GETBIT'), key, offset),
      fc.tuple(fc.constant('BITCOUNT'), key, index, index, unit),
      fc.tuple(fc.constant('BITPOS'), key, bit, index, index, unit),
      fc.tuple(fc.constant('BITPOS'), key, bit, index),
      fc.tuple(fc.constant('BITOP'), fc.constantFrom('AND', 'OR', 'XOR'), key, key, key, key),
      fc.tuple(fc.constant('BITOP'), fc.constant('NOT'), key, key),
      fc
        .tuple(key, overflow, fc.constantFrom('SET', 'INCRBY'), type, place, amount)
        .map(([k, o, ...operation]) => ['BITFIELD', k, 'OVERFLOW', o, ...operation]),
      fc.tuple(fc.constant('BITFIELD_RO'), key, fc.constant('GET'), type, place),
      fc.tuple(fc.constant('DEL'), key),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 40, maxLength: 60 }), async (commands) => {
        await pair().same('FLUSHALL', ...commands, 'MGET k1 k2 k3');
      }),
      { numRuns: 60 },
    );
  });
});
