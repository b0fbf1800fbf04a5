import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globMatches } from '../../../src/node/keyspace/glob.ts';

const cases: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
  ['*', 'anything', true],
  ['*', '', false],
  ['', '', true],
  ['', 'a', false],
  ['a*', 'a', true],
  ['a**', 'a', true],
  ['*a', 'bca', true],
  ['*a*b*', 'xxaxxbxx', true],
  ['*a*b*', 'xxbxxaxx', false],
  ['h?llo', 'hello', true],
  ['h?llo', 'hllo', false],
  ['h[ae]llo', 'hallo', true],
  ['h[^e]llo', 'hello', false],
  ['h[^e]llo', 'hallo', true],
  ['h[a-c]llo', 'hbllo', true],
  ['h[c-a]llo', 'hbllo', true],
  ['h[a-]llo', 'hllo', false],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['a\\', 'a\\', true],
  ['[\\]]', ']', true],
  ['[\\-x]', '-', true],
  ['[abc', 'b', true],
  ['[', 'x', false],
  ['[^', 'x', true],
  ['[]', 'x', false],
  ['[^]', 'x', true],
  ['[\xe0-\xef]', '\xe5', true],
  ['[\x7f-\x80]', 'q', true],
  ['\x00*\xff', '\x00a\xff', true],
  ['a*a*a*a*a*a*b', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', false],
];

describe('globMatches', () => {
  it.each(cases)('%j on %j: %s', (pattern, text, matches) => {
    expect(globMatches(pattern, text)).toBe(matches);
  });

  it('can ignore the case of ASCII letters', () => {
    expect(globMatches('MAX*[A-C]', 'maxmemory-b', true)).toBe(true);
    expect(globMatches('MAX*', 'maxmemory')).toBe(false);
    expect(globMatches('\xc0', '\xe0', true)).toBe(false);
  });

  it('agrees with a regular expression', () => {
    const pattern = fc.array(fc.constantFrom('*', '?', 'a', 'b', '[ab]', '[^a]', '\\*', '\\?'), {
      maxLength: 8,
    });
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '*', '?'), minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(pattern, text, (parts, subject) => {
        const regex = parts.map((part) => (part === '*' ? '.*' : part === '?' ? '.' : part)).join('');
        expect(globMatches(parts.join(''), subject)).toBe(new RegExp(`^${regex}$`, 's').test(subject));
      }),
      { numRuns: 500 },
    );
  });

  it('needs no more than pattern times text steps', () => {
    const text = 'a'.repeat(3000);
    expect(globMatches(`${'*a'.repeat(1000)}*b`, text)).toBe(false);
  });
});
