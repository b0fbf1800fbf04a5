/** Owns DEBUG DIGEST and DIGEST-VALUE. Source: Redis debug.c computeDatasetDigest, xorObjectDigest. */
import type { Database, Entry } from '../../parts/keyspace.ts';
import { Digest } from '../../types/digest.ts';
import { typeOf } from '../../types/types.ts';

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function addValue(entry: Entry, digest: Digest): void {
  const type = typeOf(entry.value);
  digest.mix(uint32(type.objectType));
  type.digest(entry.value, digest);
  if (entry.expireAtMs >= 0) digest.xor('!!expire!!');
}

/** 40 hexadecimal characters; zeros for a key that is not there. */
export function valueDigest(db: Database, key: string): string {
  const digest = new Digest();
  const entry = db.peek(key);
  if (entry) addValue(entry, digest);
  return digest.hex;
}

/** The same for equal data, in whatever order they are kept. */
export function datasetDigest(databases: readonly Database[]): string {
  const total = new Digest();
  for (const db of databases) {
    if (db.size === 0) continue;
    total.mix(uint32(db.index));
    for (const entry of db.entries()) {
      const digest = new Digest();
      digest.mix(entry.key);
      addValue(entry, digest);
      total.xor(digest.bytes);
    }
  }
  return total.hex;
}
