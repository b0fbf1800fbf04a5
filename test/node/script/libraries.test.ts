import fc from 'fast-check';
import { describe, it } from 'vitest';
import { type Command, itAnswersAlike, usePair } from '../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';

const SEED = 20260;
const evals = (...scripts: string[]): Command[] => scripts.map((script) => ['EVAL', script, 0]);

/** A text of Lua for a text of bytes. */
const quoted = (text: string): string =>
  `"${[...text].map((char) => `\\${String(char.charCodeAt(0)).padStart(3, '0')}`).join('')}"`;

const bytes = fc
  .uint8Array({ maxLength: 40 })
  .map((array) => [...array].map((byte) => String.fromCharCode(byte)).join(''));

/** Values of Lua as texts of Lua. Tables have keys whose order is the same for all implementations: one, or a sequence. */
const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('nil', 'true', 'false', '0', '-1', '2^31', '-2^31', '2^53', '1e100', '0.1', '-0.5'),
    fc.integer().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    bytes.map(quoted),
    fc.array(tie('value'), { maxLength: 6 }).map((items) => `{${items.join(',')}}`),
    fc.tuple(bytes, tie('value')).map(([key, item]) => `{[${quoted(key)}]=${item}}`),
  ),
}));

describe.skipIf(skipWithoutRedisServer)(`libraries of scripts as on redis-server${redisServerNote}`, () => {
  const pair = usePair();

  itAnswersAlike(pair, {
    'cjson encodes': evals(
      'return cjson.encode({1, 2, {a = 1}})',
      'return cjson.encode({})',
      'return cjson.encode("\\0\\1\\31\\127\\128/\\\\\\"\\b\\f\\n\\r\\t")',
      'return cjson.encode(1e15) .. cjson.encode(0.1) .. cjson.encode(2^53) .. cjson.encode(-0.5e-10)',
      'return cjson.encode({[1] = 1, [100] = 2})',
      'return cjson.encode({[1] = 1, [3] = 2})',
      'return cjson.encode({[1.5] = 1})',
      'return cjson.encode({[true] = 1})',
      'return cjson.encode(cjson.null)',
      'return cjson.encode(nil)',
      'return cjson.encode(function() end)',
      'return cjson.encode(1/0)',
      'return cjson.encode()',
      'return cjson.encode(1, 2)',
      'local t = {} t[1] = t return cjson.encode(t)',
      'local j = cjson.new() j.encode_max_depth(2) return j.encode({{{1}}})',
      'local j = cjson.new() j.encode_sparse_array(true) return j.encode({[1] = 1, [100] = 2})',
      'local j = cjson.new() j.encode_number_precision(3) return j.encode(3.14159)',
      'local j = cjson.new() j.encode_invalid_numbers("null") return j.encode({1/0})',
      'local j = cjson.new() j.encode_invalid_numbers(true) return j.encode({1/0, -1/0})',
      'local j = cjson.new() return {j.encode_sparse_array()}',
      'return cjson.new().encode_max_depth("x")',
      'return cjson.new().encode_max_depth(0)',
      'return cjson.new().encode_invalid_numbers("nosuch")',
      'return cjson.new().decode_invalid_numbers()',
      'return cjson.new().encode_keep_buffer(false)',
      'return cjson.new().encode_number_precision(15)',
      'return cjson.new().encode_max_depth(1, 2)',
    ),
    'cjson decodes': evals(
      'return cjson.decode("[1, 2.5e3, -0, \\"a\\", true, false, null, {\\"k\\": []}]")',
      'return cjson.decode("\\"\\\\u00e4\\\\ud834\\\\udd1e\\\\n\\\\/\\"")',
      'return cjson.decode("\\"\\\\ud834\\"")',
      'return cjson.decode("\\"\\\\x\\"")',
      'return cjson.decode("\\"open")',
      'return cjson.decode("[1")',
      'return cjson.decode("[1,]")',
      'return cjson.decode("{\\"a\\" 1}")',
      'return cjson.decode("{1:2}")',
      'return cjson.decode("{\\"a\\":1,}")',
      'return cjson.decode("1 2")',
      'return cjson.decode("nul")',
      'return cjson.decode("")',
      'return cjson.decode("[0x10, 1e5, +1]")',
      'return tostring(cjson.decode("inf")) .. tostring(cjson.decode("-Infinity")) .. tostring(cjson.decode("0x1p4"))',
      'local j = cjson.new() j.decode_invalid_numbers(false) return j.decode("[0x10]")',
      'return cjson.decode("1\\0garbage")',
      'return cjson.decode("\\0")',
      'return cjson.decode("a\\0")',
      'return cjson.decode(string.rep("[", 1001))',
      'local j = cjson.new() j.decode_max_depth(2) return j.decode("[[[1]]]")',
      'return cjson.decode()',
      'return cjson.decode({})',
      'return type(cjson.decode("null"))',
    ),
    cmsgpack: evals(
      'return cmsgpack.pack(1, -1, 128, -33, 65536, -32769, 2^32, -2^31 - 1, 2^53, 0.5, 0.1)',
      'return cmsgpack.pack({1, 2, {a = true}}, nil, false, "text")',
      'return cmsgpack.pack(string.rep("x", 31), string.rep("x", 32), string.rep("x", 256), string.rep("x", 65536))',
      'local t = {} for i = 1, 20 do t = {t} end return cmsgpack.pack(t)',
      'return cmsgpack.pack()',
      'return {cmsgpack.unpack(cmsgpack.pack(1, "a", {x = {1, 2}}))}',
      'return {cmsgpack.unpack_one(cmsgpack.pack(1, 2, 3))}',
      'return {cmsgpack.unpack_one(cmsgpack.pack(1, 2, 3), 2)}',
      'return {cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 2)}',
      'return {cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), -1)}',
      'return {cmsgpack.unpack_one("a", 5)}',
      'return cmsgpack.unpack("\\146\\1")',
      'return cmsgpack.unpack("\\193")',
      'return cmsgpack.unpack("\\219\\255\\255\\255\\255")',
      'return cmsgpack.unpack("\\129\\192\\1")',
      'return {cmsgpack.unpack("\\207\\255\\255\\255\\255\\255\\255\\255\\255")}',
      'return cmsgpack.unpack()',
    ),
    struct: evals(
      'return struct.pack("<bBhHiIlLT", -1, 255, -2, 65535, -3, 4294967295, -4, 5, 6)',
      'return struct.pack(">I3!4i4xs", 66051, 7, "text")',
      'return struct.pack("<fd", 0.1, 0.1)',
      'return struct.pack("c0c3s", "abc", "abcdef", "z")',
      'return struct.pack("c5", "abc")',
      'return struct.pack("i33", 1)',
      'return struct.pack("Z", 1)',
      'return struct.pack("!3", 1)',
      'return struct.pack("i99999999999", 1)',
      'return struct.pack("i")',
      'return {struct.unpack("<bBhH", "\\255\\255\\254\\255\\1\\2")}',
      'return {struct.unpack(">i4I4", "\\255\\255\\255\\255\\255\\255\\255\\255")}',
      'return {struct.unpack("Bc0", "\\3abcdef")}',
      'return {struct.unpack("s", "abc")}',
      'return {struct.unpack("sB", "abc\\0\\7")}',
      'return {struct.unpack("c0", "abc")}',
      'return {struct.unpack("i4", "abc")}',
      'return {struct.unpack("i4", "abcd", 0)}',
      'return {struct.unpack("B", "abcd", 4)}',
      'return {struct.unpack("B", "abcd", 5)}',
      'return {struct.size("!8bd"), struct.size("i7c10"), struct.size("")}',
      'return struct.size("s")',
      'return struct.size("c0")',
    ),
    bit: evals(
      'return {bit.tobit(2^31), bit.tobit(2^32 + 5), bit.tobit(-1), bit.tobit(1.5), bit.tobit(2.5), bit.tobit("7")}',
      'return {bit.bnot(0), bit.band(255, 15, 6), bit.bor(1, 2, 4), bit.bxor(5, 1)}',
      'return {bit.lshift(1, 31), bit.rshift(-1, 28), bit.arshift(-256, 4), bit.rol(1, 33), bit.ror(1, 1)}',
      'return {bit.bswap(1), bit.tohex(255), bit.tohex(255, 4), bit.tohex(255, -4), bit.tohex(-1, 99)}',
      'return bit.band("x")',
      'return bit.band()',
      'return bit.tohex()',
    ),
  });

  it('whatever is packed has the same bytes, and comes back the same', async () => {
    await pair().reset();
    await fc.assert(
      fc.asyncProperty(value, async (text) => {
        await pair().same(
          ['EVAL', `return cmsgpack.pack(${text})`, 0],
          ['EVAL', `return {pcall(cjson.encode, ${text})}`, 0],
          ['EVAL', `return {cmsgpack.unpack(cmsgpack.pack(${text}))}`, 0],
          ['EVAL', `return {pcall(function() return cjson.decode(cjson.encode(${text})) end)}`, 0],
        );
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  it('whatever is unpacked is read alike', async () => {
    await pair().reset();
    await fc.assert(
      fc.asyncProperty(bytes, async (text) => {
        await pair().same(
          ['EVAL', 'return {pcall(cmsgpack.unpack, ARGV[1])}', 0, text],
          ['EVAL', 'return {pcall(cjson.decode, ARGV[1])}', 0, text],
          ['EVAL', 'return {pcall(struct.unpack, "<I2>i4sB", ARGV[1])}', 0, text],
        );
      }),
      { seed: SEED, numRuns: 150 },
    );
  });
});
