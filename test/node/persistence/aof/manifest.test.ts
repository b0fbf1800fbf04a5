import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  emptyManifest,
  formatManifest,
  liveFiles,
  type Manifest,
  ManifestError,
  parseManifest,
  withNewBase,
  withNewIncrement,
  withOldStyleBase,
  withoutHistory,
  withoutRewritten,
} from '../../../../src/node/persistence/aof/manifest.ts';

const good = `file appendonly.aof.2.base.rdb seq 2 type b
file appendonly.aof.1.incr.aof seq 1 type h
file appendonly.aof.4.incr.aof seq 4 type i
file appendonly.aof.5.incr.aof seq 5 type i
`;

describe('the text of a manifest', () => {
  it('is read and written', () => {
    const manifest = parseManifest(good);
    expect(manifest.base?.name).toBe('appendonly.aof.2.base.rdb');
    expect(manifest.history.map(({ sequence }) => sequence)).toEqual([1]);
    expect(liveFiles(manifest).map(({ sequence }) => sequence)).toEqual([2, 4, 5]);
    expect([manifest.baseSequence, manifest.incrementSequence]).toEqual([2, 5]);
    expect(formatManifest(manifest)).toBe(good);
  });

  it('may have comments, other orders, other cases, and words of later versions', () => {
    const text = '# a comment\n  SEQ 1 new word FILE "a b.aof" type incr \r\n';
    expect(parseManifest(text).increments).toEqual([{ name: 'a b.aof', sequence: 1, type: 'i' }]);
    expect(formatManifest(parseManifest(text))).toBe('file "a b.aof" seq 1 type i\n');
  });

  it.each([
    ['', 'Found an empty AOF manifest', undefined],
    ['file a seq 1 type i', 'The AOF manifest file contains too long line', undefined],
    [`file ${'a'.repeat(1030)} seq 1 type i\n`, 'The AOF manifest file contains too long line', undefined],
    ['file a\0 seq 1 type i\n', 'The AOF manifest file contains too long line', undefined],
    ['\nfile a seq 1 type i\n', 'Invalid AOF manifest file format', undefined],
    ['file a seq 1\n', 'Invalid AOF manifest file format', 1],
    ['file a seq 1 type i odd\n', 'Invalid AOF manifest file format', 1],
    ['file "a seq 1 type i\n', 'Invalid AOF manifest file format', 1],
    ['file a seq x type i\n', 'Invalid AOF manifest file format', 1],
    ['file a seq 1 kind i\n', 'Invalid AOF manifest file format', 1],
    ['file a seq 99999999999999999999 type i\n', 'Invalid AOF manifest file format', 1],
    ['file a/b seq 1 type i\n', "File can't be a path, just a filename", 1],
    ['file a seq 1 type x\n', 'Unknown AOF file type', 1],
    ['#\nfile a seq 1 type b\nfile b seq 2 type b\n', 'Found duplicate base file information', 3],
    ['file a seq 2 type i\nfile b seq 2 type i\n', 'Found a non-monotonic sequence number', 2],
  ])('is refused as Redis refuses it: %j', (text, message, line) => {
    try {
      parseManifest(text);
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      expect(error.message).toBe(message);
      expect(error.line?.number).toBe(line);
      expect(error.report.at(-1)).toBe(message);
    }
  });

  it('is read back as it was written, whatever the names', () => {
    const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }).map((text) =>
      Buffer.from(text, 'utf8')
        .toString('latin1')
        .slice(0, 60)
        .replace(/[/\\\0]/g, '_'),
    );
    const steps = fc.array(fc.constantFrom('base', 'increment', 'rewritten', 'forget'), { maxLength: 20 });
    fc.assert(
      fc.property(name, steps, (appendfilename, changes) => {
        let manifest: Manifest = emptyManifest;
        for (const change of changes) {
          if (change === 'base') manifest = withNewBase(manifest, appendfilename, 'rdb');
          else if (change === 'increment') manifest = withNewIncrement(manifest, appendfilename);
          else if (change === 'rewritten') manifest = withoutRewritten(manifest, true);
          else manifest = withoutHistory(manifest);
        }
        const text = formatManifest(manifest);
        if (text === '') return;
        const { base, history, increments } = parseManifest(text);
        expect({ base, history, increments }).toEqual({
          base: manifest.base,
          history: manifest.history,
          increments: manifest.increments,
        });
      }),
    );
  });

  it('is refused or read, never more, when it is garbage', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'file seq type bih12"\\\n#x ') }), (text) => {
        try {
          parseManifest(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ManifestError);
        }
      }),
    );
  });
});

describe('the changes of a manifest', () => {
  it('a rewrite leaves the new base and the open increment, and the rest is history', () => {
    const opened = withNewIncrement(parseManifest(good), 'a');
    const done = withoutRewritten(withNewBase(opened, 'a', 'aof'), true);
    expect(formatManifest(done)).toBe(
      'file a.3.base.aof seq 3 type b\n' +
        'file appendonly.aof.4.incr.aof seq 4 type h\n' +
        'file appendonly.aof.5.incr.aof seq 5 type h\n' +
        'file appendonly.aof.2.base.rdb seq 2 type h\n' +
        'file appendonly.aof.1.incr.aof seq 1 type h\n' +
        'file a.6.incr.aof seq 6 type i\n',
    );
    expect(formatManifest(withoutHistory(done))).toBe(
      'file a.3.base.aof seq 3 type b\nfile a.6.incr.aof seq 6 type i\n',
    );
  });

  it('without an open increment all of them are history', () => {
    const done = withoutRewritten(withNewBase(parseManifest(good), 'a', 'rdb'), false);
    expect(done.increments).toEqual([]);
    expect(done.incrementSequence).toBe(5);
  });

  it('the single file of an older Redis becomes the base', () => {
    const { base, baseSequence } = withOldStyleBase(emptyManifest, 'appendonly.aof');
    expect([base, baseSequence]).toEqual([{ name: 'appendonly.aof', sequence: 1, type: 'b' }, 1]);
    expect(withNewBase(withOldStyleBase(emptyManifest, 'x'), 'x', 'rdb').base?.name).toBe('x.2.base.rdb');
  });
});
