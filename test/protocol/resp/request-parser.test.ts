import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { request } from '../../../src/protocol/resp/encode.ts';
import { RequestParser } from '../../../src/protocol/resp/request-parser.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** All requests in `input`, fed in pieces that end at `cuts`. */
function parse(
  input: Buffer,
  cuts: readonly number[] = [],
  setUp: (parser: RequestParser) => void = () => {},
) {
  const parser = new RequestParser();
  setUp(parser);
  const requests: string[][] = [];
  let start = 0;
  for (const end of [...cuts, input.length]) {
    // A piece of its own, wiped afterwards: the parser must not rely on memory that is not its own.
    const piece = Buffer.from(input.subarray(start, end));
    start = end;
    parser.feed(piece);
    for (let next = parser.next(); next !== undefined; next = parser.next()) requests.push(next);
    parser.keep();
    piece.fill(0x2a);
  }
  return { requests, parser };
}

const everyByte = (input: Buffer): number[] =>
  Array.from({ length: Math.max(0, input.length - 1) }, (_, i) => i + 1);

const arg = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array).toString('latin1'));
const args = fc.array(arg, { minLength: 1, maxLength: 6 });

describe('RequestParser', () => {
  it.each([
    ['*1\r\n$4\r\nPING\r\n', [['PING']]],
    ['*2\r\n$3\r\nGET\r\n$0\r\n\r\n', [['GET', '']]],
    ['PING\r\n', [['PING']]],
    ['PING\n', [['PING']]],
    ['\r\n\r\nPING\r\n', [['PING']]],
    ['SET a "b c"\r\n', [['SET', 'a', 'b c']]],
    ['*0\r\nPING\r\n', [['PING']]],
    ['*-1\r\nPING\r\n', [['PING']]],
    ['*-10\r\n*1\r\n$1\r\na\r\n', [['a']]],
    // What stands in place of the line break behind an argument is not looked at, nor the second half of one behind a count.
    ['*1\r\n$1\r\naXYPING\r\n', [['a'], ['PING']]],
    ['*1\rX$1\rYa\r\n', [['a']]],
  ])('reads %j', (text, requests) => {
    expect(parse(bytes(text)).requests).toEqual(requests);
    expect(parse(bytes(text), everyByte(bytes(text))).requests).toEqual(requests);
  });

  it('reads what request() wrote, in whatever pieces', () => {
    fc.assert(
      fc.property(fc.array(args, { maxLength: 5 }), fc.infiniteStream(fc.nat()), (requests, numbers) => {
        const input = bytes(requests.map(request).join(''));
        const cuts: number[] = [];
        for (const number of numbers) {
          const next = (cuts.at(-1) ?? 0) + 1 + (number % 50);
          if (next >= input.length) break;
          cuts.push(next);
        }
        const { requests: read, parser } = parse(input, cuts);
        expect(read).toEqual(requests);
        expect(parser.consumedBytes).toBe(input.length);
        expect(parser.pendingBytes).toBe(0);
      }),
    );
  });

  it('reads byte by byte', () => {
    fc.assert(
      fc.property(fc.array(args, { maxLength: 3 }), (requests) => {
        const input = bytes(requests.map(request).join(''));
        expect(parse(input, everyByte(input)).requests).toEqual(requests);
      }),
      { numRuns: 30 },
    );
  });

  it('counts only whole requests as consumed', () => {
    const parser = new RequestParser();
    parser.feed(bytes('\r\n*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$3\r\nab'));
    expect(parser.next()).toEqual(['PING']);
    expect(parser.consumedBytes).toBe(16);
    expect(parser.next()).toBeUndefined();
    expect(parser.consumedBytes).toBe(16);
    parser.feed(bytes('c\r\n'));
    expect(parser.next()).toEqual(['ECHO', 'abc']);
    expect(parser.consumedBytes).toBe(16 + 4 + 10 + 9);
  });

  it('reads a large argument in many pieces', () => {
    const value = 'x'.repeat(3_000_000);
    const input = bytes(request(['SET', 'key', value]));
    const cuts = Array.from({ length: Math.floor(input.length / 1000) }, (_, i) => (i + 1) * 1000 - 1);
    expect(parse(input, cuts).requests).toEqual([['SET', 'key', value]]);
  });

  it.each([
    ['*x\r\n', 'invalid multibulk length', 'invalid mbulk count'],
    ['*2147483648\r\n', 'invalid multibulk length', 'invalid mbulk count'],
    ['*01\r\n', 'invalid multibulk length', 'invalid mbulk count'],
    ['*1\r\n$x\r\n', 'invalid bulk length', 'invalid bulk length'],
    ['*1\r\n$-1\r\n', 'invalid bulk length', 'invalid bulk length'],
    ['*1\r\n$536870913\r\n', 'invalid bulk length', 'invalid bulk length'],
    ['*1\r\n$99999999999999999999\r\n', 'invalid bulk length', 'invalid bulk length'],
    ['*2\r\n$1\r\na\r\n:1\r\n', "expected '$', got ':'", 'expected $ but got something else'],
    ['SET "a\r\n', 'unbalanced quotes in request', 'unbalanced quotes in inline request'],
    [`*${'1'.repeat(70000)}`, 'too big mbulk count string', 'too big mbulk count string'],
    [`*1\r\n$${'1'.repeat(70000)}`, 'too big bulk count string', 'too big bulk count string'],
    ['x'.repeat(70000), 'too big inline request', 'too big inline request'],
    [`\0${'x'.repeat(60000)}\n${'x'.repeat(10000)}`, 'too big inline request', 'too big inline request'],
  ])('refuses %.20j', (text, error, reason) => {
    const { requests, parser } = parse(bytes(`PING\r\n${text}`));
    expect(requests).toEqual([['PING']]);
    expect(parser.error).toBe(`Protocol error: ${error}`);
    expect(parser.errorReason).toBe(reason);
    parser.feed(bytes('PING\r\n'));
    expect(parser.next()).toBeUndefined();
  });

  it('holds an unauthenticated client to small requests', () => {
    const locked = (parser: RequestParser): void => {
      parser.authRequired = true;
    };
    const small = request(['AUTH', 'x'.repeat(16384)]);
    expect(parse(bytes(small), [], locked).requests).toHaveLength(1);
    expect(parse(bytes('*11\r\n'), [], locked).parser.error).toBe(
      'Protocol error: unauthenticated multibulk length',
    );
    expect(parse(bytes('*1\r\n$16385\r\n'), [], locked).parser.error).toBe(
      'Protocol error: unauthenticated bulk length',
    );
  });

  it('takes only empty lines and lists from a master', () => {
    const master = (parser: RequestParser): void => {
      parser.fromMaster = true;
      parser.maxBulkBytes = Number.POSITIVE_INFINITY;
    };
    const { requests, parser } = parse(bytes('\n\r\n*1\r\n$4\r\nPING\r\n'), [], master);
    expect(requests).toEqual([['PING']]);
    expect(parser.consumedBytes).toBe(17);
    expect(parse(bytes('PING\r\n'), [], master).parser.error).toContain('Protocol error');
  });

  it('takes requests and notes from a file, and nothing else', () => {
    const file = (parser: RequestParser): void => {
      parser.fromFile = true;
    };
    const text = '#TS:1628217470\r\n*1\r\n$4\r\nPING\r\n#\n*1\r\n$1\r\na\r\n#TS:1\r\n';
    for (const cuts of [[], everyByte(bytes(text))]) {
      const { requests, parser } = parse(bytes(text), cuts, file);
      expect(requests).toEqual([['PING'], ['a']]);
      expect([parser.pendingBytes, parser.consumedBytes]).toEqual([0, text.length]);
    }
    for (const wrong of ['PING\r\n', 'x', '\r\n', '\0', '*0\r\n', '*-1\r\n'])
      expect(parse(bytes(`*1\r\n$1\r\na\r\n${wrong}`), [], file).parser.error, wrong).toBeDefined();
    for (const cutOff of ['*', '*1', '*1\r', '*1\r\n$1\r\na', '#TS:1'])
      expect(parse(bytes(cutOff), [], file).parser, cutOff).toMatchObject({
        error: undefined,
        consumedBytes: 0,
      });
  });

  it('gives back what no request used', () => {
    const { parser } = parse(bytes('PING\r\n*1\r\n$10\r\nabc'));
    expect(parser.pendingSample(2)).toBe('ab');
    expect(parser.takePending().toString()).toBe('abc');
    expect(parser.pendingBytes).toBe(0);
  });

  it('survives anything: flipped and cut bytes give requests or one error', () => {
    const damage = fc.record({ at: fc.nat(), value: fc.nat(255), cut: fc.nat(), cuts: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(args, { minLength: 1, maxLength: 4 }),
        damage,
        (requests, { at, value, cut, cuts }) => {
          const input = bytes(requests.map(request).join(''));
          input[at % input.length] = value;
          const damaged = input.subarray(0, (cut % input.length) + 1);
          const whole = parse(damaged);
          const pieces = parse(damaged, cuts ? everyByte(damaged) : []);
          expect(pieces.requests).toEqual(whole.requests);
          expect(pieces.parser.error).toBe(whole.parser.error);
          for (const one of whole.requests) expect(one.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('survives random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (array) => {
        const input = Buffer.from(array);
        const whole = parse(input);
        const pieces = parse(input, everyByte(input));
        expect(pieces.requests).toEqual(whole.requests);
        expect(pieces.parser.error).toBe(whole.parser.error);
      }),
      { numRuns: 500 },
    );
  });
});
