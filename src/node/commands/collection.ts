/**
 * Owns how commands get at a collection: it has to be of their type, is made when it is not there, and goes when it is empty.
 * Each function returns the encoded WRONGTYPE error where the key holds something else.
 * Source: Redis object.c checkType; db.c lookupKeyReadOrReply; the ends of t_list.c, t_set.c, t_hash.c, t_zset.c.
 */
import { WRONG_TYPE } from '../command/errors.ts';
import type { Context } from '../dispatch/context.ts';
import type { Collection } from '../keyspace/value.ts';
import type { TypeRow, ValueHost } from '../types/row.ts';

/** For a command that reads. Undefined without such a key. */
export function collectionToRead<V extends Collection>(
  { db }: Context,
  key: string,
  type: TypeRow<V>,
): V | string | undefined {
  const entry = db.lookupRead(key);
  if (entry === undefined) return undefined;
  return type.holds(entry.value) ? entry.value : WRONG_TYPE;
}

/** For a command that changes what is there; `settleCollection` afterwards. Undefined without such a key. */
export function collectionToChange<V extends Collection>(
  { db }: Context,
  key: string,
  type: TypeRow<V>,
): V | string | undefined {
  const entry = db.lookupWrite(key);
  if (entry === undefined) return undefined;
  if (!type.holds(entry.value)) return WRONG_TYPE;
  db.willChange(entry);
  return entry.value;
}

/** For a command that adds: `make` gives a new one where there is none; no closure, for it is passed with each command. */
export function collectionToFill<V extends Collection>(
  context: Context,
  key: string,
  type: TypeRow<V>,
  make: (host: ValueHost) => V,
): V | string {
  const found = collectionToChange(context, key, type);
  if (found !== undefined) return found;
  const value = make(context.node);
  context.db.add(key, value);
  return value;
}

/**
 * Ends a change in place: `writes` is what counts for the next save, 0 when nothing changed after all. An empty
 * collection goes, and its deletion is notified.
 */
export function settleCollection({ db }: Context, key: string, value: Collection, writes: number): void {
  if (writes > 0) db.changed(key, writes);
  if (value.size > 0) return;
  db.removeEmpty(key);
  if (writes > 0) db.notify('g', 'del', key);
}
