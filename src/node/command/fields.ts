/** Owns the reply that is a map of names to encoded values. */
import { bulk, map, type RespVersion } from '../../protocol/resp/encode.ts';

export function fields(pairs: readonly (readonly [string, string])[], resp: RespVersion): string {
  return map(
    pairs.flatMap(([name, value]) => [bulk(name), value]),
    resp,
  );
}
