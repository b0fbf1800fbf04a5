import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  absoluteTimeMs,
  addInt64,
  INT64_MAX,
  INT64_MIN,
  parseInt32,
  parseInt64,
  parseInteger,
} from '../../../src/node/command/arguments.ts';
import { NOT_32_BIT, NOT_AN_INTEGER } from '../../../src/node/command/errors.ts';

describe('parseInt64', () => {
  it('reads every canonical number of 64 bits, exactly', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: INT64_MIN, max: INT64_MAX }), (n) => {
        const parsed = parseInt64(n.toString());
        expect(parsed).toBeDefined();
        expect(BigInt(parsed ?? 0)).toBe(n);
        expect(typeof parsed).toBe(Number.isSafeInteger(Number(n)) ? 'number' : 'bigint');
      }),
    );
  });

  it.each(['', '-', '+1', '01', '-0', '-01', ' 1', '1 ', '1.0', '1e3', '0x1', '9223372036854775808'])(
    'refuses %j',
    (text) => expect(parseInt64(text)).toBeUndefined(),
  );

  it('refuses what is no digit', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const canonical =
          /^(?:0|-?[1-9]\d{0,18})$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
        expect(parseInt64(text) !== undefined).toBe(canonical);
      }),
    );
  });

  it('reads the ends of the range', () => {
    expect(parseInt64('9223372036854775807')).toBe(INT64_MAX);
    expect(parseInt64('-9223372036854775808')).toBe(INT64_MIN);
    expect(parseInt64('-9223372036854775809')).toBeUndefined();
    expect(parseInt64('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
    expect(parseInteger('9223372036854775807')).toBe(2 ** 63);
  });
});

describe('addInt64', () => {
  it('adds exactly, or tells that the sum does not fit', () => {
    const int64 = fc.oneof(
      fc.bigInt({ min: INT64_MIN, max: INT64_MAX }),
      fc.bigInt({ min: INT64_MAX - 10n, max: INT64_MAX }),
      fc.bigInt({ min: -10n, max: 10n }),
    );
    const small = (n: bigint): number | bigint => parseInt64(n.toString()) ?? 0;
    fc.assert(
      fc.property(int64, int64, (a, b) => {
        const sum = a + b;
        const fits = sum >= INT64_MIN && sum <= INT64_MAX;
        const added = addInt64(small(a), small(b));
        expect(added === undefined ? undefined : BigInt(added)).toBe(fits ? sum : undefined);
      }),
    );
  });
});

describe('absoluteTimeMs', () => {
  it('takes seconds and milliseconds, after a base or absolute', () => {
    expect(absoluteTimeMs(10, true, 0)).toBe(10_000);
    expect(absoluteTimeMs(10, false, 5)).toBe(15);
    expect(absoluteTimeMs(-10, true, 5)).toBe(-9995);
  });

  it('tells when a step does not fit 64 bits', () => {
    expect(absoluteTimeMs(9223372036854776n, true, 0)).toBeUndefined();
    expect(absoluteTimeMs(9223372036854775n, true, 0)).toBeDefined();
    expect(absoluteTimeMs(9223372036854775n, true, 1000)).toBeUndefined();
    expect(absoluteTimeMs(INT64_MAX, false, 1)).toBeUndefined();
    expect(absoluteTimeMs(INT64_MAX, false, 0)).toBeLessThan(2 ** 63);
  });
});

describe('parseInt32', () => {
  it('has an error of its own for numbers of more than 32 bits', () => {
    expect(parseInt32('-2147483648')).toBe(-2147483648);
    expect(parseInt32('2147483648')).toBe(NOT_32_BIT);
    expect(parseInt32('x')).toBe(NOT_AN_INTEGER);
  });
});
