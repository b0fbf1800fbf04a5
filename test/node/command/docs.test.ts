import { describe, expect, it } from 'vitest';
import { argumentsOf } from '../../../src/node/command/docs.ts';
import { deprecations, systemCommands } from '../../../src/node/command/retired.ts';
import { parseSyntax, usageOf } from '../../../src/node/command/syntax.ts';
import { syntaxLines } from '../../../src/node/command/syntax-lines.ts';
import { createCommandTable } from '../../../src/node/command/table.ts';
import { allRows } from '../../../src/node/commands/rows.ts';
import { usePair } from '../../helpers/compat.ts';
import { type Parsed, parseReply } from '../../helpers/parse-reply.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';

/** What is prose, or a history of changes, is each server's own. */
const ownWords = new Set(['summary', 'complexity', 'replaced_by', 'history']);

/** A map of RESP2 as an object, all the way down; an array of such maps stays an array. */
function docsOf(reply: Parsed): Record<string, unknown> {
  const items = reply as Parsed[];
  const found: Record<string, unknown> = {};
  for (let i = 0; i < items.length; i += 2) {
    const name = items[i] as string;
    const value = items[i + 1] as Parsed;
    if (ownWords.has(name)) continue;
    if (name === 'arguments') found[name] = (value as Parsed[]).map(docsOf);
    else if (name === 'subcommands') found[name] = commandsOf(value);
    else found[name] = value;
  }
  return found;
}

function commandsOf(reply: Parsed): Record<string, unknown> {
  const items = reply as Parsed[];
  const found: Record<string, unknown> = {};
  for (let i = 0; i < items.length; i += 2) found[items[i] as string] = docsOf(items[i + 1] as Parsed);
  return found;
}

describe('the arguments of commands', () => {
  it('are written down for commands that there are', () => {
    const table = createCommandTable(allRows);
    const names = [...Object.keys(syntaxLines), ...Object.keys(deprecations), ...systemCommands];
    expect(names.filter((name) => table.find(name) === undefined)).toEqual([]);
  });

  it('are read as they are meant', () => {
    expect(parseSyntax("key#0 [LIMIT~o_c={offset:integer count}@2.0.0] ['=']")).toEqual([
      { name: 'key', type: 'key', keySpecIndex: 0 },
      expect.objectContaining({ name: 'o_c', type: 'block', token: 'LIMIT', since: '2.0.0', optional: true }),
      { name: '=', type: 'pure-token', token: '=', optional: true },
    ]);
    expect(parseSyntax('x=(A|B c) [id...@5.0.0]')).toEqual([
      {
        name: 'x',
        type: 'oneof',
        parts: [
          { name: 'a', type: 'pure-token', token: 'A' },
          { name: 'b', type: 'pure-token', token: 'B' },
          { name: 'c', type: 'string' },
        ],
      },
      { name: 'id', type: 'string', multiple: true, since: '5.0.0', optional: true },
    ]);
  });

  it.each(['[a', 'a=(b', 'a=', '~a', '(a)', 'a]'])('%s is no line', (line) => {
    expect(() => parseSyntax(line)).toThrow();
  });

  it.each([
    ['zrange', 'key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]'],
    ['mset', 'key value [key value ...]'],
    ['sort_ro', 'key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC|DESC] [ALPHA]'],
    ['lmove', 'source destination <LEFT|RIGHT> <LEFT|RIGHT>'],
  ])('%s is shown with %s', (name, usage) => {
    expect(usageOf(argumentsOf(name))).toBe(usage);
  });
});

describe.skipIf(skipWithoutRedisServer)(`COMMAND DOCS beside redis-server${redisServerNote}`, () => {
  const pair = usePair();

  it('says the same of every command, in words of its own', async () => {
    const { redis, node } = await pair().run(['COMMAND DOCS']);
    const theirs = commandsOf(parseReply(redis[0] ?? ''));
    const ours = commandsOf(parseReply(node[0] ?? ''));
    expect(Object.keys(ours)).toHaveLength(allRows.length);
    expect(ours).toEqual(theirs);
  });
});
