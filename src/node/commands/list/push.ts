/** Owns the commands that put elements at the ends of a list. Source: Redis t_list.c pushGenericCommand. */
import { integer, ZERO } from '../../../protocol/resp/encode.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { listType } from '../../types/list/row.ts';
import { collectionToChange, collectionToFill, settleCollection } from '../collection.ts';
import { createList, type End } from './ends.ts';

function push(context: Context, argv: readonly string[], end: End, onlyIfThere: boolean): Reply {
  const key = argv[1] as string;
  const list = onlyIfThere
    ? collectionToChange(context, key, listType)
    : collectionToFill(context, key, listType, createList);
  if (list === undefined) return ZERO;
  if (typeof list === 'string') return list;
  if (end === 'LEFT') for (let i = 2; i < argv.length; i++) list.pushHead(argv[i] as string);
  else for (let i = 2; i < argv.length; i++) list.pushTail(argv[i] as string);
  settleCollection(context, key, list, argv.length - 2);
  context.db.notify('l', end === 'LEFT' ? 'lpush' : 'rpush', key);
  return integer(list.size);
}

const common = {
  arity: -3,
  flags: ['write', 'denyoom', 'fast'],
  categories: ['list'],
  keySpecs: [keys(['RW', 'insert'])],
  group: 'list',
  complexity: 'O(N) for N elements that are added',
} as const;

export const pushRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'lpush',
    summary: 'Puts elements at the head of a list, one after the other; creates the list if needed',
    since: '1.0.0',
    handler: (context, argv) => push(context, argv, 'LEFT', false),
  },
  {
    ...common,
    name: 'rpush',
    summary: 'Puts elements at the tail of a list; creates the list if needed',
    since: '1.0.0',
    handler: (context, argv) => push(context, argv, 'RIGHT', false),
  },
  {
    ...common,
    name: 'lpushx',
    summary: 'Puts elements at the head of a list that exists',
    since: '2.2.0',
    handler: (context, argv) => push(context, argv, 'LEFT', true),
  },
  {
    ...common,
    name: 'rpushx',
    summary: 'Puts elements at the tail of a list that exists',
    since: '2.2.0',
    handler: (context, argv) => push(context, argv, 'RIGHT', true),
  },
];
