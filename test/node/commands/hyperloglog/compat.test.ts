import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Command, itAnswersAlike, type Pair, usePair } from '../../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../../helpers/servers.ts';

const header = (encoding: number, rest: string): string =>
  `HYLL${String.fromCharCode(encoding)}\0\0\0${'\0'.repeat(7)}\x80${rest}`;

const scripts: Record<string, readonly Command[]> = {
  'PFADD, PFCOUNT and the value': [
    'PFADD a',
    'GET a',
    'PFADD a',
    'PFADD a x y z',
    'GET a',
    'PFADD a x y z',
    'PFCOUNT a',
    'GET a',
    'PFADD a w',
    'GET a',
    'OBJECT ENCODING a',
    'DUMP a',
    ['PFADD', 'a', '', '1234567', '12345678', '123456789', '\xff\x80\0\xfe'],
    'GET a',
    'PFCOUNT none',
    'PFCOUNT a none',
    'EXISTS none',
    'PFADD',
    'PFCOUNT',
  ],
  PFMERGE: [
    'PFADD a 1 2 3',
    'PFADD b 3 4 5',
    'PFMERGE c a b none',
    'GET c',
    'PFCOUNT a b',
    'PFCOUNT c',
    'GET c',
    'PFMERGE d',
    'GET d',
    'PFCOUNT d',
    'PFDEBUG TODENSE a',
    'PFMERGE c a',
    'GET c',
    'STRLEN c',
    'EXPIRE c 100',
    'PFMERGE c b',
    'TTL c',
  ],
  PFDEBUG: [
    'PFADD a 1 2 3 4 5',
    'PFDEBUG ENCODING a',
    'PFDEBUG DECODE a',
    'PFDEBUG GETREG a',
    'PFDEBUG encoding a',
    'PFDEBUG DECODE a',
    'PFDEBUG TODENSE a',
    'PFADD b 1',
    'PFDEBUG TODENSE b',
    'PFDEBUG FOO b',
    'PFDEBUG GETREG none',
    'PFDEBUG GETREG',
    'PFDEBUG ENCODING b x',
  ],
  'values that are none': [
    'SET a 12345',
    'PFADD a 1',
    'PFCOUNT a',
    'PFCOUNT a a',
    'PFMERGE b a',
    'PFDEBUG ENCODING a',
    'LPUSH l 1',
    'PFADD l 1',
    'PFCOUNT l',
    'PFMERGE b l',
    ['SET', 'c', header(0, 'short')],
    'PFADD c 1',
    ['SET', 'c', header(2, '\x7f\xff')],
    'PFCOUNT c',
    ['SET', 'c', 'HYLL\x01'],
    'PFCOUNT c',
    ['SET', 'c', header(1, '')],
    'OBJECT ENCODING c',
    'PFCOUNT c',
    'OBJECT ENCODING c',
    'PFADD c 1',
    'PFCOUNT c c',
    'PFDEBUG GETREG c',
    'PFDEBUG DECODE c',
    ['SET', 'c', `HYLL\x01\0\0\0${'\xff'.repeat(7)}\x7f`],
    'PFCOUNT c',
  ],
  'registers that no element can have set': [
    ['SET', 'a', header(0, '\xff'.repeat(12288))],
    'PFCOUNT a',
    'GET a',
    'PFCOUNT a',
    'PFCOUNT a a',
    ['SET', 'b', header(0, '\x33'.repeat(12288))],
    'PFCOUNT b',
    'PFADD b 1 2 3',
  ],
  'hll-sparse-max-bytes': [
    'CONFIG SET hll-sparse-max-bytes 40',
    'PFADD a 1 2 3 4 5 6 7 8',
    'PFDEBUG ENCODING a',
    'PFADD a 9 10 11 12 13 14 15 16',
    'PFDEBUG ENCODING a',
    'GET a',
    'CONFIG SET hll-sparse-max-bytes 3000',
  ],
  PFSELFTEST: ['PFSELFTEST', 'PFSELFTEST x'],
};

const element = fc.oneof(
  fc.integer({ min: 0, max: 5000 }).map(String),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);
const key = fc.constantFrom('a', 'b', 'c');
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(key, fc.array(element, { maxLength: 60 })).map(([k, all]) => ['PFADD', k, ...all]),
  },
  { weight: 2, arbitrary: fc.array(key, { minLength: 1, maxLength: 3 }).map((all) => ['PFCOUNT', ...all]) },
  { weight: 1, arbitrary: fc.array(key, { minLength: 1, maxLength: 3 }).map((all) => ['PFMERGE', ...all]) },
);

/** Opcodes that mostly fill the registers exactly, and often do not. */
const opcodes = fc
  .tuple(fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 30 }), fc.boolean())
  .map(([bytes, repaired]) => {
    let text = '';
    let registers = 0;
    for (const [i, byte] of bytes.entries()) {
      const size = byte >= 0x80 ? (byte & 3) + 1 : byte >= 0x40 ? ((byte & 0x3f) << 8) + i + 1 : byte + 1;
      if (repaired && registers + size > 16384) continue;
      registers += size;
      text += byte >= 0x40 && byte < 0x80 ? String.fromCharCode(byte, i) : String.fromCharCode(byte);
    }
    const left = 16384 - registers - 1;
    return repaired && left >= 0 ? text + String.fromCharCode(0x40 | (left >> 8), left & 0xff) : text;
  });

async function sameValues(pair: Pair, commands: readonly Command[]): Promise<void> {
  await pair.reset();
  await pair.same(...commands, 'GET a', 'GET b', 'GET c');
}

describe.skipIf(skipWithoutRedisServer)(`HyperLogLogs beside redis-server${redisServerNote}`, () => {
  const pair = usePair();
  itAnswersAlike(pair, scripts);

  describe('values byte for byte', () => {
    beforeEach(() => pair().reset());

    it('of a HyperLogLog that grows from sparse to dense', async () => {
      const commands: Command[] = [];
      for (let i = 0; i < 3000; i += 7) {
        const elements = Array.from({ length: 7 }, (_, n) => `element ${i + n}`);
        commands.push(['PFADD', 'a', ...elements], 'GET a', 'PFCOUNT a');
      }
      await pair().same(...commands, 'PFDEBUG ENCODING a', 'GET a', 'DUMP a');
      const encoding = await pair().run(['PFDEBUG ENCODING a']);
      expect(encoding.node).toEqual(['+dense\r\n']);
    });

    it('of many elements', async () => {
      const commands: Command[] = [];
      for (let i = 0; i < 200_000; i += 1000)
        commands.push(['PFADD', 'a', ...Array.from({ length: 1000 }, (_, n) => i + n)], 'PFCOUNT a');
      await pair().same(...commands, 'GET a');
    });

    it('after any commands', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(command, { maxLength: 40 }), (commands) => sameValues(pair(), commands)),
        { numRuns: 60 },
      );
    });

    it('of a long string that only looks like one, which is refused', async () => {
      const { node } = await pair().run([
        ['SET', 'a', header(1, '\0'.repeat(100_000))],
        'PFCOUNT a',
        'PFMERGE b a',
        'PFDEBUG DECODE a',
        'PFDEBUG TODENSE a',
      ]);
      const corrupt = '-INVALIDOBJ Corrupted HLL object detected\r\n';
      expect(node).toEqual(['+OK\r\n', corrupt, corrupt, corrupt, corrupt]);
    });

    it('after any commands on damaged opcodes', async () => {
      await fc.assert(
        fc.asyncProperty(opcodes, fc.array(command, { maxLength: 10 }), (damaged, commands) =>
          sameValues(pair(), [
            ['SET', 'a', header(1, damaged)],
            'PFDEBUG DECODE a',
            ...commands,
            'PFDEBUG TODENSE a',
          ]),
        ),
        { numRuns: 150 },
      );
    });
  });
});
