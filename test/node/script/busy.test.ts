import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RawConnection, type RawReply } from '../../helpers/raw-connection.ts';
import { until } from '../../helpers/servers.ts';
import { type Standalone, startStandalone } from '../../helpers/standalone.ts';

const THRESHOLD_MS = 50;
const textOf = (reply: RawReply): string => (reply instanceof Error ? reply.message : String(reply));

describe('scripts that run for long', () => {
  let node: Standalone;
  let other: RawConnection;

  beforeAll(async () => {
    node = await startStandalone('bundled', ['--busy-reply-threshold', String(THRESHOLD_MS)]);
    other = await RawConnection.open(node.port);
  });
  afterAll(async () => {
    other.close();
    await node.stop();
  });
  beforeEach(() => other.text('FLUSHALL'));

  const untilBusy = (): Promise<void> =>
    until(async () => textOf(await other.call('PING')).startsWith('BUSY'), 'the node to be busy');

  /** Runs a script that does not end, kills it, and gives its reply. */
  async function killed(script: string): Promise<string> {
    const reply = node.client.call('EVAL', script, 0);
    await untilBusy();
    expect(await other.text('SCRIPT', 'KILL')).toBe('OK');
    return textOf(await reply);
  }

  it.each([
    ['a loop', 'while true do end'],
    ['a loop of calls', 'while true do redis.call("ping") end'],
    ['a loop that catches errors', 'while true do pcall(function() while true do end end) end'],
    ['protected calls in each other', 'pcall(pcall, function() pcall(function() while true do end end) end)'],
    ['a loop in a thread', 'coroutine.wrap(function() while true do end end)()'],
    ['a handler that loops', 'xpcall(error, function() while true do end end)'],
    [
      'a loop around a metamethod',
      'local t = setmetatable({}, {__index = function() return 1 end}) while true do local x = t.x end',
    ],
    [
      'a loop around a sort',
      'while true do local t = {3, 1, 2} table.sort(t, function(a, b) return a < b end) end',
    ],
  ])('%s can be killed, and others are told', async (_name, script) => {
    expect(await killed(script)).toMatch(/^ERR Script killed by user with SCRIPT KILL/);
    expect(await other.text('PING')).toBe('PONG');
    expect(await node.client.text('EVAL', 'return 1', 0)).toBe('1');
  });

  it('goes on where it was, whatever it was in', async () => {
    const work = 'local n = 0 for i = 1, 3e6 do n = n + 1 end return n';
    const script = `
      local results = {}
      local function work() ${work} end
      results[1] = select(2, pcall(work))
      results[2] = select(2, pcall(function() work() error({err = 'MY error'}) end))
      local co = coroutine.wrap(function(a) work() local b = coroutine.yield(a + 1) work() return b end)
      results[3] = co(1)
      results[4] = co(5)
      results[5] = select(2, xpcall(function() work() error('x', 0) end, function(e) work() return 'handled ' .. e end))
      results[6] = redis.call('incr', 'n')
      return results`;
    const reply = node.client.call('EVAL', script, 0);
    await untilBusy();
    expect(String(await reply)).toBe('3000000,MY error,2,5,handled x,1');
  });

  it('a script that has written cannot be killed, and is atomic', async () => {
    const reply = node.client.call(
      'EVAL',
      "redis.call('set', 'a', 1) local t = redis.call('time')[1] while redis.call('time')[1] - t < 4 do end redis.call('set', 'b', 1) return 'done'",
      0,
    );
    await untilBusy();
    // In one write: the script ends by itself, and SHUTDOWN must not be met by a node that is not busy.
    const told = await other.pipeline([
      ['SCRIPT', 'KILL'],
      ['GET', 'a'],
      ['SHUTDOWN'],
      ['FUNCTION', 'STATS'],
    ]);
    const [kill = '', ...rest] = told.map(textOf);
    expect(kill).toMatch(/^UNKILLABLE/);
    for (const text of rest) expect(text).toMatch(/^BUSY .*SCRIPT KILL/);
    expect(String(await reply)).toBe('done');
    expect(String(await other.call('MGET', 'a', 'b'))).toBe('1,1');
  });

  it('a transaction goes on behind a script in it', async () => {
    const script = "for i = 1, 3e7 do end return redis.call('incr', 'n')";
    const replies = node.client.pipeline([
      ['MULTI'],
      ['EVAL', script, 0],
      ['INCR', 'n'],
      ['EVAL', script, 0],
      ['EXEC'],
      ['GET', 'n'],
    ]);
    await untilBusy();
    expect(textOf(await other.call('EVAL', 'return 1', 0))).toMatch(/^BUSY/);
    expect((await replies).slice(4).map(String)).toEqual(['1,2,3', '3']);
  });

  it('a replica that comes meanwhile gets what the script writes once', async () => {
    const script = "redis.call('incr', 'n') for i = 1, 1e8 do end return redis.call('incr', 'n')";
    const reply = node.client.call('EVAL', script, 0);
    await untilBusy();
    const replica = await startStandalone('bundled', ['--replicaof', `127.0.0.1 ${node.port}`]);
    try {
      expect(String(await reply)).toBe('2');
      await until(async () => (await replica.info('master_link_status')) === 'up', 'the link');
      await other.text('INCR', 'n');
      expect(await other.text('WAIT', 1, 10_000)).toBe('1');
      expect(await replica.client.text('GET', 'n')).toBe('3');
    } finally {
      await replica.stop();
    }
  });

  it('a function is killed as one', async () => {
    await other.text(
      'FUNCTION',
      'LOAD',
      'REPLACE',
      '#!lua name=l\nredis.register_function("endless", function() while true do end end)',
    );
    const reply = node.client.call('FCALL', 'endless', 0);
    await until(async () => textOf(await other.call('PING')).startsWith('BUSY'), 'the node to be busy');
    expect(textOf(await other.call('SCRIPT', 'KILL'))).toMatch(/^BUSY .*FUNCTION KILL/);
    expect(String(await other.call('FUNCTION', 'STATS'))).toMatch(
      /^running_script,name,endless,command,FCALL/,
    );
    expect(await other.text('FUNCTION', 'KILL')).toBe('OK');
    expect(textOf(await reply)).toMatch(/^ERR Script killed/);
  });

  it('a library that takes too long is not loaded', async () => {
    const reply = await other.call('FUNCTION', 'LOAD', '#!lua name=slow\nwhile true do end');
    expect(textOf(reply)).toMatch(/FUNCTION LOAD timeout/);
  });

  it.each([
    ['doubles a text', 'local s = "x" while true do s = s .. s end', /not enough memory/],
    ['repeats a text', 'return #string.rep("x", 2^31 - 1)', /not enough memory/],
    ['repeats nothing', 'return #string.rep("", 2^31 - 1)', /^0$/],
    ['calls itself', 'local function f() return 1 + f() end return f()', /stack overflow/],
    ['catches itself', 'local function f() return pcall(f) end return select("#", f())', /^\d+$/],
    ['nests threads', 'local function f() return coroutine.wrap(f)() end return f()', /stack overflow/],
    [
      'nests callbacks',
      'local function f() return (string.gsub("a", "a", f)) end return f()',
      /stack overflow/,
    ],
    [
      'matches deeply',
      'return string.find(string.rep("a", 1e5), string.rep("a?", 1e5) .. "b")',
      /call stack/,
    ],
    ['unpacks nothing', 'return {unpack({}, 1, 1e8)}', /too many results/],
    [
      'opens brackets',
      'return (select(2, loadstring("return " .. string.rep("{", 1e5))))',
      /too many|overflow/,
    ],
    [
      'decodes deeply',
      'cjson.new().decode_max_depth(1) return cmsgpack.unpack(string.rep("\\145", 1e6))',
      /stack/,
    ],
    [
      'encodes gaps',
      'local j = cjson.new() j.encode_sparse_array(true, 0) return #j.encode({[2^30] = 1})',
      /memory/,
    ],
  ])('a script that %s leaves the node alive', async (_name, script, expected) => {
    expect(textOf(await node.client.call('EVAL', script, 0))).toMatch(expected);
    expect(await node.client.text('EVAL', 'return redis.call("incr", "alive")', 0)).toBe('1');
  });
});
