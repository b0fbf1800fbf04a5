import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

function filesIn(folder: string): { readonly name: string; readonly text: string }[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:ts|js|mjs)$/.test(name) && !name.endsWith('.d.ts'))
    .map((name) => join(root, folder, name))
    .map((path) => ({ name: relative(root, path), text: readFileSync(path, 'utf8') }));
}

describe('the form of the house', () => {
  const sources = filesIn('src');
  const all = [...sources, ...['test', 'bench', 'scripts', 'bin'].flatMap(filesIn)];

  it('every source file says first what it owns', () => {
    const silent = sources.filter(
      ({ text }) => !/^(?:\/\/[^\n]*\n)*\/\*\*\s[^/]*?\b(?:Owns|The public API)\b/.test(text),
    );
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  it('nothing is left for later, and no test stands alone or still', () => {
    const marks = /\b(?:TODO|FIXME|XXX|HACK)\b|\b(?:it|test|describe)\.(?:only|todo|skip)\b/;
    const here = relative(root, import.meta.filename);
    expect(all.filter(({ name, text }) => name !== here && marks.test(text)).map(({ name }) => name)).toEqual(
      [],
    );
  });

  it('one concept a file: none has more than 450 lines', () => {
    const long = sources.filter(({ text }) => text.split('\n').length > 450);
    expect(long.map(({ name }) => name)).toEqual([]);
  });

  it('only the clock knows the time', () => {
    const asksForTime = /(?<![.\w])(?:Date\.now|setTimeout|setInterval|performance\.now)\b/;
    const clockless = ['src/core/clock.ts', 'src/cli/'];
    const guilty = sources
      .filter(({ name }) => !clockless.some((prefix) => name.startsWith(prefix)))
      .filter(({ text }) => asksForTime.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')));
    expect(guilty.map(({ name }) => name)).toEqual([]);
  });
});
