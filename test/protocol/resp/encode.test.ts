import RedisParser from 'redis-parser';
import { describe, expect, it } from 'vitest';
import * as encode from '../../../src/protocol/resp/encode.ts';

function decode(text: string): unknown[] {
  const replies: unknown[] = [];
  const parser = new RedisParser({
    returnReply: (reply) => replies.push(reply),
    returnError: (error) => replies.push(error),
  });
  parser.execute(Buffer.from(text, 'latin1'));
  return replies;
}

describe('RESP encoding', () => {
  it('is read by a RESP2 parser as it was meant', () => {
    const text = [
      encode.OK,
      encode.integer(-7),
      encode.integer(1),
      encode.bulk('a\r\nb'),
      encode.nullBulk(2),
      encode.nullArray(2),
      encode.array([encode.integer(0), encode.bulkArray(['x', ''])]),
      encode.map([encode.bulk('k'), encode.bulk('v')], 2),
      encode.boolean(true, 2),
      encode.verbatim('text', 2),
    ].join('');
    expect(decode(text)).toEqual(['OK', -7, 1, 'a\r\nb', null, null, [0, ['x', '']], ['k', 'v'], 1, 'text']);
  });

  it('keeps an error on one line', () => {
    expect(encode.error('ERR no such\r\nthing')).toBe('-ERR no such  thing\r\n');
    expect(encode.isError(encode.error('ERR x'))).toBe(true);
    expect(encode.isError(encode.OK)).toBe(false);
  });

  it('uses the types of RESP3', () => {
    expect(encode.nullBulk(3)).toBe('_\r\n');
    expect(encode.nullArray(3)).toBe('_\r\n');
    expect(encode.map([encode.bulk('k'), encode.ONE], 3)).toBe('%1\r\n$1\r\nk\r\n:1\r\n');
    expect(encode.set([encode.ONE], 3)).toBe('~1\r\n:1\r\n');
    expect(encode.push([encode.ONE], 3)).toBe('>1\r\n:1\r\n');
    expect(encode.boolean(false, 3)).toBe('#f\r\n');
    expect(encode.verbatim('hi', 3)).toBe('=6\r\ntxt:hi\r\n');
  });
});
