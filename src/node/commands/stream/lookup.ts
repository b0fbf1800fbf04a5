/**
 * Owns how commands get at streams and their groups for changes. Unlike other collections, streams stay when they are empty; and
 * what changes of a group alone is no change of the key: it counts as a write, but breaks no WATCH.
 * Source: Redis t_stream.c streamLookupCG, streamLookupConsumer, streamCreateConsumer.
 */
import { error } from '../../../protocol/resp/encode.ts';
import { WRONG_TYPE } from '../../command/errors.ts';
import type { Context } from '../../dispatch/context.ts';
import type { Entry } from '../../parts/keyspace.ts';
import type { Consumer, Group } from '../../types/stream/group.ts';
import { streamType } from '../../types/stream/row.ts';
import type { Stream } from '../../types/stream/stream.ts';

/** As `collectionToChange`, for commands that look the key up as if they only read (XACK, XCLAIM, XREADGROUP). */
export function streamToServe(context: Context, key: string): Stream | string | undefined {
  const entry = context.db.lookupRead(key);
  if (entry === undefined) return undefined;
  if (!streamType.holds(entry.value)) return WRONG_TYPE;
  context.db.willChange(entry);
  return entry.value;
}

/** What a key holds, as the command of a waiting client finds it: known to be a stream. */
export function streamOf({ db }: Context, entry: Entry | undefined): Stream | undefined {
  if (entry === undefined || !streamType.holds(entry.value)) return undefined;
  db.willChange(entry);
  return entry.value;
}

/** Writes that change what is saved, but not the key in the eyes of WATCH. */
export function countWrites({ node }: Context, writes: number): void {
  node.stats.dirty += writes;
}

export function noSuchGroup(key: string, group: string): string {
  return error(`NOGROUP No such consumer group '${group}' for key name '${key}'`);
}

export function noSuchKeyOrGroup(key: string, group: string, where = ''): string {
  return error(`NOGROUP No such key '${key}' or consumer group '${group}'${where}`);
}

export function createConsumer(context: Context, key: string, group: Group, name: string): Consumer {
  countWrites(context, 1);
  context.db.notify('t', 'xgroup-createconsumer', key);
  return group.addConsumer(name, context.nowMs);
}

/** The consumer of this name, seen now; made where there is none. */
export function consumerFor(context: Context, key: string, group: Group, name: string): Consumer {
  const consumer = group.consumers.get(name);
  if (consumer === undefined) return createConsumer(context, key, group, name);
  consumer.seenAtMs = context.nowMs;
  return consumer;
}
