import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDouble, formatScore, parseDouble } from '../../../src/protocol/text/double.ts';

describe('numbers as C prints them', () => {
  it.each([
    [0, '0'],
    [-0, '-0'],
    [1.5, '1.5'],
    [0.1, '0.10000000000000001'],
    [1e16, '10000000000000000'],
    [1e17, '1e+17'],
    [2 ** 53 + 2, '9007199254740994'],
    [72057594037927936, '72057594037927936'],
    [123456789012345680, '1.2345678901234568e+17'],
    [0.0001, '0.0001'],
    [0.00001, '1.0000000000000001e-05'],
    [5e-324, '4.9406564584124654e-324'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
    [4938271560493825 / 4, '1234567890123456.2'],
    [4938271560493827 / 4, '1234567890123456.8'],
    [-4938271560493829 / 4, '-1234567890123457.2'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
    [Number.NaN, 'nan'],
  ])('%d is %s', (value, text) => {
    expect(formatDouble(value)).toBe(text);
  });

  it('are as printf has them, whatever they are', () => {
    const halves = fc.bigInt({ min: 2n ** 49n, max: 2n ** 53n }).map((n) => Number(n) / 8);
    const short = fc.tuple(fc.integer(), fc.integer({ min: 0, max: 63 })).map(([n, part]) => n + part / 64);
    const values = fc.sample(fc.oneof(fc.double({ noNaN: true }), fc.float({ noNaN: true }), halves, short), {
      numRuns: 2000,
      seed: 20_240_817,
    });
    const finite = values.filter(Number.isFinite);
    // Told in full, so that what reads them cannot round otherwise.
    const exact = finite.map((value) =>
      value === 0 && Object.is(value, -0) ? '-0' : value.toExponential(60),
    );
    const printed = execFileSync('awk', ['{ printf "%.17g\\n", $1 }'], { input: exact.join('\n') });
    expect(finite.map(formatDouble)).toEqual(printed.toString().trimEnd().split('\n'));
  });

  it('come back as they went', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        expect(parseDouble(formatDouble(value))).toBe(value);
        expect(parseDouble(formatScore(value))).toBe(value);
      }),
    );
  });

  it('are whole scores with all digits, as far as Redis has them', () => {
    expect([1e17, 2 ** 62, 2 ** 63, -(2 ** 62), 3.5, -0, Infinity].map(formatScore)).toEqual([
      '100000000000000000',
      '4611686018427387904',
      '9.2233720368547758e+18',
      '-4611686018427387904',
      '3.5',
      '-0',
      'inf',
    ]);
  });

  it.each(['', ' 1', '1 ', 'nan', 'x', '1e', '.', '--1', '0x10', '1,5'])('%j is no number', (text) => {
    expect(parseDouble(text)).toBeUndefined();
  });
});
