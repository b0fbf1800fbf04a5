import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteString, textOf } from '../../../../src/node/types/string/byte-string.ts';

describe('ByteString', () => {
  it('changes as a plain string would', () => {
    const change = fc.record({
      at: fc.nat({ max: 3000 }),
      text: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      growTo: fc.nat({ max: 4000 }),
    });
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary-ascii' }),
        fc.array(change, { maxLength: 20 }),
        (start, changes) => {
          const bytes = ByteString.fromLatin1(start);
          let model = start;
          for (const { at, text, growTo } of changes) {
            bytes.writeAt(at, text);
            model = model.slice(0, at).padEnd(at, '\0') + text + model.slice(at + text.length);
            bytes.growTo(growTo);
            model = model.padEnd(growTo, '\0');
            expect(bytes.length).toBe(model.length);
          }
          expect(textOf(bytes)).toBe(model);
          expect(bytes.slice(3, 50)).toBe(model.slice(3, 50));
          expect(bytes.bytes.toString('latin1')).toBe(model);
        },
      ),
    );
  });

  it('is copied so that neither changes the other', () => {
    const one = ByteString.fromLatin1('abc');
    const other = one.copy();
    one.writeAt(0, 'X');
    other.writeAt(5, 'Y');
    expect([textOf(one), textOf(other)]).toEqual(['Xbc', 'abc\0\0Y']);
  });

  it('does not grow its room with each byte', () => {
    const bytes = ByteString.fromLatin1('');
    const rooms = new Set<ArrayBufferLike>();
    for (let i = 0; i < 100_000; i++) {
      bytes.writeAt(i, 'x');
      rooms.add(bytes.bytes.buffer);
    }
    expect(rooms.size).toBeLessThan(30);
  });
});
