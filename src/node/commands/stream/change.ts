/** Owns XTRIM, XDEL and XSETID. Source: Redis t_stream.c xtrimCommand, xdelCommand, xsetidCommand. */
import type { Int64 } from '../../../core/int64.ts';
import { error, integer, OK, ZERO } from '../../../protocol/resp/encode.ts';
import { compareIds, isZero, MIN_ID, type StreamId } from '../../../protocol/text/stream-id.ts';
import { parseInt64 } from '../../command/arguments.ts';
import { NO_SUCH_KEY, NOT_AN_INTEGER, SYNTAX_ERROR } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import { streamType } from '../../types/stream/row.ts';
import { collectionToChange } from '../collection.ts';
import { parseIds, parseStrictId } from './arguments.ts';
import { countWrites } from './lookup.ts';
import { makeExact, parseTrimArguments } from './trimming.ts';

const NEGATIVE_ADDED = error('ERR entries_added must be positive');
const BEFORE_DELETED = error(
  'ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id',
);
const BEFORE_LAST = error('ERR The ID specified in XSETID is smaller than the target stream top item');
const LESS_ADDED = error(
  'ERR The entries_added specified in XSETID is smaller than the target stream length',
);

function xtrim(context: Context, argv: readonly string[]): Reply {
  const options = parseTrimArguments(context, argv, false);
  if (typeof options === 'string') return options;
  const key = argv[1] as string;
  const stream = collectionToChange(context, key, streamType);
  if (typeof stream === 'string') return stream;
  const { trim } = options;
  if (stream === undefined || trim === undefined) return ZERO;
  const trimmed = stream.trim(trim);
  if (trimmed === 0) return ZERO;
  context.db.notify('t', 'xtrim', key);
  context.db.changed(key, trimmed);
  if (trim.approximate) {
    const words = [...argv];
    makeExact(words, trim, stream);
    context.propagateAs(words);
  }
  return integer(trimmed);
}

function xdel(context: Context, argv: readonly string[]): Reply {
  const key = argv[1] as string;
  const stream = collectionToChange(context, key, streamType);
  if (stream === undefined) return ZERO;
  if (typeof stream === 'string') return stream;
  const ids = parseIds(argv.slice(2));
  if (typeof ids === 'string') return ids;
  let deleted = 0;
  for (const id of ids) if (stream.delete(id)) deleted++;
  if (deleted > 0) {
    context.db.notify('t', 'xdel', key);
    context.db.changed(key, deleted);
  }
  return integer(deleted);
}

interface SetIdOptions {
  readonly entriesAdded: Int64 | undefined;
  readonly maxDeletedId: StreamId;
}

function parseSetId(argv: readonly string[], id: StreamId): SetIdOptions | string {
  let entriesAdded: Int64 | undefined;
  let maxDeletedId = MIN_ID;
  for (let at = 3; at < argv.length; at += 2) {
    const word = argv[at]?.toLowerCase();
    const text = argv[at + 1];
    if (word === 'entriesadded' && text !== undefined) {
      entriesAdded = parseInt64(text);
      if (entriesAdded === undefined) return NOT_AN_INTEGER;
      if (entriesAdded < 0) return NEGATIVE_ADDED;
    } else if (word === 'maxdeletedid' && text !== undefined) {
      const parsed = parseStrictId(text);
      if (typeof parsed === 'string') return parsed;
      if (compareIds(id, parsed) < 0) return BEFORE_DELETED;
      maxDeletedId = parsed;
    } else return SYNTAX_ERROR;
  }
  return { entriesAdded, maxDeletedId };
}

function xsetid(context: Context, argv: readonly string[]): Reply {
  const id = parseStrictId(argv[2] as string);
  if (typeof id === 'string') return id;
  const options = parseSetId(argv, id);
  if (typeof options === 'string') return options;
  const key = argv[1] as string;
  const stream = collectionToChange(context, key, streamType);
  if (stream === undefined) return NO_SUCH_KEY;
  if (typeof stream === 'string') return stream;
  const { entriesAdded, maxDeletedId } = options;
  const last = stream.lastEntry;
  if (last !== undefined) {
    if (compareIds(id, last.id) < 0) return BEFORE_LAST;
    if (entriesAdded !== undefined && stream.size > entriesAdded) return LESS_ADDED;
  }
  stream.lastId = id;
  if (entriesAdded !== undefined) stream.entriesAdded = entriesAdded;
  if (!isZero(maxDeletedId)) stream.maxDeletedId = maxDeletedId;
  countWrites(context, 1);
  context.db.notify('t', 'xsetid', key);
  return OK;
}

const common = { categories: ['stream'], group: 'stream', since: '5.0.0' } as const;

export const changeRows: readonly CommandRow[] = [
  {
    ...common,
    name: 'xtrim',
    arity: -4,
    flags: ['write'],
    keySpecs: [keys(['RW', 'delete'])],
    summary: 'Takes entries away from the head of a stream',
    complexity: 'O(N) for N entries that go',
    tips: ['nondeterministic_output'],
    handler: xtrim,
  },
  {
    ...common,
    name: 'xdel',
    arity: -3,
    flags: ['write', 'fast'],
    keySpecs: [keys(['RW', 'delete'])],
    summary: 'Deletes entries of a stream',
    complexity: 'O(1) for each entry, however long the stream',
    handler: xdel,
  },
  {
    ...common,
    name: 'xsetid',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keySpecs: [keys(['RW', 'update'])],
    summary: 'Sets the last id of a stream; for replicas and files',
    complexity: 'O(1)',
    handler: xsetid,
  },
];
