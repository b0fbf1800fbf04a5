import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCommandTable } from '../../src/node/command/table.ts';
import { allRows } from '../../src/node/commands/rows.ts';

const folder = resolve(import.meta.dirname, '../node');

/** The texts of the tests that run the same on redis-server and the node, and compare the bytes of the replies. */
const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .filter((text) => /\b(?:itAnswersAlike|usePair|startPair|compare)\(/.test(text));

/** Full names, in which a container counts only where it can be called alone. */
const names = createCommandTable(allRows)
  .rows.flatMap((command) => [command, ...(command.subcommands ?? [])])
  .filter(({ handler }) => handler !== undefined)
  .map(({ fullName }) => fullName);

/** Whether the words of a command begin a text, as in 'CONFIG GET x', or a list of texts, as in ['CONFIG', 'GET', 'x']. */
function isCalled(fullName: string): boolean {
  const [name = '', subcommand] = fullName.split('|');
  const words = subcommand === undefined ? name : `${name}(?: |['"\`],\\s*['"\`])${subcommand}`;
  const call = new RegExp(`['"\`]${words}(?=['"\` ])`, 'i');
  return texts.some((text) => call.test(text));
}

describe('every command', () => {
  it('has a script that runs on redis-server and the node', () => {
    expect(names.length).toBeGreaterThan(300);
    expect(isCalled('neverheard') || isCalled('config|neverheard')).toBe(false);
    expect(names.filter((name) => !isCalled(name))).toEqual([]);
  });
});
