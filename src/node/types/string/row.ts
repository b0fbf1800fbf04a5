/** Owns the row of the string type. */
import type { StringValue } from '../../keyspace/value.ts';
import type { TypeRow } from '../row.ts';
import { textOf } from './byte-string.ts';
import { bytesOf, isString, stringEncoding } from './string.ts';

export const stringType: TypeRow<StringValue> = {
  name: 'string',
  holds: isString,
  encoding: stringEncoding,
  copy: (value) => (typeof value === 'string' ? value : value.copy()),
  toRdb: (value) => (typeof value === 'string' ? value : value.bytes),
  fromRdb: (value) => (typeof value === 'string' ? value : undefined),
  objectType: 0,
  rewrite: (key, value) => [['SET', key, textOf(value)]],
  digest: (value, digest) => digest.mix(bytesOf(value)),
};
