import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backlog } from '../../../src/node/replication/backlog.ts';
import { request } from '../../../src/protocol/resp/encode.ts';

const textFrom = (backlog: Backlog, offset: number): string =>
  Buffer.concat(backlog.from(offset)).toString('latin1');

describe('the backlog', () => {
  it('gives the stream from any offset that it keeps', () => {
    const pieces = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 40_000 }), fc.boolean(), fc.option(fc.nat(100_000))),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(pieces, fc.nat(2 ** 45), fc.integer({ min: 1, max: 200_000 }), (steps, start, capacity) => {
        const backlog = new Backlog(start, capacity);
        let stream = '';
        let pinned = Number.POSITIVE_INFINITY;
        for (const [length, asBytes, pin] of steps) {
          if (pin !== null) {
            pinned = Math.max(backlog.firstOffset, start + pin);
            backlog.pin(pinned);
          }
          const text = String.fromCharCode(stream.length % 256).repeat(length);
          backlog.append(asBytes ? Buffer.from(text, 'latin1') : text);
          stream += text;
          const { firstOffset, endOffset } = backlog;
          expect(endOffset).toBe(start + stream.length);
          expect(backlog.length).toBe(endOffset + 1 - firstOffset);
          expect(backlog.length).toBeGreaterThanOrEqual(Math.min(stream.length, capacity));
          expect(firstOffset).toBeLessThanOrEqual(Math.max(pinned, start + 1));
          for (const offset of [
            firstOffset,
            endOffset,
            endOffset + 1,
            Math.floor((firstOffset + endOffset) / 2),
          ]) {
            if (!backlog.reaches(offset)) continue;
            expect(textFrom(backlog, offset) === stream.slice(offset - start - 1)).toBe(true);
          }
          expect(backlog.reaches(firstOffset - 1)).toBe(false);
          expect(backlog.reaches(endOffset + 2)).toBe(false);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('drops what is older than its capacity, unless it is pinned', () => {
    const backlog = new Backlog(0, 32 * 1024);
    for (let i = 0; i < 100; i++) backlog.append('x'.repeat(10_000));
    expect(backlog.length).toBeLessThan(32 * 1024 + 2 * 16 * 1024);
    const first = backlog.firstOffset;
    backlog.pin(first);
    for (let i = 0; i < 100; i++) backlog.append('y'.repeat(10_000));
    expect(backlog.firstOffset).toBeLessThanOrEqual(first);
    backlog.pin(Number.POSITIVE_INFINITY);
    expect(backlog.length).toBeLessThan(32 * 1024 + 2 * 16 * 1024);
    backlog.resize(1);
    expect(backlog.length).toBeLessThanOrEqual(16 * 1024);
  });

  it('holds commands as requests', () => {
    const word = fc.oneof(
      fc.string({ maxLength: 20, unit: 'binary-ascii' }),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      fc.constantFrom('', 'x'.repeat(9), 'x'.repeat(10), 'x'.repeat(99), 'x'.repeat(100), 'x'.repeat(20_000)),
    );
    const commands = fc.array(fc.array(word, { minLength: 1, maxLength: 130 }), { maxLength: 30 });
    fc.assert(
      fc.property(commands, (all) => {
        const backlog = new Backlog(0, 100 << 20);
        for (const argv of all) backlog.appendRequest(argv);
        expect(textFrom(backlog, 1)).toBe(all.map(request).join(''));
        expect(backlog.endOffset).toBe(all.map(request).join('').length);
      }),
      { numRuns: 50 },
    );
  });

  it('gives views that later bytes do not change', () => {
    const backlog = new Backlog(10, 1024);
    backlog.append('before');
    const [view] = backlog.from(11);
    backlog.append('after');
    expect(Buffer.from(view ?? []).toString()).toBe('before');
  });
});
