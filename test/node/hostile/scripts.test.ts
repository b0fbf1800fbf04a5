import { describe, expect, it } from 'vitest';
import { bounded } from '../../helpers/bounded.ts';
import { type Command, itAnswersAlike, usePair } from '../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';

const evals = (...scripts: string[]): Command[] => scripts.map((script) => ['EVAL', script, 0]);

describe.skipIf(skipWithoutRedisServer)(`scripts that mean harm${redisServerNote}`, () => {
  const pair = usePair();

  itAnswersAlike(pair, {
    'nest without end': evals(
      'local t = {} t[1] = t return cjson.encode(t)',
      'local t = {} for i = 1, 2000 do t = {t} end return cjson.encode(t)',
      "return cjson.decode(string.rep('[', 100000))",
      "return #cjson.decode(string.rep('[', 999) .. string.rep(']', 999))",
      "return cjson.decode(string.rep('[', 1001) .. string.rep(']', 1001))",
      `return cjson.decode('{"a":' .. string.rep('[', 1000000))`,
      'local t = {} t[1] = t return cmsgpack.pack(t)',
      'local t = {} for i = 1, 20 do t = {t} end return cmsgpack.pack(t)',
      "return cmsgpack.unpack(string.rep('\\145', 100000))",
      'local t = {} t[1] = t return t',
      'local t = {} for i = 1, 10000 do t = {t} end return t',
      'local function f() return f() + 1 end return f()',
      `return ${'('.repeat(300)}1${')'.repeat(300)}`,
      `return ${'{'.repeat(300)}${'}'.repeat(300)}`,
      `return ${'not '.repeat(50_000)}1`,
      `return ${'-'.repeat(100_000)}1`,
      `local ${Array.from({ length: 250 }, (_, i) => `a${i}`).join()} = 1`,
      "return string.find(string.rep('(', 100000), string.rep('(', 100000))",
    ),
    'count beyond measure': evals(
      "return cmsgpack.unpack('\\221\\255\\255\\255\\255')",
      "return cmsgpack.unpack('\\223\\255\\255\\255\\255')",
      "return cmsgpack.unpack('\\219\\255\\255\\255\\255')",
      "return cmsgpack.unpack_limit('\\1', 1, -5)",
      "return struct.pack('c0')",
      "return struct.pack('I99', 1)",
      "return struct.unpack('c99999999999', 'x')",
      "return struct.unpack('c2147483647', 'x')",
      "return struct.unpack('I4', 'xxxx', 2147483647)",
      "return struct.unpack('s', string.rep('x', 100000))",
      "return struct.size('c2147483647c2147483647')",
      'return bit.tohex(1, -2147483648)',
      'return bit.lshift(1, 99999)',
      'return bit.tobit(1e300)',
      "return table.concat({}, 'x', 1, 2147483647)",
      'return unpack({}, 1, 1e8)',
      "return string.byte(string.rep('x', 1e6), 1, -1)",
      "return string.format('%99999d', 1)",
      "return string.format('%.99999f', 1)",
      "return string.format('%5000s', '')",
      "return string.sub('x', -2147483648, 2147483647)",
      "return string.rep('x', -1)",
      'return math.random(0)',
      'return math.random(1, 0)',
      "return string.rep('a', 1000000):gsub('a', 'bb'):len()",
      "return string.gsub(string.rep('a', 100), '(', 'x')",
      "return tonumber(string.rep('9', 100000))",
      "return redis.sha1hex(string.rep('x', 1e6))",
      "return redis.call(string.rep('x', 100000))",
      'return 1e308 * 10',
      'return 2^63',
      'return -2^63',
      'return 0/0',
      "return cjson.decode('1e999')",
      'return cjson.encode(1/0)',
    ),
    'look for a way out': evals(
      'return loadstring(string.dump(function() return 1 end))',
      "return loadstring('\\27Lua')",
      "return dofile('/etc/passwd')",
      "return loadfile('/etc/passwd')",
      "return require('os')",
      'return io',
      'return os',
      'return debug',
      'return package',
      'return newproxy',
      'return getfenv(0)',
      'return setfenv(0, {})',
      'return module',
      "getmetatable('').__index = nil return 1",
      "getmetatable('').__gc = print return 1",
      'string.rep = nil return 1',
      'redis.call = nil return 1',
      'cjson.null = 1 return 1',
      '_G.x = 1 return 1',
      'x = 1',
      'setmetatable(_G, {}) return 1',
      "rawset(_G, 'x', 1) return x",
      "return rawget(_G, 'print')",
      "table.insert(_G, 'x') return 1",
      'return table.remove(string)',
      'getmetatable(_G).__index = function() return 1 end return nosuch',
      'local t = setmetatable({}, {__gc = function() end}) return 1',
      'return tostring(setmetatable({}, {__tostring = function() return 1 end}))',
      'table.sort({3, 2, 1}, function() return true end) return 1',
      'return next({}, 1)',
      "redis.log(99, 'x')",
      'return redis.set_repl(99)',
      'return redis.setresp(4)',
      "return redis.call('PING', {})",
      'return redis.call()',
      "return redis.status_reply('a\\r\\nb')",
      "return {ok = 'a\\r\\nb'}",
      "return {err = 'a\\r\\nb'}",
      "return redis.error_reply('x\\r\\n' .. string.rep('y', 10000))",
      'goto x',
      'return 1 = 2',
    ),
  });

  it('cannot take all memory: each ends with an error, and the node goes on', async () => {
    const greedy = evals(
      "return string.rep('x', 1024 * 1024 * 1024)",
      "local s = string.rep('x', 2^20) while true do s = s .. s end",
      'local function f() return coroutine.wrap(f)() end return f()',
      'local function f() return pcall(f) end f() return 1',
      'error({})',
    );
    const replies: string[] = [];
    await bounded({ withinMs: 40_000, heldMiB: 700 }, async () => {
      for (const script of greedy)
        replies.push(String(await pair().node.client.call(...(script as string[]))));
    });
    expect(replies.filter((reply) => reply.startsWith('ReplyError: ERR'))).toHaveLength(greedy.length - 1);
    expect(await pair().node.client.text('EVAL', 'return 1', 0)).toBe('1');
  });
});
