/** Owns the commands that make one set of several: intersections, unions, differences. Source: Redis t_set.c. */
import { bulk, error, integer, set as setReply, ZERO } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { setType } from '../../types/set/row.ts';
import { MemberSet } from '../../types/set/set.ts';
import { collectionToRead } from '../collection.ts';

const NO_KEYS = error('ERR numkeys should be greater than 0');
const TOO_MANY_KEYS = error("ERR Number of keys can't be greater than number of args");
const NEGATIVE_LIMIT = error("ERR LIMIT can't be negative");

/** Undefined where there is no such key. */
type Operand = MemberSet | undefined;
/** What comes of the sets, each member once. */
type Combine = (context: Context, sets: readonly Operand[]) => Iterable<string>;

/** The sets at these keys, or the error reply. */
function operands(context: Context, keys: readonly string[]): Operand[] | string {
  const sets: Operand[] = [];
  for (const key of keys) {
    const set = collectionToRead(context, key, setType);
    if (typeof set === 'string') return set;
    sets.push(set);
  }
  return sets;
}

/** Goes through the smallest set and asks the others. */
function* intersection(_context: Context, sets: readonly Operand[]): Iterable<string> {
  const present = sets.filter((set) => set !== undefined);
  if (present.length < sets.length) return;
  const [smallest, ...others] = present.sort((a, b) => a.size - b.size);
  for (const member of smallest ?? []) if (others.every((set) => set.has(member))) yield member;
}

function union(context: Context, sets: readonly Operand[]): Iterable<string> {
  const all = new MemberSet(context.node);
  for (const set of sets) for (const member of set ?? []) all.add(member);
  return all;
}

/** Asks the others for each member of the first, or takes the members of the others away, whichever is less work. */
function difference(context: Context, [first, ...others]: readonly Operand[]): Iterable<string> {
  const rest = new MemberSet(context.node);
  if (first === undefined || others.includes(first)) return rest;
  const present = others.filter((set) => set !== undefined);
  const asking = (first.size * (present.length + 1)) / 2;
  const taking = present.reduce((sum, set) => sum + set.size, first.size);
  if (asking <= taking) {
    present.sort((a, b) => b.size - a.size);
    for (const member of first) if (!present.some((set) => set.has(member))) rest.add(member);
    return rest;
  }
  for (const member of first) rest.add(member);
  for (const set of present) for (const member of set) rest.delete(member);
  return rest;
}

function reply(context: Context, argv: readonly string[], combine: Combine): Reply {
  const sets = operands(context, argv.slice(1));
  if (typeof sets === 'string') return sets;
  return setReply(Array.from(combine(context, sets), bulk), context.resp);
}

/** Puts the result at argv[1]; without members, nothing is there afterwards. */
function store(context: Context, argv: readonly string[], combine: Combine): Reply {
  const sets = operands(context, argv.slice(2));
  if (typeof sets === 'string') return sets;
  const key = argv[1] as string;
  const result = new MemberSet(context.node);
  for (const member of combine(context, sets)) result.add(member);
  const { db } = context;
  if (result.size === 0) {
    if (db.delete(key)) db.notify('g', 'del', key);
    return ZERO;
  }
  db.set(key, result);
  db.notify('s', context.row.name, key);
  return integer(result.size);
}

function sintercard(context: Context, argv: readonly string[]): Reply {
  const keyCount = parseInteger(argv[1] as string);
  if (keyCount === undefined || keyCount < 1) return NO_KEYS;
  if (keyCount > argv.length - 2) return TOO_MANY_KEYS;
  let limit = 0;
  for (let at = 2 + keyCount; at < argv.length; at += 2) {
    const text = argv[at + 1];
    if (argv[at]?.toLowerCase() !== 'limit' || text === undefined) return SYNTAX_ERROR;
    const given = parseInteger(text);
    if (given === undefined || given < 0) return NEGATIVE_LIMIT;
    limit = given;
  }
  const sets = operands(context, argv.slice(2, 2 + keyCount));
  if (typeof sets === 'string') return sets;
  let count = 0;
  for (const _member of intersection(context, sets)) if (++count === limit) break;
  return integer(count);
}

const common = { categories: ['set'], group: 'set', since: '1.0.0' } as const satisfies Partial<CommandRow>;

const readsAll = {
  ...common,
  arity: -2,
  flags: ['readonly'],
  keySpecs: [keys(['RO', 'access'], 1, -1)],
  tips: ['nondeterministic_output_order'],
} as const satisfies Partial<CommandRow>;

const stores = {
  ...common,
  arity: -3,
  flags: ['write', 'denyoom'],
  keySpecs: [keys(['OW', 'update']), keys(['RO', 'access'], 2, -1)],
} as const satisfies Partial<CommandRow>;

const OF_SMALLEST = 'O(N*M) for M sets, the smallest of N members';
const OF_ALL = 'O(N) for N members in all sets';

export const combineRows: readonly CommandRow[] = [
  {
    ...readsAll,
    name: 'sinter',
    summary: 'Returns the members that all of several sets have',
    complexity: OF_SMALLEST,
    handler: (context, argv) => reply(context, argv, intersection),
  },
  {
    ...stores,
    name: 'sinterstore',
    keySpecs: [keys(['RW', 'update']), keys(['RO', 'access'], 2, -1)],
    summary: 'Makes a set of the members that all of several sets have',
    complexity: OF_SMALLEST,
    handler: (context, argv) => store(context, argv, intersection),
  },
  {
    ...common,
    name: 'sintercard',
    arity: -3,
    flags: ['readonly'],
    keySpecs: [
      {
        flags: ['RO', 'access'],
        begin: { type: 'index', index: 1 },
        find: { type: 'keynum', keyNumIndex: 0, firstKey: 1, step: 1 },
      },
    ],
    summary: 'Counts the members that all of several sets have',
    since: '7.0.0',
    complexity: OF_SMALLEST,
    handler: sintercard,
  },
  {
    ...readsAll,
    name: 'sunion',
    summary: 'Returns the members that any of several sets has',
    complexity: OF_ALL,
    handler: (context, argv) => reply(context, argv, union),
  },
  {
    ...stores,
    name: 'sunionstore',
    summary: 'Makes a set of the members that any of several sets has',
    complexity: OF_ALL,
    handler: (context, argv) => store(context, argv, union),
  },
  {
    ...readsAll,
    name: 'sdiff',
    summary: 'Returns the members of a set that no other of several has',
    complexity: OF_ALL,
    handler: (context, argv) => reply(context, argv, difference),
  },
  {
    ...stores,
    name: 'sdiffstore',
    summary: 'Makes a set of the members of a set that no other of several has',
    complexity: OF_ALL,
    handler: (context, argv) => store(context, argv, difference),
  },
];
