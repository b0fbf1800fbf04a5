import { describe, expect, it } from 'vitest';
import { formatInteger, parseUnsigned } from '../../../src/node/script/lua/long-integers.ts';
import { type Command, itAnswersAlike, usePair } from '../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';

describe('integers of 64 bits in scripts', () => {
  it.each([
    [1700000000000, 'd', '', '', undefined, '1700000000000'],
    [-3e9, 'd', '0', '15', undefined, '-00003000000000'],
    [2 ** 40, 'x', '#', '16', undefined, '   0x10000000000'],
    [2 ** 40, 'X', '#-', '16', '12', '0X010000000000  '],
    [-1, 'u', '', '', undefined, '18446744073709551615'],
    [Number.NaN, 'd', '', '', undefined, '-9223372036854775808'],
  ] as const)('%d as %%%s', (value, conversion, flags, width, precision, text) => {
    expect(formatInteger(value, conversion, flags, width, precision)).toBe(text);
  });

  it.each([
    ['ffffffffff', 16, 0xffffffffff],
    [' -1 ', 16, 2 ** 64],
    ['zz', 36, 1295],
    ['12', 2, undefined],
  ] as const)('%j in base %d', (text, base, value) => {
    expect(parseUnsigned(text, base)).toBe(value);
  });

  it('reads a million digits at once', () => {
    expect(parseUnsigned('1'.repeat(1_000_000), 7)).toBe(2 ** 64);
  });
});

const numbers = [
  '1700000000000',
  '-3000000000',
  '2^31',
  '-2^31',
  '2^53',
  '-1',
  '0',
  '2^63',
  '-2^63',
  '2^64',
  '0/0',
  '1e300',
  '4294967295.9',
];
const formats = [
  '%d',
  '%i',
  '%5.3d',
  '%-20d|',
  '%020d',
  '%+d',
  '% d',
  '%u',
  '%x',
  '%#x',
  '%X',
  '%o',
  '%#o',
  '%.0d',
  '%20.16x',
];

describe.skipIf(skipWithoutRedisServer)(`integers of scripts as on redis-server${redisServerNote}`, () => {
  const pair = usePair();
  const evals = (...scripts: string[]): Command[] => scripts.map((script) => ['EVAL', script, 0]);

  itAnswersAlike(pair, {
    'string.format': evals(
      ...formats.map((format) => `return {${numbers.map((n) => `string.format('${format}', ${n})`).join()}}`),
      "return string.format('%s %d%% %5s %d', 'a', 2^40, 'b', -2^40)",
      "return string.format('%d %d', 2^40)",
      "return string.format('%d', 'x')",
      "return string.format('%d', '1700000000000')",
      "return string.format('%d %y', 2^40, 1)",
      "return string.format('%123d', 2^40)",
      "return string.format('%+++++++d', 2^40)",
      "return ('%d'):format(2^40)",
      'return string.format()',
      'return string.format({})',
    ),
    'tonumber with a base': evals(
      ...[
        'ffffffffff',
        '-ff',
        '0xffffffffffff',
        ' 7f ',
        '',
        ' ',
        '7g',
        'ffffffffffffffffffff',
        '1\\0',
        '+a',
        '- a',
        '0x',
      ].map(
        (text) =>
          `return {tostring(tonumber('${text}', 16)), tostring(tonumber('${text}', 36)), tostring(tonumber('${text}', 2))}`,
      ),
      'return tostring(tonumber(255, 16))',
      "return tonumber('z', 37)",
      "return tonumber('z', 1)",
      "return tostring(tonumber('12', nil))",
      "return tostring(tonumber('12', '8'))",
      'return tonumber({}, 16)',
      "return tonumber('1', {})",
      'return tonumber()',
    ),
  });
});
