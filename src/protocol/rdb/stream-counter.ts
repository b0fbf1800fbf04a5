/**
 * Owns the estimate how many entries of a stream, of all that were ever added, come up to an id. Streams of old servers are read
 * with it, and groups use it whose own count is lost. Source: Redis t_stream.c streamEstimateDistanceFromFirstEverEntry.
 */
import { type Int64, narrow } from '../../core/int64.ts';
import { compareIds, isZero, type StreamId } from '../text/stream-id.ts';
import type { RdbStream } from './objects.ts';

export type StreamCounts = Pick<RdbStream, 'size' | 'entriesAdded' | 'firstId' | 'lastId' | 'maxDeletedId'>;

const INT64 = 64;

/** The sum of two counts, in 64 bits, as C adds them. */
export function addCounts(a: Int64, b: Int64): Int64 {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return narrow(BigInt.asIntN(INT64, BigInt(a) + BigInt(b))) ?? 0;
}

/** Undefined when it cannot be known: somewhere within the stream, in the future, or where entries were deleted. */
export function entriesUpTo(stream: StreamCounts, id: StreamId): Int64 | undefined {
  const { size, entriesAdded } = stream;
  if (entriesAdded === 0) return 0;
  const toLast = compareIds(id, stream.lastId);
  if (size === 0 && toLast <= 0) return entriesAdded;
  if (toLast === 0) return entriesAdded;
  if (toLast > 0) return undefined;
  const toFirst = compareIds(id, stream.firstId);
  const isWhole = isZero(stream.maxDeletedId) || compareIds(stream.maxDeletedId, stream.firstId) < 0;
  if (!isWhole || toFirst > 0) return undefined;
  return addCounts(entriesAdded, toFirst === 0 ? 1 - size : -size);
}
