import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quote } from '../../../src/node/config/value.ts';
import { splitArgs } from '../../../src/protocol/resp/split-args.ts';

describe('splitArgs', () => {
  it.each([
    ['', []],
    ['   \t ', []],
    ['a b  c', ['a', 'b', 'c']],
    ['  a\tb\r\nc ', ['a', 'b', 'c']],
    ['"a b" c', ['a b', 'c']],
    ["'a b' c", ['a b', 'c']],
    ['""', ['']],
    ["'' ''", ['', '']],
    ['"\\n\\r\\t\\b\\a\\"\\\\\\q"', ['\n\r\t\b\x07"\\q']],
    ['"\\x41\\xff\\xZZ\\x4"', ['A\xffxZZx4']],
    ["'it\\'s' 'a\\nb'", ["it's", 'a\\nb']],
    ['pre"fix"', ['prefix']],
    ['a\\n', ['a\\n']],
    ['a\x0bb', ['a\x0bb']],
    ['a\0 b', ['a']],
  ])('%j', (line, args) => {
    expect(splitArgs(line)).toEqual(args);
  });

  it.each(['"a', "'a", '"a"b', "'a'b", 'a"', '"\\"', "'a\\'"])('%j is not balanced', (line) => {
    expect(splitArgs(line)).toBeUndefined();
  });

  it('reads back what quote wrote, whatever the bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array).toString('latin1'));
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 5 }), (args) => {
        expect(splitArgs(args.map(quote).join(' '))).toEqual(args);
      }),
    );
  });
});
