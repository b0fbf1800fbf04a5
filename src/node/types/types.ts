/** Owns the list of data types, and which one a value is of. */
import { BytesError } from '../../core/bytes.ts';
import type { RdbValue } from '../../protocol/rdb/objects.ts';
import type { TypeName, Value } from '../keyspace/value.ts';
import { hashType } from './hash/row.ts';
import { listType } from './list/row.ts';
import type { TypeRow, ValueHost } from './row.ts';
import { setType } from './set/row.ts';
import { streamType } from './stream/row.ts';
import { stringType } from './string/row.ts';
import { isString } from './string/string.ts';
import { sortedSetType } from './zset/row.ts';

export const typeRows: readonly TypeRow[] = [
  stringType,
  listType,
  hashType,
  setType,
  sortedSetType,
  streamType,
];

const rowByName = new Map<TypeName, TypeRow>(typeRows.map((row) => [row.name, row]));

export function typeOf(value: Value): TypeRow {
  const row = rowByName.get(isString(value) ? 'string' : value.typeName);
  if (row === undefined) throw new Error('a value of no known type');
  return row;
}

/** The value that RDB has read. Throws a BytesError when it is of a type that this node does not keep. */
export function valueFromRdb(read: RdbValue, host: ValueHost): Value {
  for (const row of typeRows) {
    const value = row.fromRdb(read, host);
    if (value !== undefined) return value;
  }
  throw new BytesError(
    `values of the type ${typeof read === 'string' ? 'string' : read.type} are not supported`,
  );
}
