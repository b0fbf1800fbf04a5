import { describe, expect, it } from 'vitest';
import {
  addLongDoubles,
  formatLongDouble,
  parseLongDouble,
} from '../../../../src/node/commands/string/long-double.ts';

/** What INCRBYFLOAT of redis-server 7.0 on x86-64 answers; undefined: infinite. */
function sum(a: string, b: string): string | undefined {
  const [x, y] = [parseLongDouble(a), parseLongDouble(b)];
  if (typeof x !== 'object' || typeof y !== 'object') throw new Error(`no number: ${a}, ${b}`);
  const added = addLongDoubles(x, y);
  return added && formatLongDouble(added);
}

describe('long doubles', () => {
  it.each([
    ['0.1', '0.2', '0.3'],
    ['1', '0.00000000000000001', '1.00000000000000001'],
    ['1', '0.000000000000000001', '1'],
    ['3.0e3', '200', '3200'],
    ['10.5', '-10.5', '0'],
    ['-0', '-0', '0'],
    ['1e-18', '-2e-18', '0'],
    ['9223372036854775807', '1', '9223372036854775808'],
    ['18446744073709551615', '1', '18446744073709551616'],
    ['18446744073709551616', '1', '18446744073709551616'],
    ['0x1p4', '0x.8p1', '17'],
    ['5.', '.5', '5.5'],
    ['1e4932', '1e4932', undefined],
  ])('%s + %s = %s', (a, b, result) => {
    expect(sum(a, b)).toBe(result);
  });

  it('keep exactly what fits 64 bits, and round the rest to even', () => {
    expect(parseLongDouble('18446744073709551615')).toEqual({ mantissa: 2n ** 64n - 1n, exponent: 0 });
    expect(parseLongDouble('36893488147419103231')).toEqual({ mantissa: 2n ** 63n, exponent: 2 });
    expect(parseLongDouble('0x1.00000000000000008p0')).toEqual({ mantissa: 2n ** 63n, exponent: -63 });
  });

  it.each([
    '',
    ' 1',
    '1 ',
    'x',
    '.',
    'e5',
    '1e',
    '0x',
    '0x1p',
    'nan',
    '1,5',
    '--1',
    '1e5000',
    '1e-5000',
    '1'.repeat(5120),
  ])('refuse %j', (text) => expect(parseLongDouble(text)).toBeUndefined());

  it('know the infinite by name', () => {
    expect(['inf', '+Infinity', '-INF'].map(parseLongDouble)).toEqual(['infinity', 'infinity', '-infinity']);
  });
});
