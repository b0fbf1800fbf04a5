/** Owns XADD. Source: Redis t_stream.c xaddCommand, streamAppendItem, streamNextID. */
import { bulk, error, nullBulk } from '../../../protocol/resp/encode.ts';
import {
  compareIds,
  idText,
  isZero,
  MAX_ID,
  nextId,
  type StreamId,
} from '../../../protocol/text/stream-id.ts';
import { wrongArity } from '../../command/errors.ts';
import { type CommandRow, keys, type Reply } from '../../command/row.ts';
import type { Context } from '../../dispatch/context.ts';
import type { ValueHost } from '../../types/row.ts';
import { streamType } from '../../types/stream/row.ts';
import { MAX_NODE_BYTES, Stream } from '../../types/stream/stream.ts';
import { collectionToChange, collectionToFill } from '../collection.ts';
import { type GivenId, makeExact, parseTrimArguments, type TrimArguments } from './trimming.ts';

const ZERO_ID = error('ERR The ID specified in XADD must be greater than 0-0');
const EXHAUSTED = error('ERR The stream has exhausted the last possible ID, unable to add more items');
const SMALL_ID = error('ERR The ID specified in XADD is equal or smaller than the target stream top item');
const TOO_LARGE = error('ERR Elements are too large to be stored');

/** The id of the next entry, or the encoded error. */
function idFor(lastId: StreamId, given: GivenId | undefined, nowMs: number): StreamId | string {
  if (given === undefined) return nowMs > lastId.ms ? { ms: nowMs, seq: 0 } : (nextId(lastId) ?? EXHAUSTED);
  if (given.seq !== undefined) return compareIds(given, lastId) > 0 ? given : SMALL_ID;
  const { ms } = given;
  if (ms !== lastId.ms) return ms > lastId.ms ? { ms, seq: 0 } : SMALL_ID;
  const next = nextId(lastId);
  // There is no other text for it in Redis.
  return next?.ms === ms ? next : TOO_LARGE;
}

function isTooLarge(fields: readonly string[]): boolean {
  let length = 0;
  for (const text of fields) length += text.length;
  return length > MAX_NODE_BYTES;
}

const createStream = (host: ValueHost): Stream => new Stream(host);

function xadd(context: Context, argv: readonly string[]): Reply {
  const options = parseTrimArguments(context, argv, true);
  if (typeof options === 'string') return options;
  const { idIndex, id: given } = options;
  const fieldWords = argv.length - idIndex - 1;
  if (fieldWords < 2 || fieldWords % 2 === 1) return wrongArity('xadd');
  if (given?.seq !== undefined && isZero(given)) return ZERO_ID;
  const fields = argv.slice(idIndex + 1);
  const { db, node, nowMs } = context;
  const key = argv[1] as string;
  const stream = options.createsStream
    ? collectionToFill(context, key, streamType, createStream)
    : collectionToChange(context, key, streamType);
  if (stream === undefined) return nullBulk(context.resp);
  if (typeof stream === 'string') return stream;
  if (compareIds(stream.lastId, MAX_ID) === 0) return EXHAUSTED;
  const id = idFor(stream.lastId, given, nowMs);
  if (typeof id === 'string') return id;
  if (isTooLarge(fields)) return TOO_LARGE;
  stream.add(id, fields);
  db.changed(key, 1);
  db.notify('t', 'xadd', key);
  if (options.trim !== undefined && stream.trim(options.trim) > 0) db.notify('t', 'xtrim', key);
  const text = idText(id);
  if (node.propagation.wanted) propagate(context, argv, options, stream, text);
  node.keyWaiters.ready(db.index, key);
  return bulk(text);
}

/** With the id that it got, and the trimming as it came out. */
function propagate(
  context: Context,
  argv: readonly string[],
  { trim, idIndex, id: given }: TrimArguments,
  stream: Stream,
  id: string,
): void {
  const isExact = trim === undefined || !trim.approximate;
  if (given?.seq !== undefined && isExact) return;
  const words = [...argv];
  words[idIndex] = id;
  if (!isExact) makeExact(words, trim, stream);
  context.propagateAs(words);
}

export const addRows: readonly CommandRow[] = [
  {
    name: 'xadd',
    arity: -5,
    flags: ['write', 'denyoom', 'fast'],
    categories: ['stream'],
    keySpecs: [
      {
        ...keys(['RW', 'update']),
        notes: 'UPDATE instead of INSERT because of the optional trimming feature',
      },
    ],
    summary: 'Adds an entry to the end of a stream',
    since: '5.0.0',
    group: 'stream',
    complexity: 'O(1); with trimming O(N) for N entries that go',
    tips: ['nondeterministic_output'],
    handler: xadd,
  },
];
