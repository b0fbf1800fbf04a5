/** Owns LMOVE and RPOPLPUSH. Source: Redis t_list.c lmoveCommand, rpoplpushCommand. */
import { nullBulk } from '../../../protocol/resp/encode.ts';
import { SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { type End, moveElement, parseEnd } from './ends.ts';

function move(context: Context, argv: readonly string[], from: End, to: End): Reply {
  return moveElement(context, argv[1] as string, argv[2] as string, from, to) ?? nullBulk(context.resp);
}

function lmove(context: Context, argv: readonly string[]): Reply {
  const from = parseEnd(argv[3] as string);
  const to = parseEnd(argv[4] as string);
  return from === undefined || to === undefined ? SYNTAX_ERROR : move(context, argv, from, to);
}

const common = {
  flags: ['write', 'denyoom'],
  categories: ['list'],
  keySpecs: [keys(['RW', 'access', 'delete']), keys(['RW', 'insert'], 2)],
  group: 'list',
  complexity: 'O(1)',
} as const;

export const moveRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'lmove',
    arity: 5,
    summary: 'Moves an element from an end of a list to an end of another, or of the same',
    since: '6.2.0',
    handler: lmove,
  },
  {
    ...common,
    name: 'rpoplpush',
    arity: 3,
    summary: 'Moves the last element of a list to the head of another, or of the same',
    since: '1.2.0',
    handler: (context, argv) => move(context, argv, 'RIGHT', 'LEFT'),
  },
];
