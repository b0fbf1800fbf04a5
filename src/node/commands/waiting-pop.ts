/**
 * Owns how a command takes from the first of several keys that has something, or waits until one has. Source: Redis t_list.c
 * blockingPopGenericCommand, t_zset.c blockingGenericZpopCommand.
 */
import { nullArray } from '../../protocol/resp/encode.ts';
import { BLOCKED, type Reply } from '../command/row.ts';
import type { Context } from '../dispatch/context.ts';
import type { CollectionName } from '../keyspace/value.ts';
import type { KeyWait } from '../parts/dispatch.ts';
import { parseTimeoutSeconds } from './timeout.ts';

/**
 * `wait.serve` takes from one key, and tells by context.propagateAs what it did; undefined: there is nothing. `refusal` is the
 * reply where the client may not wait.
 */
export function serveOrWait(context: Context, wait: KeyWait, refusal = wait.timeoutReply): Reply {
  for (const key of wait.keys) {
    const reply = wait.serve(key);
    if (reply !== undefined) return reply;
  }
  if (!context.mayBlock) return refusal;
  context.node.keyWaiters.wait(context.client, wait);
  return BLOCKED;
}

/** BLPOP and its like: `serve` takes from one key, `timeoutText` is the argument that says how long to wait. */
export function popFromAny(
  context: Context,
  argv: readonly string[],
  type: CollectionName,
  keys: readonly string[],
  timeoutText: string,
  serve: KeyWait['serve'],
): Reply {
  const timeoutMs = parseTimeoutSeconds(timeoutText);
  if (typeof timeoutMs === 'string') return timeoutMs;
  return serveOrWait(context, { keys, type, timeoutMs, timeoutReply: nullArray(context.resp), argv, serve });
}
