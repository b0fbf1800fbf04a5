import { describe } from 'vitest';
import { type Command, itAnswersAlike, usePair } from '../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';

const INT64_MAX = '9223372036854775807';
const INT64_MIN = '-9223372036854775808';

/** What stands in the place of N in the commands. */
const numbers = [
  INT64_MAX,
  INT64_MIN,
  '9223372036854775808',
  '18446744073709551616',
  '99999999999999999999999',
  '4294967296',
  '2147483648',
  '-2147483649',
  '-1',
  '0',
  '1e3',
  'nan',
  'inf',
  '-inf',
  '0x10',
  '',
];

const data: readonly Command[] = [
  'FLUSHALL',
  'RPUSH list a b c',
  'SADD set 1',
  'HSET hash a 1',
  'ZADD zset 1 a 2 b 3 c',
  'SET text value',
  'SET number 10',
  'XADD stream 1-1 a b',
  'XADD stream 2-1 a b',
  'XGROUP CREATE stream group 0',
];

/** Commands that count, skip, add, expire or point with a number, by what they are about. */
const templates: Readonly<Record<string, readonly string[]>> = {
  lists: [
    'LPOP list N',
    'RPOP list N',
    'LRANGE list N N',
    `LRANGE list ${INT64_MIN} N`,
    'LINDEX list N',
    'LSET list N x',
    'LTRIM list N -1',
    'LREM list N a',
    'LPOS list a COUNT N',
    'LPOS list a MAXLEN N',
    'LMPOP N list LEFT',
    'LMPOP 1 list LEFT COUNT N',
    'SORT list ALPHA LIMIT N N',
    'SORT list ALPHA LIMIT 0 N',
    'BLPOP list N',
    'BLMPOP N 1 list LEFT',
  ],
  'sets and hashes': [
    'SPOP set N',
    'SINTERCARD N set',
    'SINTERCARD 1 set LIMIT N',
    'SSCAN set N',
    'HINCRBY hash a N',
    'HINCRBYFLOAT hash a N',
    'HSCAN hash 0 COUNT N',
  ],
  'sorted sets': [
    'ZADD zset N m',
    'ZADD zset INCR N a',
    'ZINCRBY zset N a',
    'ZPOPMIN zset N',
    'ZPOPMAX zset N',
    'ZRANGE zset N N',
    'ZRANGE zset (N N BYSCORE LIMIT N N',
    'ZRANGEBYSCORE zset -inf +inf LIMIT N 10',
    'ZRANGEBYSCORE zset -inf +inf LIMIT 0 N',
    'ZRANGEBYLEX zset - + LIMIT N N',
    'ZREVRANGEBYSCORE zset N N',
    'ZRANGESTORE target zset 0 N',
    'ZREMRANGEBYRANK zset N 1',
    'ZREMRANGEBYSCORE zset N N',
    'ZCOUNT zset N N',
    'ZMPOP N zset MIN',
    'ZMPOP 1 zset MIN COUNT N',
    'ZINTERCARD 1 zset LIMIT N',
    'ZUNION N zset',
    'ZUNIONSTORE target 1 zset WEIGHTS N',
    'ZDIFF N zset',
    'ZSCAN zset 0 COUNT N',
    'BZPOPMIN zset N',
    'GEOADD zset N 1 m',
    'GEOSEARCH zset FROMLONLAT 1 1 BYRADIUS N m',
    'GEOSEARCH zset FROMLONLAT N 1 BYBOX 1 N m',
    'GEOSEARCH zset FROMMEMBER a BYRADIUS 1 m COUNT N',
  ],
  streams: [
    'XADD stream N a b',
    'XADD stream N-N a b',
    'XADD stream MAXLEN N 5-5 a b',
    'XTRIM stream MAXLEN N',
    'XTRIM stream MAXLEN ~ 1 LIMIT N',
    'XTRIM stream MINID N',
    'XRANGE stream N N COUNT N',
    'XRANGE stream - + COUNT N',
    'XREAD COUNT N STREAMS stream 0',
    'XREADGROUP GROUP group c COUNT N STREAMS stream >',
    'XAUTOCLAIM stream group c N 0',
    'XAUTOCLAIM stream group c 0 0 COUNT N',
    'XCLAIM stream group c N 1-1',
    'XPENDING stream group - + N',
    'XPENDING stream group IDLE N - + 10',
    'XSETID stream N',
    'XSETID stream 9-9 ENTRIESADDED N MAXDELETEDID 1-1',
    'XGROUP CREATE stream other 0 ENTRIESREAD N',
    'XINFO STREAM stream FULL COUNT N',
    'XDEL stream N',
  ],
  strings: [
    'GETRANGE text N N',
    'GETRANGE text 0 N',
    'SETRANGE text N ""',
    'INCRBY number N',
    'DECRBY number N',
    'INCRBYFLOAT number N',
    'GETBIT text N',
    'BITCOUNT text N N',
    'BITCOUNT text N N BIT',
    'BITPOS text 1 N',
    'BITPOS text 0 N N BIT',
    'BITFIELD text GET u8 N',
    'BITFIELD text INCRBY i64 0 N',
    'BITFIELD text OVERFLOW FAIL INCRBY i64 0 N',
    'BITFIELD text OVERFLOW SAT INCRBY u63 0 N',
    'BITFIELD text SET uN 0 1',
    'LCS text text IDX MINMATCHLEN N',
  ],
  'times and databases': [
    'EXPIRE text N',
    'PEXPIRE text N',
    'EXPIREAT text N',
    'PEXPIREAT text N',
    'SET text v EX N',
    'SET text v PX N',
    'SET text v EXAT N',
    'SETEX text N v',
    'PSETEX text N v',
    'GETEX text EX N',
    'GETEX text PXAT N',
    'SELECT N',
    'MOVE text N',
    'COPY text other DB N',
    'SCAN 0 COUNT N',
    'CLIENT KILL ID N',
    'CLIENT UNBLOCK N',
    'CLIENT LIST ID N',
    'ACL GENPASS N',
    'HELLO N',
    'EVAL return N',
    'FCALL f N',
    'OBJECT FREQ N',
  ],
};

/** Random by nature, or a value that grows to all that there may be. */
const leftOut = new Set([
  // The order of keys is each server's own.
  `SCAN 0 COUNT ${INT64_MAX}`,
  'SCAN 0 COUNT 4294967296',
  'SCAN 0 COUNT 2147483648',
  'ACL GENPASS 0',
]);

function script(commands: readonly string[]): Command[] {
  return numbers.flatMap((number) =>
    commands.flatMap((template) => {
      const words = template
        .split(' ')
        .map((word) => (word === '""' ? '' : word.replaceAll(/(?<![A-Z])N(?![A-Z])/g, number)));
      return leftOut.has(words.join(' ')) ? [] : [...data, words];
    }),
  );
}

describe.skipIf(skipWithoutRedisServer)(`numbers without measure${redisServerNote}`, () => {
  itAnswersAlike(
    usePair(),
    Object.fromEntries(Object.entries(templates).map(([name, commands]) => [name, script(commands)])),
  );
});
