/**
 * Owns what strings are to commands: which values are strings, and what OBJECT ENCODING says of them.
 * Source: Redis object.c tryObjectEncoding, createStringObject.
 */
import { parseInt64 } from '../../../core/int64.ts';
import type { EncodingHint, StringValue, Value } from '../../keyspace/value.ts';
import { ByteString } from './byte-string.ts';

/** The longest string that Redis keeps in one allocation with its header. */
const EMBEDDED_LENGTH = 44;
/** The longest text of a 64-bit number. */
const INTEGER_LENGTH = 20;

export function isString(value: Value): value is StringValue {
  return typeof value === 'string' || value instanceof ByteString;
}

export type StringEncoding = 'int' | 'embstr' | 'raw';

export function stringEncoding(value: StringValue, hint: EncodingHint): StringEncoding {
  if (hint === 'raw' || typeof value !== 'string') return 'raw';
  if (hint === 'auto' && value.length <= INTEGER_LENGTH && parseInt64(value) !== undefined) return 'int';
  return value.length <= EMBEDDED_LENGTH ? 'embstr' : 'raw';
}

/** The bytes; a view where there is one, valid until the next change. */
export function bytesOf(value: StringValue): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value, 'latin1') : value.bytes;
}
