/** Owns the row of the hash type. */
import { Digest } from '../digest.ts';
import { rewriteInParts } from '../rewrite.ts';
import type { TypeRow } from '../row.ts';
import { Hash } from './hash.ts';

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
};

function* flat(hash: Hash): IterableIterator<string> {
  for (const entry of hash.entries()) yield* entry;
}
