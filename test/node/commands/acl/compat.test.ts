import { describe, it } from 'vitest';
import { type Random, seededRandom } from '../../../../src/core/random.ts';
import { type Command, itAnswersAlike, usePair } from '../../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../../helpers/servers.ts';

const hash = 'a'.repeat(64);

/** A user ann with these rules for the script, then the default user again and nobody else. */
function asAnn(rules: string, ...script: Command[]): Command[] {
  return [
    `ACL SETUSER ann reset on >pass ${rules}`,
    'AUTH ann pass',
    ...script,
    'AUTH default any',
    'ACL DELUSER ann',
    'ACL LOG RESET',
  ];
}

const seed = 20260707;
const one = (random: Random, from: readonly string[]): string => from[random.below(from.length)] as string;

const commandNames =
  'get set mget copy del eval publish subscribe config|get config select sort hset zadd object|encoding'.split(
    ' ',
  );
const categories =
  'all read write string keyspace fast slow admin dangerous hash sortedset pubsub scripting blocking'.split(
    ' ',
  );
const patterns = ['a*', 'b?', '[ab]', '*', 'a'];

function randomRule(random: Random): string {
  switch (random.below(4)) {
    case 0:
      return one(random, ['+', '-']) + one(random, commandNames);
    case 1:
      return one(random, ['+@', '-@', '+@']) + one(random, categories);
    case 2:
      return one(random, ['~', '%R~', '%W~', '%RW~', '&']) + one(random, patterns);
    default:
      return one(random, [
        '+select|0',
        '+debug|sleep',
        '+get',
        'allchannels',
        'allkeys',
        'resetkeys',
        '+@all',
      ]);
  }
}

/** For one user; some are wrong together (a pattern behind "allkeys"), and then there is no such user. */
function randomRules(random: Random): string[] {
  const rules = Array.from({ length: 1 + random.below(5) }, () => randomRule(random));
  if (random.below(2) === 0) return rules;
  const own = Array.from({ length: 1 + random.below(4) }, () => randomRule(random));
  return [...rules, `(${own.join(' ')})`];
}

const calls = [
  ...[
    'get a',
    'get c',
    'set a 1',
    'set b1 1 get',
    'mget a b1',
    'mget b a c',
    'mset a 1 b1 2',
    'copy a b',
    'copy b1 a',
  ],
  ...[
    'del a b c',
    'rename a b',
    'eval x 0',
    'eval x 2 a c',
    'publish a x',
    'publish c x',
    'subscribe a b',
    'psubscribe a*',
  ],
  ...[
    'psubscribe a',
    'spublish b x',
    'unsubscribe c',
    'config get x',
    'config set x y',
    'config resetstat',
    'select 0',
  ],
  ...[
    'select 1',
    'debug sleep 0',
    'debug object a',
    'sort a',
    'sort a store b',
    'sort a by x* get y*',
    'hset a f v',
  ],
  ...[
    'zadd b 1 m',
    'zunionstore a 2 b b1',
    'zunion 2 a b',
    'lmove a b left left',
    'object encoding a',
    'ping',
    'auth x',
  ],
  ...[
    'blpop a b 0',
    'bitop and a b b1',
    'bitfield a get u8 0',
    'bitfield a set u8 0 1',
    'getdel a',
    'expire a 1',
    'touch a b',
  ],
  ...[
    'xadd a * f v',
    'xread streams a b 0 0',
    'geoadd a 1 1 m',
    'georadius a 1 1 1 m store b',
    'pfcount a b',
    'pfmerge a b',
  ],
  ...[
    'smove a b m',
    'sinterstore a b c',
    'migrate h 1 a 0 1',
    'migrate h 1 | 0 1 keys a b',
    'flushall',
    'dbsize',
    'scan 0',
    'keys *',
  ],
];

describe.skipIf(skipWithoutRedisServer)(`ACL${redisServerNote}`, () => {
  const pair = usePair();

  itAnswersAlike(pair, {
    'tells of users as rules make them': [
      'ACL LIST',
      'ACL USERS',
      'ACL WHOAMI',
      'ACL GETUSER default',
      'ACL GETUSER none',
      'ACL SETUSER a',
      'ACL SETUSER a on nopass',
      `ACL SETUSER a >one >two #${hash} <one`,
      'ACL SETUSER b on sanitize-payload ~x* %R~y* %W~y* %r~z &news &talk +get (+set ~q) (~* &* +@all)',
      'ACL SETUSER Abc skip-sanitize-payload +@all -get ~*',
      // Redis tells of several commands in the order of its hash table.
      'ACL SETUSER sub +config|get',
      'ACL SETUSER first +select|0 +select|1 +select|0',
      'ACL SETUSER sub2 +config -config|set',
      'ACL SETUSER cat +@hash',
      'ACL LIST',
      'ACL USERS',
      'ACL GETUSER a',
      'ACL GETUSER b',
      'ACL GETUSER sub',
      'ACL GETUSER sub2',
      'ACL GETUSER first',
      'ACL SETUSER a reset',
      'ACL SETUSER b clearselectors resetkeys resetchannels -@all resetpass',
      'ACL LIST',
      'ACL DELUSER a b none Abc sub sub2 first cat',
      'ACL LIST',
    ],
    'refuses rules, and then changes nothing': [
      'ACL SETUSER c on +get ~a',
      'ACL SETUSER c +set +nosuch',
      'ACL SETUSER c +@nosuch',
      'ACL SETUSER c -@nosuch',
      'ACL SETUSER c -nosuch',
      'ACL SETUSER c -select|0',
      'ACL SETUSER c +select|',
      'ACL SETUSER c +config|nosuch',
      'ACL SETUSER c +config|get|x',
      'ACL SETUSER c nosense',
      'ACL SETUSER c %X~*',
      'ACL SETUSER c allkeys ~a',
      'ACL SETUSER c allchannels &a',
      'ACL SETUSER c <none',
      'ACL SETUSER c !short',
      'ACL SETUSER c #short',
      `ACL SETUSER c !${hash}`,
      'ACL SETUSER c (+get',
      'ACL SETUSER c (on)',
      ['ACL', 'SETUSER', 'c', '~with blank'],
      ['ACL', 'SETUSER', 'c', '&with\ttab'],
      ['ACL', 'SETUSER', 'with blank'],
      ['ACL', 'SETUSER', 'c', ''],
      'ACL DELUSER c default',
      'ACL LIST',
      'ACL DELUSER c',
    ],
    'asks who may do what': [
      'ACL SETUSER d +get +mget +publish ~a* &n* (+set %W~b*)',
      'ACL DRYRUN d get a1',
      'ACL DRYRUN d get b1',
      'ACL DRYRUN d mget a1 b1',
      'ACL DRYRUN d set b1 v',
      'ACL DRYRUN d set b1 v get',
      'ACL DRYRUN d publish n1 v',
      'ACL DRYRUN d publish m1 v',
      'ACL DRYRUN d config get x',
      'ACL DRYRUN d get',
      'ACL DRYRUN d nosuch',
      'ACL DRYRUN none get a',
      'ACL DELUSER d',
    ],
    'has other questions': [
      'ACL CAT',
      'ACL CAT nosuch',
      'ACL CAT a b',
      'ACL GENPASS 0',
      'ACL GENPASS 5000',
      'ACL GENPASS x',
      'ACL GENPASS 1 2',
      'ACL LOG',
      'ACL LOG -5',
      'ACL LOG x',
      'ACL LOG RESET',
      'ACL LOG 1 2',
      'ACL LOAD',
      'ACL SAVE',
      'ACL HELP',
      'ACL NOSUCH',
      'ACL SETUSER',
    ],
    'stops commands, keys and channels': asAnn(
      '+@all -config|get ~a* %R~r* &n*',
      'ACL WHOAMI',
      'SET a 1',
      'SET b 1',
      'GET r',
      'SET r 1',
      'CONFIG GET port',
      'CONFIG SET nothing x',
      'MGET a b',
      'PUBLISH n x',
      'PUBLISH m x',
      'NOSUCH',
      'GET',
      'SORT a BY x*',
      'SORT a GET x*',
    ),
    'stops transactions when they are queued': asAnn(
      '+@all -incr ~a',
      'MULTI',
      'SET a 1',
      'INCR a',
      'EXEC',
      'MULTI',
      'SET b 1',
      'EXEC',
      'GET a',
    ),
    'stops transactions when they run': asAnn(
      '+@all ~a ~b &*',
      'MULTI',
      'SET a 1',
      'SET b 1',
      'PUBLISH c 1',
      'INCR a',
      'ACL SETUSER ann resetkeys ~a -incr resetchannels',
      'GET a',
      'EXEC',
    ),
    'stops EXEC itself': asAnn(
      '+@all ~*',
      'MULTI',
      'ACL SETUSER ann -exec',
      'EXEC',
      'MULTI',
      'SET a 1',
      'DISCARD',
    ),
    'stops what scripts call': asAnn(
      '+@all -incr ~a &n',
      ['EVAL', "return redis.call('set', 'a', '1')", 0],
      ['EVAL', "return redis.call('set', 'b', '1')", 0],
      ['EVAL', "return redis.pcall('incr', 'a')", 0],
      ['EVAL', "return redis.call('publish', 'm', 'x')", 0],
      [
        'EVAL',
        "return {redis.acl_check_cmd('get', 'a'), redis.acl_check_cmd('get', 'b'), redis.acl_check_cmd('incr', 'a')}",
        0,
      ],
      ['EVAL', "return redis.acl_check_cmd('nosuch')", 0],
      ['EVAL', 'return 1', 1, 'b'],
    ),
    'knows passwords': [
      'AUTH any',
      'AUTH default any',
      'AUTH none any',
      'AUTH a b c',
      'ACL SETUSER e on >one >two',
      'AUTH e three',
      'AUTH e two',
      'HELLO 2 AUTH e wrong',
      'AUTH default x',
      'ACL SETUSER e off',
      'AUTH e two',
      'CLIENT KILL USER none',
      'CLIENT KILL USER e',
      'ACL DELUSER e',
      'ACL LOG RESET',
    ],
    'keeps the password of requirepass': [
      'CONFIG SET requirepass secret',
      'AUTH wrong',
      'AUTH default wrong',
      'AUTH secret',
      'ACL LIST',
      'ACL SETUSER default >other',
      'AUTH other',
      'AUTH secret',
      'CONFIG GET requirepass',
      'CONFIG SET requirepass ""',
      ['CONFIG', 'SET', 'requirepass', ''],
      'ACL LIST',
      'AUTH secret',
      'ACL LOG RESET',
    ],
    'allows channels by acl-pubsub-default': [
      'CONFIG SET acl-pubsub-default allchannels',
      'ACL SETUSER f',
      'ACL SETUSER g (+get)',
      'ACL SETUSER f resetchannels reset',
      'ACL LIST',
      'CONFIG SET acl-pubsub-default resetchannels',
      'ACL SETUSER f reset',
      'ACL LIST',
      'ACL DELUSER f g',
    ],
  });

  it(`judges calls alike, whatever the rules (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    await pair().reset();
    for (let round = 0; round < 60; round++) {
      const script: Command[] = [['ACL', 'SETUSER', 'any', 'reset', ...randomRules(random)]];
      for (const call of calls) script.push(`ACL DRYRUN any ${call}`);
      await pair().same(...script);
    }
    await pair().same('ACL DELUSER any');
  });
});
