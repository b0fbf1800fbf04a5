import { describe } from 'vitest';
import { type Command, itAnswersAlike, usePair } from '../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';

const load = (code: string, name = 'lib'): Command => ['FUNCTION', 'LOAD', `#!lua name=${name}\n${code}`];
const replace = (code: string, name = 'lib'): Command => [
  ...['FUNCTION', 'LOAD', 'REPLACE'],
  `#!lua name=${name}\n${code}`,
];
const f = 'redis.register_function("f", function(keys, args) return {keys, args} end)';

describe.skipIf(skipWithoutRedisServer)(`functions as on redis-server${redisServerNote}`, () => {
  const pair = usePair();

  itAnswersAlike(pair, {
    'a library is loaded, called, listed and deleted': [
      'FUNCTION FLUSH',
      load(f),
      ['FCALL', 'f', 1, 'k', 'a'],
      ['FCALL', 'F', 0],
      load(f),
      replace(f),
      load(f, 'other'),
      ['FCALL', 'nosuch', 0],
      ['FCALL', 'f', 'x'],
      ['FCALL', 'f', -1],
      ['FCALL', 'f', 2, 'k'],
      ['FCALL_RO', 'f', 0],
      'FUNCTION LIST',
      'FUNCTION LIST WITHCODE',
      'FUNCTION LIST LIBRARYNAME l*',
      'FUNCTION LIST LIBRARYNAME x*',
      'FUNCTION LIST LIBRARYNAME',
      'FUNCTION LIST nosuch',
      'FUNCTION STATS',
      'FUNCTION DELETE nosuch',
      'FUNCTION DELETE lib',
      'FUNCTION LIST',
      'FUNCTION STATS',
      'FUNCTION HELP',
      'FUNCTION FLUSH nosuch',
      'FUNCTION FLUSH SYNC',
    ],
    'libraries that cannot be': [
      'FUNCTION FLUSH',
      ['FUNCTION', 'LOAD', 'return 1'],
      ['FUNCTION', 'LOAD', '#!lua name=lib'],
      ['FUNCTION', 'LOAD', '#!lua\nreturn 1'],
      ['FUNCTION', 'LOAD', '#!lua name=a name=b\nreturn 1'],
      ['FUNCTION', 'LOAD', '#!lua nosuch=a\nreturn 1'],
      ['FUNCTION', 'LOAD', '#!nosuch name=a\nreturn 1'],
      ['FUNCTION', 'LOAD', 'nosuch', '#!lua name=a\nreturn 1'],
      load(f, 'bad-name'),
      load('return 1'),
      load('return x x'),
      load('error("a")'),
      load('error({err="MY thing"})'),
      load('nothing()'),
      load('redis.call("get", "a")'),
      load('math.random()'),
      load('a = 1'),
      load('redis.register_function()'),
      load('redis.register_function(1, 2, 3)'),
      load('redis.register_function("f")'),
      load('redis.register_function("f", 1)'),
      load('redis.register_function({}, function() end)'),
      load('redis.register_function("bad name", function() end)'),
      load(`${f} ${f}`),
      load('redis.register_function{function_name="f"}'),
      load('redis.register_function{callback=function() end}'),
      load('redis.register_function{function_name="f", callback=1}'),
      load('redis.register_function{function_name={}, callback=function() end}'),
      load('redis.register_function{function_name="f", callback=function() end, nosuch=1}'),
      load('redis.register_function{function_name="f", callback=function() end, flags=1}'),
      load('redis.register_function{function_name="f", callback=function() end, flags={"nosuch"}}'),
      'FUNCTION LIST',
    ],
    'flags of functions': [
      'FUNCTION FLUSH',
      load(
        'redis.register_function{function_name="reads", callback=function(k) return redis.call("get", k[1]) end, ' +
          'description="tells", flags={"no-writes", "allow-stale"}} ' +
          'redis.register_function{function_name="writes", callback=function(k, a) return redis.call("set", k[1], a[1]) end}',
      ),
      ['FCALL', 'writes', 1, 'k', 'v'],
      ['FCALL_RO', 'writes', 1, 'k', 'v'],
      ['FCALL_RO', 'reads', 1, 'k'],
      ['FCALL', 'reads', 1, 'k'],
    ],
    'errors, globals and shared code': [
      'FUNCTION FLUSH',
      load(
        'local count = 0 local function add() count = count + 1 return count end ' +
          'redis.register_function("count", add) ' +
          'redis.register_function("fails", function() error("a") end) ' +
          'redis.register_function("global", function() return KEYS end) ' +
          'redis.register_function("sets", function() a = 1 end) ' +
          'redis.register_function("registers", function() return redis.register_function("x", add) end) ' +
          'redis.register_function("random", function() return type(math.random()) end)',
      ),
      ['FCALL', 'count', 0],
      ['FCALL', 'count', 0],
      ['FCALL', 'fails', 0],
      ['FCALL', 'global', 0],
      ['FCALL', 'sets', 0],
      ['FCALL', 'registers', 0],
      ['FCALL', 'random', 0],
    ],
    'dump and restore': [
      'FUNCTION FLUSH',
      load(f),
      'FUNCTION DUMP',
      ['FUNCTION', 'RESTORE', 'nosuch'],
      ['FUNCTION', 'RESTORE', 'nosuch', 'nosuch'],
      'FUNCTION FLUSH',
      'FUNCTION DUMP',
    ],
  });
});
