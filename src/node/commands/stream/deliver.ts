/**
 * Owns what a consumer of a group gets: new entries, which are pending from then on, or those that are pending already.
 * Source: Redis t_stream.c streamReplyWithRange, streamReplyWithRangeFromConsumerPEL.
 */
import { array } from '../../../protocol/resp/encode.ts';
import { compareIds, type StreamId } from '../../../protocol/text/stream-id.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Consumer, Group } from '../../types/stream/group.ts';
import type { Stream } from '../../types/stream/stream.ts';
import { consumerFor } from './lookup.ts';
import { propagateClaim, propagateConsumer, propagateGroupId } from './propagation.ts';
import { entryReply, goneEntryReply } from './replies.ts';

/** Who reads, and how. */
export interface Reader {
  readonly group: string;
  readonly consumer: string;
  /** What it gets counts as acknowledged. */
  readonly acknowledges: boolean;
}

/** The consumer that reads; when it is new, and nothing else would tell of it, replicas are told. */
export function readingConsumer(context: Context, key: string, group: Group, reader: Reader): Consumer {
  const isNew = !group.consumers.has(reader.consumer);
  const consumer = consumerFor(context, key, group, reader.consumer);
  if (isNew && reader.acknowledges) propagateConsumer(context, key, group, consumer.name);
  return consumer;
}

/** Delivers entries from `start` on, at most `count`; 0 for all. */
export function deliverNew(
  context: Context,
  key: string,
  stream: Stream,
  group: Group,
  consumer: Consumer,
  start: StreamId,
  count: number,
  acknowledges: boolean,
): string {
  const replies: string[] = [];
  let hasMoved = false;
  for (const entry of stream.entries(start)) {
    const { id } = entry;
    if (compareIds(id, group.lastId) > 0) {
      stream.countRead(group, id);
      hasMoved = true;
    }
    replies.push(entryReply(entry));
    if (!acknowledges) propagateClaim(context, key, group, group.deliver(id, consumer, context.nowMs));
    if (replies.length === count) break;
  }
  if (acknowledges && hasMoved) propagateGroupId(context, key, group);
  return array(replies);
}

/** Shows what is pending at a consumer from `start` on, at most `count` entries; 0 for all. Each counts as delivered again. */
export function deliverPending(
  context: Context,
  stream: Stream,
  consumer: Consumer,
  start: StreamId,
  count: number,
): string {
  const replies: string[] = [];
  for (const pending of consumer.pending.from(start)) {
    const entry = stream.find(pending.id);
    if (entry === undefined) replies.push(goneEntryReply(pending.id, context.resp));
    else {
      replies.push(entryReply(entry));
      pending.deliveredAtMs = context.nowMs;
      pending.deliveryCount++;
    }
    if (replies.length === count) break;
  }
  return array(replies);
}
