/** Owns the reading of the one node through which a command reaches its cluster. */
import { TribError } from '../core/errors.ts';
import { type Endpoint, parseEndpoints } from '../protocol/text/addresses.ts';

/** "host:port", "host port" or a URL. Throws a TribError ("usage") when there is none, or more than one. */
export function oneSeed(words: readonly string[]): Endpoint {
  const [seed, ...others] = parseEndpoints(words);
  if (seed === undefined) {
    throw new TribError('usage', 'Which cluster? Name one of its nodes: host:port.');
  }
  if (others.length > 0) throw new TribError('usage', 'One node is enough to find its cluster.');
  return seed;
}
