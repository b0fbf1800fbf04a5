/**
 * Owns the parting of `trib call`'s words into those for trib and those for Redis, whose arguments may look like
 * flags and may repeat.
 */

/** Flags of trib that take the next word with them. */
const withValue = new Set(['-a', '--pass', '--user']);

export interface SplitCall {
  /** For the flag parser. */
  readonly own: string[];
  /** The address, the command and its arguments. */
  readonly words: string[];
}

/** `known`: flags without a value that are trib's behind the address too. */
export function splitCall(argv: readonly string[], known: ReadonlySet<string>): SplitCall {
  const own: string[] = [];
  const words: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string;
    if (word === '--') {
      words.push(...argv.slice(at + 1));
      break;
    }
    if (known.has(word)) own.push(word);
    else if (words.length > 0 || !word.startsWith('-')) words.push(word);
    else {
      own.push(word);
      const value = argv[at + 1];
      if (withValue.has(word) && value !== undefined) {
        own.push(value);
        at++;
      }
    }
  }
  return { own, words };
}
