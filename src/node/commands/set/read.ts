/** Owns the commands that read one set. Source: Redis t_set.c. */
import {
  array,
  bulk,
  bulkArray,
  EMPTY_ARRAY,
  integer,
  nullBulk,
  ONE,
  set,
  ZERO,
} from '../../../protocol/resp/encode.ts';
import { SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { setType } from '../../types/set/row.ts';
import type { MemberSet } from '../../types/set/set.ts';
import { collectionToRead } from '../collection.ts';
import { chooseElements, parseCount } from '../random-elements.ts';
import { scanElements } from '../scan-elements.ts';

/** The set of argv[1], undefined without one, or the error reply. */
const setToRead = (context: Context, argv: readonly string[]): MemberSet | string | undefined =>
  collectionToRead(context, argv[1] as string, setType);

function smembers(context: Context, argv: readonly string[]): Reply {
  const members = setToRead(context, argv);
  if (typeof members === 'string') return members;
  return set(Array.from(members ?? [], bulk), context.resp);
}

function sismember(context: Context, argv: readonly string[]): Reply {
  const members = setToRead(context, argv);
  if (typeof members === 'string') return members;
  return members?.has(argv[2] as string) ? ONE : ZERO;
}

function smismember(context: Context, argv: readonly string[]): Reply {
  const members = setToRead(context, argv);
  if (typeof members === 'string') return members;
  return array(argv.slice(2).map((member) => (members?.has(member) ? ONE : ZERO)));
}

function scard(context: Context, argv: readonly string[]): Reply {
  const members = setToRead(context, argv);
  return typeof members === 'string' ? members : integer(members?.size ?? 0);
}

function srandmember(context: Context, argv: readonly string[]): Reply {
  if (argv.length > 3) return SYNTAX_ERROR;
  const count = argv[2] === undefined ? undefined : parseCount(argv[2]);
  if (typeof count === 'string') return count;
  const members = setToRead(context, argv);
  if (members === undefined) return count === undefined ? nullBulk(context.resp) : EMPTY_ARRAY;
  if (typeof members === 'string') return members;
  const { random } = context.node;
  if (count === undefined) return bulk(members.random(random));
  const choices = { size: members.size, all: () => members, pick: () => members.random(random) };
  const chosen = chooseElements(choices, count, random);
  return typeof chosen === 'string' ? chosen : bulkArray(chosen);
}

const common = { categories: ['set'], group: 'set', since: '1.0.0' } as const satisfies Partial<CommandRow>;

export const readRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'smembers',
    arity: 2,
    flags: ['readonly'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Returns all members of a set',
    complexity: 'O(N) for a set of N members',
    tips: ['nondeterministic_output_order'],
    handler: smembers,
  },
  {
    ...common,
    name: 'sismember',
    arity: 3,
    flags: ['readonly', 'fast'],
    keySpecs: [keys(['RO'])],
    summary: 'Tells whether a set has a member',
    complexity: 'O(1)',
    handler: sismember,
  },
  {
    ...common,
    name: 'smismember',
    arity: -3,
    flags: ['readonly', 'fast'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Tells which of several members a set has',
    since: '6.2.0',
    complexity: 'O(N) for N members',
    handler: smismember,
  },
  {
    ...common,
    name: 'scard',
    arity: 2,
    flags: ['readonly', 'fast'],
    keySpecs: [keys(['RO'])],
    summary: 'Counts the members of a set',
    complexity: 'O(1)',
    handler: scard,
  },
  {
    ...common,
    name: 'srandmember',
    arity: -2,
    flags: ['readonly'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Returns members of a set at random',
    complexity: 'O(1), with a count O(N) for N members',
    tips: ['nondeterministic_output'],
    handler: srandmember,
  },
  {
    ...common,
    name: 'sscan',
    arity: -3,
    flags: ['readonly'],
    keySpecs: [keys(['RO', 'access'])],
    summary: 'Lists a set a few members at a time, with a cursor to go on from',
    since: '2.8.0',
    complexity: 'O(1) for each call, O(N) for all N members',
    tips: ['nondeterministic_output'],
    handler: (context, argv) => scanElements(context, argv, setType),
  },
];
