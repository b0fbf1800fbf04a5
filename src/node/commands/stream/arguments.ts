/**
 * Owns the reading of stream ids and of intervals between them. What is wrong is returned as the encoded error.
 * Source: Redis t_stream.c streamGenericParseIDOrReply, streamParseIntervalIDOrReply.
 */
import { error } from '../../../protocol/resp/encode.ts';
import {
  MAX_ID,
  MIN_ID,
  nextId,
  parseId,
  previousId,
  type StreamId,
  UINT64_MAX,
  type Uint64,
} from '../../../protocol/text/stream-id.ts';

export const INVALID_ID = error('ERR Invalid stream ID specified as stream command argument');
const INVALID_START = error('ERR invalid start ID for the interval');
const INVALID_END = error('ERR invalid end ID for the interval');

/** An id, whole or without its second part; "-" and "+" are none here. */
export function parseStrictId(text: string): StreamId | string {
  return strictId(text, 0);
}

function strictId(text: string, missingSeq: Uint64): StreamId | string {
  const id = parseId(text, missingSeq);
  return id?.seq === undefined ? INVALID_ID : id;
}

/** The same; "-" and "+" are the least and the greatest. */
export function parseAnyId(text: string, missingSeq: Uint64 = 0): StreamId | string {
  if (text === '-') return MIN_ID;
  return text === '+' ? MAX_ID : strictId(text, missingSeq);
}

/** Ids, or the first error. */
export function parseIds(texts: readonly string[]): StreamId[] | string {
  const ids: StreamId[] = [];
  for (const text of texts) {
    const id = parseStrictId(text);
    if (typeof id === 'string') return id;
    ids.push(id);
  }
  return ids;
}

/** Where an interval begins; with "(" in front just behind that. */
export function parseStart(text: string): StreamId | string {
  if (text.length < 2 || !text.startsWith('(')) return parseAnyId(text);
  const id = parseStrictId(text.slice(1));
  return typeof id === 'string' ? id : (nextId(id) ?? INVALID_START);
}

/** Where an interval ends; with "(" in front just before that. */
export function parseEnd(text: string): StreamId | string {
  if (text.length < 2 || !text.startsWith('(')) return parseAnyId(text, UINT64_MAX);
  const id = strictId(text.slice(1), UINT64_MAX);
  return typeof id === 'string' ? id : (previousId(id) ?? INVALID_END);
}
