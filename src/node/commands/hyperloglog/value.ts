/**
 * Owns how the commands get at a HyperLogLog, which is a string that must look like one.
 * Source: Redis hyperloglog.c isHLLObjectOrReply.
 */
import { error } from '../../../protocol/resp/encode.ts';
import { WRONG_TYPE } from '../../command/errors.ts';
import type { Context } from '../../dispatch/context.ts';
import type { StringValue } from '../../keyspace/value.ts';
import type { Entry } from '../../parts/keyspace.ts';
import type { ByteString } from '../../types/string/byte-string.ts';
import { isHyperLogLog } from '../../types/string/hyperloglog/hyperloglog.ts';
import { isString } from '../../types/string/string.ts';

export const CORRUPT = error('INVALIDOBJ Corrupted HLL object detected');
const NO_HYPERLOGLOG = error('WRONGTYPE Key is not a valid HyperLogLog string value.');

/** What the key holds, or the error reply. */
export function checkHyperLogLog({ value }: Entry): { readonly value: StringValue } | string {
  if (!isString(value)) return WRONG_TYPE;
  return isHyperLogLog(value) ? { value } : NO_HYPERLOGLOG;
}

/** What the key holds, to be changed in place, or the error reply. From then on OBJECT ENCODING says raw. */
export function editHyperLogLog({ db }: Context, entry: Entry): ByteString | string {
  const found = checkHyperLogLog(entry);
  return typeof found === 'string' ? found : db.editString(entry.key);
}

/** The largest sparse HyperLogLog, in bytes. */
export function maxSparseBytes({ node }: Context): number {
  return node.config.number('hll-sparse-max-bytes');
}
