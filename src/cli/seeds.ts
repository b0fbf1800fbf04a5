/** Owns the reading of the nodes through which a command reaches its cluster. */
import { TribError } from '../core/errors.ts';
import { type Endpoint, parseEndpoint, parseEndpoints, takeEndpoint } from '../protocol/text/addresses.ts';

/**
 * Any number of nodes, of which the first that answers serves: "host:port", "host port" or a URL, a word each or with
 * commas between. Throws a TribError ("usage") when there is none.
 */
export function seedsOf(words: readonly string[]): readonly Endpoint[] {
  if (words.length === 0) throw noSeed();
  return parseEndpoints(words.flatMap((word) => word.split(',').filter((part) => part !== '')));
}

/** The nodes with which the words begin, and what follows: for commands that take more than a cluster. */
export function takeSeeds(words: readonly string[]): {
  readonly seeds: readonly Endpoint[];
  readonly rest: readonly string[];
} {
  const [first] = words;
  if (first === undefined) throw noSeed();
  if (first.includes(',')) return { seeds: first.split(',').map(parseEndpoint), rest: words.slice(1) };
  const { endpoint, rest } = takeEndpoint(words);
  return { seeds: [endpoint], rest };
}

function noSeed(): TribError {
  return new TribError('usage', 'Which cluster? Name one of its nodes: host:port.');
}
