/** Owns the values that SORT's patterns name. Source: Redis sort.c lookupKeyByPattern. */
import type { Database } from '../../parts/keyspace.ts';
import { hashType } from '../../types/hash/row.ts';
import { textOf } from '../../types/string/byte-string.ts';
import { isString } from '../../types/string/string.ts';

/** What a pattern names for an element; undefined when that is nothing. */
export type Lookup = (element: string) => string | undefined;

/**
 * '#' names the element itself, "prefix*rest" the string of a key, "prefix*rest->field" a field of a hash; the element
 * stands for the first '*'. A pattern without one names nothing.
 */
export function lookupOf(db: Database, pattern: string): Lookup {
  if (pattern === '#') return (element) => element;
  const star = pattern.indexOf('*');
  if (star < 0) return () => undefined;
  const arrow = pattern.indexOf('->', star + 1);
  // An arrow with nothing behind it is a part of the name.
  const hasField = arrow >= 0 && arrow + 2 < pattern.length;
  const prefix = pattern.slice(0, star);
  const rest = pattern.slice(star + 1, hasField ? arrow : undefined);
  const field = hasField ? pattern.slice(arrow + 2) : undefined;
  return (element) => {
    const value = db.lookupRead(prefix + element + rest)?.value;
    if (value === undefined) return undefined;
    if (field !== undefined) return hashType.holds(value) ? value.get(field) : undefined;
    return isString(value) ? textOf(value) : undefined;
  };
}
