/** Owns XRANGE, XREVRANGE and XLEN. Source: Redis t_stream.c xrangeGenericCommand, xlenCommand. */
import { EMPTY_ARRAY, integer, nullArray, ZERO } from '../../../protocol/resp/encode.ts';
import { parseInteger } from '../../command/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { streamType } from '../../types/stream/row.ts';
import { collectionToRead } from '../collection.ts';
import { parseEnd, parseStart } from './arguments.ts';
import { entriesReply } from './replies.ts';

/** Undefined for all. */
function parseCount(argv: readonly string[]): number | undefined | string {
  let count: number | undefined;
  for (let at = 4; at < argv.length; at += 2) {
    const text = argv[at + 1];
    if (argv[at]?.toLowerCase() !== 'count' || text === undefined) return SYNTAX_ERROR;
    count = parseInteger(text);
    if (count === undefined) return NOT_AN_INTEGER;
    count = Math.max(0, count);
  }
  return count;
}

function range(context: Context, argv: readonly string[], backwards: boolean): Reply {
  const [, key = '', first = '', second = ''] = argv;
  const start = parseStart(backwards ? second : first);
  if (typeof start === 'string') return start;
  const end = parseEnd(backwards ? first : second);
  if (typeof end === 'string') return end;
  const count = parseCount(argv);
  if (typeof count === 'string') return count;
  const stream = collectionToRead(context, key, streamType);
  if (stream === undefined) return EMPTY_ARRAY;
  if (typeof stream === 'string') return stream;
  if (count === 0) return nullArray(context.resp);
  const entries = backwards ? stream.entriesBack(start, end) : stream.entries(start, end);
  return entriesReply(entries, count ?? 0);
}

function xlen(context: Context, argv: readonly string[]): Reply {
  const stream = collectionToRead(context, argv[1] as string, streamType);
  if (stream === undefined) return ZERO;
  return typeof stream === 'string' ? stream : integer(stream.size);
}

const common = { categories: ['stream'], group: 'stream', since: '5.0.0' } as const;
const ranging = {
  ...common,
  arity: -4,
  flags: ['readonly'],
  keySpecs: [keys(['RO', 'access'])],
  complexity: 'O(N) for N entries that are returned',
} as const;

export const rangeRows: readonly CommandRow[] = [
  {
    ...ranging,
    name: 'xrange',
    summary: 'Returns entries of a stream whose ids lie between two',
    handler: (context, argv) => range(context, argv, false),
  },
  {
    ...ranging,
    name: 'xrevrange',
    summary: 'Returns entries of a stream whose ids lie between two, the last one first',
    handler: (context, argv) => range(context, argv, true),
  },
  {
    ...common,
    name: 'xlen',
    arity: 2,
    flags: ['readonly', 'fast'],
    keySpecs: [keys(['RO'])],
    summary: 'Counts the entries of a stream',
    complexity: 'O(1)',
    handler: xlen,
  },
];
