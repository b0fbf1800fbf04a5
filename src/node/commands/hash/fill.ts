/** Owns how commands get at the hash that they add to. Source: Redis t_hash.c hashTypeLookupWriteOrCreate. */
import type { Context } from '../../dispatch/context.ts';
import { Hash } from '../../types/hash/hash.ts';
import { hashType } from '../../types/hash/row.ts';
import type { ValueHost } from '../../types/row.ts';
import { collectionToFill } from '../collection.ts';

const createHash = (host: ValueHost): Hash => new Hash(host);

/** The hash at `key`, made if there is none; or the error reply. `settleCollection` afterwards. */
export function hashToFill(context: Context, key: string): Hash | string {
  return collectionToFill(context, key, hashType, createHash);
}
