import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allRows } from '../../../src/node/commands/rows.ts';
import { itAnswersAlike, usePair } from '../../helpers/compat.ts';
import { type Parsed, parseReply } from '../../helpers/parse-reply.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';

/** What the reference says that the node leaves out, with the reasons. */
const { leftOut } = JSON.parse(
  readFileSync(new URL('../../../scripts/node-differences.json', import.meta.url), 'utf8'),
) as { leftOut: Record<string, string> };

/** One command of COMMAND INFO; what is a set is sorted. */
interface Info {
  readonly name: string;
  readonly arity: Parsed;
  readonly flags: Parsed[];
  readonly keys: Parsed[];
  readonly categories: Parsed[];
  readonly tips: Parsed[];
  readonly keySpecs: Parsed[];
}

const sorted = (items: Parsed): Parsed[] => [...(items as Parsed[])].sort();

function infos(reply: Parsed): Info[] {
  const [name, arity, flags, first, last, step, categories, tips, keySpecs, subcommands] = reply as Parsed[];
  const own: Info = {
    name: name as string,
    arity: arity as Parsed,
    flags: sorted(flags as Parsed),
    keys: [first, last, step] as Parsed[],
    categories: sorted(categories as Parsed),
    tips: sorted(tips as Parsed),
    keySpecs: keySpecs as Parsed[],
  };
  return [own, ...(subcommands as Parsed[]).flatMap(infos)];
}

/** Notes of key specs are prose of Redis's own; the rest of a spec must be the same. */
function withoutNotes(info: Info): Info {
  const keySpecs = info.keySpecs.map((spec) => {
    const items = spec as Parsed[];
    const at = items.indexOf('notes');
    return at < 0 ? items : items.toSpliced(at, 2);
  });
  return { ...info, keySpecs };
}

describe.skipIf(skipWithoutRedisServer)(`COMMAND beside redis-server${redisServerNote}`, () => {
  const pair = usePair();

  it('says the same of every command, and leaves out what the reference says, no more and no less', async () => {
    const { redis, node } = await pair().run(['COMMAND']);
    const read = (replies: string[]): Map<string, Info> =>
      new Map(
        (parseReply(replies[0] ?? '') as Parsed[])
          .flatMap(infos)
          .map((info) => [info.name, withoutNotes(info)]),
      );
    const theirs = read(redis);
    const ours = read(node);
    expect(ours.size).toBeGreaterThan(allRows.length);
    expect([...theirs.keys()].filter((name) => !ours.has(name)).sort()).toEqual(Object.keys(leftOut).sort());
    for (const name of Object.keys(leftOut)) theirs.delete(name);
    expect(ours).toEqual(theirs);
  });

  // The order of whole lists is each server's own: one command at a time, or patterns that one command has.
  itAnswersAlike(pair, {
    COUNT: ['COMMAND COUNT'],
    INFO: ['COMMAND INFO nosuch get config|get nosuch|get get|get', 'COMMAND INFO GET'],
    LIST: [
      'COMMAND LIST FILTERBY MODULE nosuch',
      'COMMAND LIST FILTERBY ACLCAT nosuch',
      'COMMAND LIST FILTERBY PATTERN xgroup|createc*',
      'COMMAND LIST FILTERBY PATTERN XGROUP|CREATEC*',
      'COMMAND LIST FILTERBY PATTERN nosuch*',
      'COMMAND LIST FILTERBY NOSUCH x',
      'COMMAND LIST FILTERBY PATTERN',
      'COMMAND LIST nosuch',
      'COMMAND LIST FILTERBY PATTERN a b',
    ],
    DOCS: ['COMMAND DOCS nosuch', 'COMMAND DOCS nosuch|get nosuch'],
    GETKEYS: [
      'COMMAND GETKEYS GET a',
      'COMMAND GETKEYS MSET a 1 b 2',
      'COMMAND GETKEYS MSET a 1 b',
      'COMMAND GETKEYS EVAL x 2 a b c',
      'COMMAND GETKEYS EVAL x 3 a b',
      'COMMAND GETKEYS EVAL x 0 a',
      'COMMAND GETKEYS SORT a BY w_* GET o_* STORE b',
      'COMMAND GETKEYS SORT a STORE b STORE c',
      'COMMAND GETKEYS ZUNIONSTORE d 2 a b WEIGHTS 1 2',
      'COMMAND GETKEYS XREAD COUNT 1 STREAMS a b 0 0',
      'COMMAND GETKEYS XREADGROUP GROUP g c STREAMS a b 0 0',
      'COMMAND GETKEYS XREAD COUNT 1 a b',
      'COMMAND GETKEYS MIGRATE h 1 k 0 1',
      'COMMAND GETKEYS GEORADIUS k 0 0 1 m STORE a STOREDIST b',
      'COMMAND GETKEYS LMPOP 2 a b LEFT',
      'COMMAND GETKEYS BLMPOP 0 2 a b LEFT',
      'COMMAND GETKEYS OBJECT ENCODING a',
      'COMMAND GETKEYS OBJECT NOSUCH a',
      'COMMAND GETKEYS MEMORY USAGE a',
      'COMMAND GETKEYS PING x',
      'COMMAND GETKEYS SPUBLISH a b',
      'COMMAND GETKEYS NOSUCH x',
      'COMMAND GETKEYS GET',
      'COMMAND GETKEYS',
      ['COMMAND', 'GETKEYS', 'MIGRATE', 'h', 1, '', 0, 1, 'KEYS', 'a', 'b'],
    ],
    GETKEYSANDFLAGS: [
      'COMMAND GETKEYSANDFLAGS GET a',
      'COMMAND GETKEYSANDFLAGS SET a 1',
      'COMMAND GETKEYSANDFLAGS SET a 1 GET',
      'COMMAND GETKEYSANDFLAGS LMOVE a b LEFT RIGHT',
      'COMMAND GETKEYSANDFLAGS BITFIELD a GET u8 0',
      'COMMAND GETKEYSANDFLAGS BITFIELD a SET u8 0 1',
      'COMMAND GETKEYSANDFLAGS SORT a STORE b',
      'COMMAND GETKEYSANDFLAGS ZUNIONSTORE d 2 a b',
      'COMMAND GETKEYSANDFLAGS EVAL x 2 a b',
      'COMMAND GETKEYSANDFLAGS NOSUCH a',
    ],
    'wrong words': ['COMMAND NOSUCH', 'COMMAND COUNT x', 'COMMAND HELP'],
  });
});
