/** Owns SPOP. Source: Redis t_set.c spopCommand, spopWithCountCommand. */
import { bulk, error, nullBulk, set as setReply } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { setType } from '../../types/set/row.ts';
import type { MemberSet } from '../../types/set/set.ts';
import { collectionToChange, settleCollection } from '../collection.ts';

const NOT_POSITIVE = error('ERR value is out of range, must be positive');

function spop(context: Context, argv: readonly string[]): Reply {
  if (argv.length > 3) return SYNTAX_ERROR;
  const key = argv[1] as string;
  if (argv[2] !== undefined) return popSeveral(context, key, argv[2]);
  const set = collectionToChange(context, key, setType);
  if (set === undefined) return nullBulk(context.resp);
  if (typeof set === 'string') return set;
  const member = takeAny(context, set);
  context.db.notify('s', 'spop', key);
  // Others must not draw lots themselves.
  if (context.node.propagation.wanted) context.propagateAs(['SREM', key, member]);
  settleCollection(context, key, set, 1);
  return bulk(member);
}

function popSeveral(context: Context, key: string, countText: string): Reply {
  const count = parseInteger(countText);
  if (count === undefined || count < 0) return NOT_POSITIVE;
  const set = collectionToChange(context, key, setType);
  if (typeof set === 'string') return set;
  if (set === undefined || count === 0) return setReply([], context.resp);
  context.db.notify('s', 'spop', key);
  const popped = count < set.size ? takeSeveral(context, key, set, count) : takeAll(context, key, set);
  settleCollection(context, key, set, popped.length);
  return setReply(popped.map(bulk), context.resp);
}

function takeAny({ node }: Context, set: MemberSet): string {
  const member = set.random(node.random);
  set.delete(member);
  return member;
}

function takeSeveral(context: Context, key: string, set: MemberSet, count: number): string[] {
  const taken: string[] = [];
  while (taken.length < count) {
    const member = takeAny(context, set);
    context.propagateAs(['SREM', key, member]);
    taken.push(member);
  }
  return taken;
}

function takeAll(context: Context, key: string, set: MemberSet): string[] {
  const taken = [...set];
  set.clear();
  context.propagateAs(['DEL', key]);
  return taken;
}

export const popRows: readonly CommandRow[] = [
  {
    name: 'spop',
    arity: -2,
    flags: ['write', 'fast'],
    categories: ['set'],
    keySpecs: [keys(['RW', 'access', 'delete'])],
    summary: 'Removes members from a set at random, and returns them',
    since: '1.0.0',
    group: 'set',
    complexity: 'O(1), with a count O(N) for N members',
    tips: ['nondeterministic_output'],
    handler: spop,
  },
];
