import fc from 'fast-check';
import RedisParser from 'redis-parser';
import { describe, expect, it } from 'vitest';
import { encodeCommands, nameOf, ReplyError, refusal } from '../../src/client/command.ts';

function decode(bytes: Buffer): Buffer[][] {
  const requests: Buffer[][] = [];
  const parser = new RedisParser({
    returnBuffers: true,
    returnReply: (request: Buffer[]) => requests.push(request),
    returnError: (error: Error) => {
      throw error;
    },
  });
  parser.execute(bytes);
  return requests;
}

describe('commands', () => {
  it('are written as bytes: strings as UTF-8, Buffers as they are, numbers in digits', () => {
    const arg = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.integer(),
    );
    const command = fc.array(arg, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 5 }), (commands) => {
        const expected = commands.map((words) =>
          words.map((word) => (Buffer.isBuffer(word) ? word : Buffer.from(String(word)))),
        );
        expect(decode(encodeCommands(commands))).toEqual(expected);
      }),
    );
  });

  it('are named without their arguments', () => {
    expect(nameOf(['auth', 'hunter2'])).toBe('AUTH');
    expect(nameOf(['cluster', 'nodes'])).toBe('CLUSTER NODES');
    expect(nameOf(['SET', 'a', 'hunter2'])).toBe('SET');
  });

  it.each([
    ['NOAUTH Authentication required.', 'auth'],
    ['WRONGPASS invalid username-password pair', 'auth'],
    ['NOPERM this user has no permissions', 'auth'],
    ['ERR something else', 'failed'],
  ])('are refused with %s as %s', (message, code) => {
    const error = refusal({ host: 'h', port: 1 }, ['GET', 'x'], new ReplyError(message));
    expect(error.code).toBe(code);
    expect(error.message).toBe(`h:1 refused GET: ${message}`);
  });
});
