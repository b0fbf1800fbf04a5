import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WriteError, writingFile } from '../../../src/node/persistence/write-file.ts';

describe('a file that takes the place of another', () => {
  let dir = '';
  const temp = (): string => join(dir, 'temp-1.rdb');
  const target = (): string => join(dir, 'dump.rdb');
  const pieces = [Buffer.from('new '), Buffer.from('content')];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'trib-write-'));
    writeFileSync(target(), 'old content');
  });
  afterEach(() => {
    chmodSync(dir, 0o700);
    rmSync(dir, { recursive: true, force: true });
  });

  it('does so in the last step, not before', () => {
    const seen: string[] = [];
    for (const _ of writingFile(temp(), target(), pieces, 1)) seen.push(readFileSync(target(), 'latin1'));
    expect(seen).toEqual(['old content', 'old content']);
    expect(readFileSync(target(), 'latin1')).toBe('new content');
    expect(readdirSync(dir)).toEqual(['dump.rdb']);
  });

  it.each([0, 1, 2])('leaves nothing behind when it is ended after %i pieces', (steps) => {
    const writing = writingFile(temp(), target(), pieces, 0);
    for (let step = 0; step < steps; step++) writing.next();
    writing.return();
    expect(readFileSync(target(), 'latin1')).toBe('old content');
    expect(readdirSync(dir)).toEqual(['dump.rdb']);
  });

  it('leaves nothing behind when the pieces cannot be made', () => {
    const failing = function* (): Generator<Buffer> {
      yield Buffer.from('half');
      throw new Error('no more');
    };
    expect(() => [...writingFile(temp(), target(), failing(), 0)]).toThrow(WriteError);
    expect(readdirSync(dir)).toEqual(['dump.rdb']);
  });

  it.each([
    ['open', () => mkdirSync(temp()), 'EISDIR'],
    [
      'rename',
      () => {
        rmSync(target());
        mkdirSync(target());
      },
      'EISDIR',
    ],
  ] as const)('tells which step failed: %s', (operation, prepare, code) => {
    prepare();
    let failure: unknown;
    try {
      for (const _ of writingFile(temp(), target(), pieces, 0));
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(WriteError);
    expect((failure as WriteError).failure).toEqual({ operation, code });
  });
});
