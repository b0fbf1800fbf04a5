/**
 * Owns what a key can hold. A string is a latin1 string (one character a byte), or a ByteString when it is
 * changed in place (SETBIT, SETRANGE, APPEND on long values). Other types join the union with their rooms.
 */
import type { ByteString } from '../types/string/byte-string.ts';

export type StringValue = string | ByteString;
export type Value = StringValue;

export type TypeName = 'string' | 'list' | 'set' | 'zset' | 'hash' | 'stream';

/**
 * How a string came to be, for OBJECT ENCODING: by SET and the like (int, embstr or raw, as it looks), as text that
 * was not looked at (INCRBYFLOAT: never int), or changed in place (raw, however short).
 */
export type EncodingHint = 'auto' | 'text' | 'raw';
