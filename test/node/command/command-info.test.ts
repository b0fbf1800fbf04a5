import RedisParser from 'redis-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allRows } from '../../../src/node/commands/rows.ts';
import { type Pair, startPair } from '../../helpers/compat.ts';
import { redisServerNote, skipWithoutRedisServer } from '../../helpers/servers.ts';

type Parsed = string | number | null | Parsed[];

function parse(reply: string): Parsed {
  let parsed: Parsed = null;
  const parser = new RedisParser({
    returnReply: (value: Parsed) => {
      parsed = value;
    },
    returnError: (error: Error) => {
      throw error;
    },
  });
  parser.execute(Buffer.from(reply, 'latin1'));
  return parsed;
}

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

describe.skipIf(skipWithoutRedisServer)(`COMMAND INFO beside redis-server${redisServerNote}`, () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair();
  });
  afterAll(() => pair.stop());

  it('says the same of every command', async () => {
    const { redis, node } = await pair.run([['COMMAND', 'INFO', ...allRows.map((row) => row.name)]]);
    const theirs = new Map(
      (parse(redis[0] ?? '') as Parsed[]).flatMap(infos).map((info) => [info.name, withoutNotes(info)]),
    );
    const ours = (parse(node[0] ?? '') as Parsed[]).flatMap(infos).map(withoutNotes);
    expect(ours.length).toBeGreaterThan(allRows.length);
    expect(ours).toEqual(ours.map((info) => theirs.get(info.name) ?? `redis-server has no ${info.name}`));
  });
});
