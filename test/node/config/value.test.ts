import { describe, expect, it } from 'vitest';
import { expandTitle } from '../../../src/node/config/title.ts';
import { formatMemory, parseInteger, parseMemory, quote } from '../../../src/node/config/value.ts';

describe('values of redis.conf', () => {
  it.each([
    ['0', 0n],
    ['100', 100n],
    ['1b', 1n],
    ['1k', 1000n],
    ['1KB', 1024n],
    ['2m', 2_000_000n],
    ['2mb', 2n * 1024n * 1024n],
    ['1g', 1_000_000_000n],
    ['3Gb', 3n * 1024n ** 3n],
    ['-1', undefined],
    ['1.5mb', undefined],
    ['1tb', undefined],
    ['1 mb', undefined],
    ['mb x', undefined],
  ])('the size %j is %s bytes', (text, bytes) => {
    expect(parseMemory(text)).toBe(bytes);
  });

  it.each([
    [0n, '0'],
    [1023n, '1023'],
    [1024n, '1kb'],
    [1000n, '1000'],
    [1024n ** 2n * 5n, '5mb'],
    [1024n ** 3n, '1gb'],
  ])('%s bytes are written as %s', (bytes, text) => {
    expect(formatMemory(bytes)).toBe(text);
  });

  it.each([
    ['0', 0n],
    ['-5', -5n],
    ['9223372036854775807', 9223372036854775807n],
    ['9223372036854775808', undefined],
    ['-9223372036854775808', -9223372036854775808n],
    ['01', undefined],
    ['+1', undefined],
    ['-0', undefined],
    [' 1', undefined],
    ['', undefined],
  ])('the number %j is %s', (text, value) => {
    expect(parseInteger(text)).toBe(value);
  });

  it('quotes as Redis does', () => {
    expect(quote('a "b" \\ \n\r\t\x07\b\x00\xff')).toBe('"a \\"b\\" \\\\ \\n\\r\\t\\a\\b\\x00\\xff"');
  });

  it('fills in the title of the process', () => {
    const fill = (template: string) => expandTitle(template, (variable) => (variable === 'title' ? 'T' : ''));
    expect(fill('{title} {listen-addr} {server-mode}')).toBe('T');
    expect(fill('{{{title}')).toBe('{T');
    expect(fill('{none}')).toBeUndefined();
    expect(fill('{title')).toBeUndefined();
  });
});
