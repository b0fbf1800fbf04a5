/** Owns the list of data types, and which one a value is of. */
import type { RdbValue } from '../../protocol/rdb/objects.ts';
import type { Value } from '../keyspace/value.ts';
import type { TypeRow } from './row.ts';
import { stringType } from './string/row.ts';

export const typeRows: readonly TypeRow[] = [stringType];

export function typeOf(value: Value): TypeRow {
  const row = typeRows.find((candidate) => candidate.holds(value));
  if (row === undefined) throw new Error('a value of no known type');
  return row;
}

/** The value that RDB has read. */
export function valueFromRdb(read: RdbValue): Value {
  for (const row of typeRows) {
    const value = row.fromRdb(read);
    if (value !== undefined) return value;
  }
  throw new Error('RDB gave a value of no known type');
}
