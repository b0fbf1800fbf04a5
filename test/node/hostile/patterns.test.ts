import { describe, expect, it } from 'vitest';
import { bounded } from '../../helpers/bounded.ts';
import { type Command, itAnswersAlike, usePair } from '../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';

const key = 'a'.repeat(500);
/** One that a matcher with backtracking would try in more ways than there are atoms. */
const stars = `${'a*'.repeat(30)}b`;

describe.skipIf(skipWithoutRedisServer)(`patterns without measure${redisServerNote}`, () => {
  const pair = usePair();

  itAnswersAlike(pair, {
    'many stars': [
      ['SET', key, 1],
      ['KEYS', stars],
      ['SCAN', 0, 'MATCH', stars],
      ['SADD', 'set', key],
      ['SSCAN', 'set', 0, 'MATCH', stars],
      ['HSET', 'hash', key, 'x'],
      ['HSCAN', 'hash', 0, 'MATCH', stars],
      ['ZADD', 'zset', 1, key],
      ['ZSCAN', 'zset', 0, 'MATCH', stars],
      ['PUBSUB', 'CHANNELS', stars],
      ['CONFIG', 'GET', `${'a*'.repeat(500)}b`],
      ['COMMAND', 'LIST', 'FILTERBY', 'PATTERN', `${'*e'.repeat(30)}q`],
    ],
    'classes that never end': [
      ['SET', 'key', 1],
      ['KEYS', '['],
      ['KEYS', '['.repeat(10_000)],
      ['KEYS', '[^'.repeat(5000)],
      ['KEYS', '\\'.repeat(10_001)],
      ['KEYS', `${'*'.repeat(100_000)}x`],
      ['KEYS', `${'?'.repeat(100_000)}`],
      ['KEYS', `[${'a-z'.repeat(10_000)}`],
      ['CONFIG', 'GET', '['.repeat(1000)],
    ],
    'long keys': [
      ['SET', 'a'.repeat(20_000), 1],
      ['KEYS', `${'*a'.repeat(20)}*b`],
      ['KEYS', `${'[a-b]*'.repeat(20)}c`],
      ['KEYS', `${'?'.repeat(10_000)}*${'a'.repeat(9999)}b`],
    ],
    'in the rights of a user': [
      ['ACL', 'SETUSER', 'u', 'on', 'nopass', `~${stars}`, `&${stars}`, '+@all'],
      ['SET', key, 1],
      ['AUTH', 'u', 'x'],
      ['GET', key],
      ['PUBLISH', key, 'x'],
      ['AUTH', 'default', 'x'],
      ['ACL', 'DELUSER', 'u'],
      ['ACL', 'LOG', 'RESET'],
    ],
    'of SORT': [
      ['RPUSH', 'list', ...Array.from({ length: 300 }, (_, i) => i)],
      ['SORT', 'list', 'BY', `${'*'.repeat(10_000)}->x`, 'LIMIT', 0, 3],
      ['SORT', 'list', 'BY', 'w_*->', 'LIMIT', 0, 3],
      ['SORT', 'list', 'BY', '->*', 'LIMIT', 0, 3],
      ['SORT', 'list', 'BY', 'nosort', 'GET', '*', 'GET', '#', 'GET', '', 'LIMIT', 0, 2],
      [
        'SORT',
        'list',
        'BY',
        'nosort',
        ...Array.from({ length: 500 }, () => ['GET', 'x*->y']).flat(),
        'LIMIT',
        0,
        2,
      ],
    ],
  });

  it('take no more time than memory of their own', async () => {
    const hostile: Command[] = [
      ['SET', 'a'.repeat(20_000), 1],
      ['KEYS', `${'*a'.repeat(20)}*b`],
      ['PSUBSCRIBE', stars],
      ['PUNSUBSCRIBE', stars],
      ['PUBLISH', key, 'x'],
      'PING',
    ];
    const { node } = await bounded({ withinMs: 20_000, heldMiB: 100 }, () => pair().run(hostile));
    expect(node.at(-1)).toBe('+PONG\r\n');
  });
});
