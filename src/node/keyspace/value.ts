/**
 * Owns what a key can hold. A string is a latin1 string (one character a byte), or a ByteString when it is
 * changed in place (SETBIT, SETRANGE, APPEND on long values). Everything else is a collection.
 */
import type { MemoryAccount } from '../types/memory.ts';
import type { ByteString } from '../types/string/byte-string.ts';

export type StringValue = string | ByteString;

export type CollectionName = 'list' | 'set' | 'zset' | 'hash' | 'stream';
export type TypeName = 'string' | CollectionName;

/**
 * A value with elements, each type a class of its own in types/. It is changed in place: by its own methods, after
 * Database.willChange and before Database.changed.
 */
export interface Collection {
  readonly typeName: CollectionName;
  /** As LLEN, SCARD, ZCARD, HLEN and XLEN count. */
  readonly size: number;
  /** What it takes, kept with each change; its account hears of it (types/memory.ts). */
  readonly memoryBytes: number;
  account: MemoryAccount | undefined;
}

export type Value = StringValue | Collection;

/**
 * How a string came to be, for OBJECT ENCODING: by SET and the like (int, embstr or raw, as it looks), as text that
 * was not looked at (INCRBYFLOAT: never int), or changed in place (raw, however short).
 */
export type EncodingHint = 'auto' | 'text' | 'raw';
