/**
 * Owns what replicas and the AOF are told of changes to a group: each command says how things are now, so that it may be run
 * twice. Source: Redis t_stream.c streamPropagateXCLAIM, streamPropagateGroupID, streamPropagateConsumerCreation.
 */
import { idText } from '../../../protocol/text/stream-id.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Group, PendingEntry } from '../../types/stream/group.ts';

/** An entry is pending so; or, when it is no longer in the stream, pending no more. */
export function propagateClaim(context: Context, key: string, group: Group, entry: PendingEntry): void {
  const { id, consumer, deliveredAtMs, deliveryCount } = entry;
  context.propagateAs([
    'XCLAIM',
    key,
    group.name,
    consumer.name,
    '0',
    idText(id),
    'TIME',
    String(deliveredAtMs),
    'RETRYCOUNT',
    String(deliveryCount),
    'FORCE',
    'JUSTID',
    'LASTID',
    idText(group.lastId),
  ]);
}

/** The group has read up to there, which no claim tells. */
export function propagateGroupId(context: Context, key: string, group: Group): void {
  const { name, lastId, entriesRead } = group;
  context.propagateAs([
    'XGROUP',
    'SETID',
    key,
    name,
    idText(lastId),
    'ENTRIESREAD',
    String(entriesRead ?? -1),
  ]);
}

export function propagateConsumer(context: Context, key: string, group: Group, consumer: string): void {
  context.propagateAs(['XGROUP', 'CREATECONSUMER', key, group.name, consumer]);
}
