/**
 * Owns what a data type is: one row a type. Commands on keys of any type, DUMP, RESTORE and replication work through it.
 */
import type { RdbSource, RdbValue } from '../../protocol/rdb/objects.ts';
import type { Hasher } from '../keyspace/hasher.ts';
import type { EncodingHint, TypeName, Value } from '../keyspace/value.ts';
import type { Config } from '../parts/basics.ts';
import type { Digest } from './digest.ts';

/** What values take from their node: the limits of their encodings, and the hash of their members. NodeParts is one. */
export interface ValueHost {
  readonly config: Config;
  readonly memberHasher: Hasher;
}

export interface TypeRow<V extends Value = Value> {
  /** As TYPE shows it. */
  readonly name: TypeName;
  holds(value: Value): value is V;
  /** As OBJECT ENCODING shows it. */
  encoding(value: V, hint: EncodingHint): string;
  /** A value of its own: changing one does not change the other. */
  copy(value: V): V;
  /** What RDB writes. A view of the value: to be written before its next change. */
  toRdb(value: V): RdbSource;
  /** What RDB has read; undefined for another type's. */
  fromRdb(value: RdbValue, host: ValueHost): V | undefined;
  /** Redis's number of the type (server.h OBJ_STRING ...), as digests begin with. */
  readonly objectType: number;
  /**
   * The commands that make the value anew under this key, each with a bounded number of elements: what an AOF without
   * RDB preamble holds. Source: aof.c rewriteListObject and its like.
   */
  rewrite(key: string, value: V): Iterable<readonly string[]>;
  /** Adds the value to a digest, so that equal values give equal digests however they are kept. */
  digest(value: V, digest: Digest): void;
}
