import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Command, itAnswersAlike, usePair } from '../../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../../helpers/servers.ts';

const fill: readonly Command[] = [
  'RPUSH l 3 1 2 10 -5 2.5',
  'SADD s 3 1 2 10 -5',
  'ZADD z 5 3 4 1 3 2 2 10 1 -5',
  'MSET w3 30 w1 5 w2 5 w10 1 n3 three n1 one n2 one n10 ten',
  'HSET h3 f 1 g a',
  'HSET h1 f 3 g b',
  'HSET h2 f 2',
];

const scripts: Record<string, readonly Command[]> = {
  'SORT by the elements': [
    ...fill,
    'SORT l',
    'SORT l DESC',
    'SORT l ALPHA',
    'SORT l ALPHA DESC ASC',
    'SORT s',
    'SORT z',
    'SORT z desc alpha',
    'SORT none',
    'SORT l LIMIT 1 2',
    'SORT l LIMIT 1 -1',
    'SORT l LIMIT -3 2',
    'SORT l LIMIT 100 2',
    'SORT l LIMIT 5 100',
    'SORT l LIMIT 0 0',
    'SORT l LIMIT 0 9223372036854775807',
    'SORT l LIMIT -9223372036854775808 9223372036854775807',
    'SORT l LIMIT 1 1 LIMIT 2 2',
    'SORT_RO l LIMIT 1 3',
    'SORT_RO s DESC',
    'TYPE l',
  ],
  'SORT BY and GET': [
    ...fill,
    'SORT s BY w*',
    'SORT s BY w* DESC',
    'SORT s BY n* ALPHA LIMIT 0 -1',
    'SORT l BY n* ALPHA',
    'SORT l BY n* ALPHA DESC',
    'SORT s BY n*',
    'SORT s BY h*->f',
    'SORT s BY h*->f GET # GET h*->g GET w* GET n*x GET const GET h*->none GET h*-> GET l*->f',
    'SORT s BY w*->f GET #',
    'SORT l BY nosort',
    'SORT l BY nosort DESC LIMIT 1 3',
    'SORT l BY nosort LIMIT 10 3',
    'SORT z BY nosort',
    'SORT z BY nosort DESC',
    'SORT z BY nosort LIMIT 1 2',
    'SORT z BY nosort DESC LIMIT 1 2',
    'SORT z BY nosort DESC LIMIT 7 2',
    'SORT z BY nosort GET # GET w* LIMIT 0 2',
    'SORT s BY nosort',
    'SORT s BY nosort DESC',
    'SORT l BY w* BY nosort',
    'SORT_RO s BY w* GET #',
    'EVAL return{redis.call("SORT",KEYS[1],"BY","nosort"),redis.call("SORT",KEYS[1],"BY","nosort","DESC","GET","#","GET","w*")} 1 s',
    'SET w*x 5',
    'RPUSH stars *',
    'SORT stars BY nosort GET *x GET w*x GET w**',
  ],
  'SORT STORE': [
    ...fill,
    'SORT l STORE t',
    'LRANGE t 0 -1',
    'OBJECT ENCODING t',
    'SORT s BY nosort STORE t',
    'LRANGE t 0 -1',
    'SORT s BY w* GET # GET w* GET none* STORE t',
    'LRANGE t 0 -1',
    'EXPIRE t 100',
    'SORT l STORE l',
    'LRANGE l 0 -1',
    'SORT z STORE t STORE u',
    'LRANGE t 0 -1',
    'LRANGE u 0 -1',
    'TTL t',
    'SORT z STORE t',
    'TTL t',
    'SORT none STORE t',
    'EXISTS t',
    'SORT none STORE t',
    'SORT_RO l STORE t',
    'COMMAND GETKEYS SORT l BY store GET store LIMIT 1 2 STORE x',
    'COMMAND GETKEYS SORT l STORE x STORE y',
    'COMMAND GETKEYS SORT l STORE',
    'COMMAND GETKEYSANDFLAGS SORT l store x',
    'COMMAND GETKEYS SORT_RO l BY w* GET x',
  ],
  'what SORT refuses': [
    ...fill,
    'SORT',
    'SORT l FOO',
    'SORT l BY',
    'SORT l GET',
    'SORT l LIMIT 1',
    'SORT l LIMIT x 1',
    'SORT l LIMIT 1 x',
    'SORT l STORE',
    'SORT h1',
    'SORT w1',
    'SORT none FOO',
    'RPUSH t a 1',
    'SORT t',
    'SORT t LIMIT 0 0',
    'SORT t BY nosort',
    'SORT t STORE u',
    'SORT_RO t',
  ],
  'texts that may be numbers': [
    ...['nan', 'inf', '-INF', '0x10', ' 5', '5 ', '', ' ', '1\x002', '+4', '.5', '1.'].flatMap(
      (text): Command[] => [['DEL', 'l'], ['RPUSH', 'l', '7', text, '2'], 'SORT l'],
    ),
    ['RPUSH', 'bytes', 'a\0c', 'a\0b', 'a', '\xff', '\x80', 'B'],
    'SORT bytes ALPHA',
    'SORT bytes ALPHA DESC',
    'SORT bytes ALPHA STORE t',
    'LRANGE t 0 -1',
    'SORT bytes ALPHA DESC STORE t',
    'LRANGE t 0 -1',
    'RPUSH numbers 9223372036854775807 9223372036854775806 -9223372036854775808 1e18 9007199254740993 9007199254740992',
    'SORT numbers',
    'SORT numbers DESC',
  ],
};

// redis-server sees an errno of before until something else sets it: nothing may come after these in a script.
for (const text of ['1e400', '-1e400', '1e-400'])
  scripts[`the number ${text}`] = [`RPUSH l 7 ${text}`, 'SORT l'];

describe.skipIf(skipWithoutRedisServer)(`SORT beside redis-server${redisServerNote}`, () => {
  const pair = usePair();
  itAnswersAlike(pair, scripts);

  it('sorts any list by any weights alike', async () => {
    const element = fc
      .oneof(
        fc.integer({ min: -9, max: 20 }),
        fc.integer({ min: -300, max: 300 }).map((n) => n / 64),
      )
      .map(String);
    const weight = fc.oneof(
      fc.integer({ min: 0, max: 3 }).map(String),
      fc.constant('x'),
      fc.constant(undefined),
    );
    const direction = fc.constantFrom('ASC', 'DESC');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(element, weight), { minLength: 1, maxLength: 30 }),
        direction,
        fc.constantFrom(['ALPHA'], []),
        fc.constantFrom(['STORE', 't'], []),
        fc.integer({ min: -1, max: 10 }),
        async (pairs, order, alpha, store, limit) => {
          await pair().reset();
          const weights = pairs.flatMap(([each, own]): Command[] =>
            own === undefined ? [] : [['SET', `w${each}`, own]],
          );
          await pair().same(
            ['RPUSH', 'l', ...pairs.map(([each]) => each)],
            ...weights,
            ['SORT', 'l', order, ...alpha, 'LIMIT', 2, limit, ...store],
            ['SORT', 'l', order, ...alpha, 'BY', 'w*', 'GET', '#', 'GET', 'w*', ...store],
            'LRANGE t 0 -1',
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  it('sorts many elements', async () => {
    await pair().reset();
    const elements = Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 20_011);
    await pair().same(
      ['RPUSH', 'l', ...elements],
      'SORT l',
      'SORT l DESC LIMIT 5 10',
      'SORT l ALPHA STORE t',
    );
    const kept = await pair().run(['LLEN t']);
    expect(kept.node).toEqual([':20000\r\n']);
  });
});

describe.skipIf(skipWithoutRedisServer)(`SORT in cluster mode as on redis-server${redisServerNote}`, () => {
  const pair = usePair({ directives: ['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf'] });

  it('refuses patterns, and keys of several slots', async () => {
    await pair().run(['CLUSTER ADDSLOTSRANGE 0 16383']);
    await expect
      .poll(async () => (await pair().run(['GET a'])).redis[0], { timeout: 10_000 })
      .toBe('$-1\r\n');
    await expect.poll(async () => (await pair().run(['GET a'])).node[0], { timeout: 10_000 }).toBe('$-1\r\n');
    await pair().same(
      'RPUSH {a}l 3 1 2',
      'SORT {a}l BY {a}w*',
      'SORT {a}l GET #',
      'SORT {a}l GET # BY {a}w*',
      'SORT {a}l BY nosort',
      'SORT {a}l STORE {a}t',
      'SORT {a}l STORE b',
      'SORT_RO {a}l BY w*',
      'LRANGE {a}t 0 -1',
    );
  });
});
