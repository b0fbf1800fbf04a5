/**
 * Owns the two ends of a list: their words, and what is done at an end with all that follows. Source: Redis t_list.c
 * getListPositionFromObjectOrReply, listElementsRemoved, lmoveGenericCommand.
 */
import { bulk, bulkArray } from '../../../protocol/resp/encode.ts';
import { WRONG_TYPE } from '../../command/errors.ts';
import type { Context } from '../../dispatch/context.ts';
import { List } from '../../types/list/list.ts';
import { listType } from '../../types/list/row.ts';
import { collectionToChange, collectionToFill, settleCollection } from '../collection.ts';

export type End = 'LEFT' | 'RIGHT';

export function parseEnd(word: string): End | undefined {
  const end = word.toUpperCase();
  return end === 'LEFT' || end === 'RIGHT' ? end : undefined;
}

export const createList = (): List => new List();

/** What is left to do when `count` elements have been taken from an end. */
export function settlePop(context: Context, key: string, list: List, end: End, count: number): void {
  context.db.notify('l', end === 'LEFT' ? 'lpop' : 'rpop', key);
  settleCollection(context, key, list, count);
}

/** Takes up to `count` elements, in the order in which they are popped one by one. */
export function popMany(context: Context, key: string, list: List, end: End, count: number): string[] {
  const { size } = list;
  const taken = Math.min(count, size);
  const start = end === 'LEFT' ? 0 : size - taken;
  const elements = list.slice(start, taken);
  list.removeRange(start, taken);
  settlePop(context, key, list, end, taken);
  return end === 'LEFT' ? elements : elements.reverse();
}

/** LMPOP for one key: the reply, or undefined without such a key. Propagated as the pop that it is. */
export function popWithKey(context: Context, key: string, end: End, count: number): string | undefined {
  const list = collectionToChange(context, key, listType);
  if (list === undefined || typeof list === 'string') return list;
  const elements = popMany(context, key, list, end, count);
  context.propagateAs([end === 'LEFT' ? 'LPOP' : 'RPOP', key, String(elements.length)]);
  return `*2\r\n${bulk(key)}${bulkArray(elements)}`;
}

/** Moves one element: the reply, or undefined without the source. Nothing is propagated here. */
export function moveElement(
  context: Context,
  source: string,
  target: string,
  from: End,
  to: End,
): string | undefined {
  const { db } = context;
  const list = collectionToChange(context, source, listType);
  if (list === undefined || typeof list === 'string') return list;
  const entry = db.lookupWrite(target);
  if (entry !== undefined && !listType.holds(entry.value)) return WRONG_TYPE;
  const element = from === 'LEFT' ? list.popHead() : list.popTail();
  const targetList = collectionToFill(context, target, listType, createList);
  if (typeof targetList === 'string') return targetList;
  if (to === 'LEFT') targetList.pushHead(element);
  else targetList.pushTail(element);
  db.notify('l', to === 'LEFT' ? 'lpush' : 'rpush', target);
  if (source !== target) db.changed(target, 0);
  settlePop(context, source, list, from, 1);
  return bulk(element);
}
