/** Owns HSCAN, SSCAN and ZSCAN: a collection, a few elements at a time. Source: Redis db.c scanGenericCommand. */
import { array, bulk } from '../../protocol/resp/encode.ts';
import type { Reply } from '../command/row.ts';
import type { Context } from '../dispatch/context.ts';
import { globMatches } from '../keyspace/glob.ts';
import type { Collection } from '../keyspace/value.ts';
import type { TypeRow } from '../types/row.ts';
import { collectionToRead } from './collection.ts';
import { INVALID_CURSOR, parseCursor, parseScanOptions } from './scan-arguments.ts';

export interface Scannable extends Collection {
  /** Visits a few elements, and what goes with each, as text; returns the next cursor, 0 at the end. */
  scan(cursor: number, visit: (element: string, value?: string) => void): number;
}

const NOTHING = array([bulk('0'), array([])]);
/** Steps that one call makes at most, for each element it shall return. */
const STEPS_PER_ELEMENT = 10;

/** argv: command, key, cursor, options. */
export function scanElements<V extends Scannable>(
  context: Context,
  argv: readonly string[],
  type: TypeRow<V>,
): Reply {
  let cursor = parseCursor(argv[2] as string);
  if (cursor === undefined) return INVALID_CURSOR;
  const value = collectionToRead(context, argv[1] as string, type);
  if (value === undefined) return NOTHING;
  if (typeof value === 'string') return value;
  const options = parseScanOptions(argv, 3, false);
  if (typeof options === 'string') return options;
  const { count, pattern } = options;
  let visited = 0;
  const items: string[] = [];
  const visit = (element: string, companion?: string): void => {
    visited++;
    if (pattern !== undefined && !globMatches(pattern, element)) return;
    items.push(bulk(element));
    if (companion !== undefined) items.push(bulk(companion));
  };
  let steps = count * STEPS_PER_ELEMENT;
  do cursor = value.scan(cursor, visit);
  while (cursor !== 0 && steps-- > 0 && visited < count);
  return array([bulk(String(cursor)), array(items)]);
}
