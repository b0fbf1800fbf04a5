/** Owns the row of the hash type. */
import { Digest } from '../digest.ts';
import { estimatedBytes } from '../memory.ts';
import { rewriteInParts } from '../rewrite.ts';
import type { TypeRow } from '../row.ts';
import { Hash } from './hash.ts';

/** As seen in V8: the hash with an empty Map or table, the place of an entry in a Map, and a field in a table. */
const EMPTY_BYTES = 200;
const MAP_ENTRY_BYTES = 40;
const FIELD_BYTES = 72;

export const hashType: TypeRow<Hash> = {
  name: 'hash',
  holds: (value): value is Hash => value instanceof Hash,
  encoding: (hash) => hash.encoding,
  copy: (hash) => hash.copy(),
  toRdb: (hash) => ({ type: 'hash', size: hash.size, entries: hash.entries(), encoding: hash.encoding }),
  fromRdb(read, host) {
    if (typeof read === 'string' || read.type !== 'hash') return undefined;
    return Hash.from(read.entries, read.size, host, read.packed);
  },
  objectType: 4,
  rewrite: (key, hash) => rewriteInParts(['HMSET', key], flat(hash), 2),
  digest(hash, digest) {
    for (const [field, value] of hash.entries()) {
      const entry = new Digest();
      entry.mix(field);
      entry.mix(value);
      digest.xor(entry.bytes);
    }
  },
  memoryBytes: (hash) =>
    EMPTY_BYTES +
    estimatedBytes(flat(hash), hash.size, 2, hash.encoding === 'listpack' ? MAP_ENTRY_BYTES : FIELD_BYTES),
};

function* flat(hash: Hash): IterableIterator<string> {
  for (const entry of hash.entries()) yield* entry;
}
