/**
 * Owns the parting of `trib call`'s words into those for trib and those for Redis, whose arguments may look like
 * flags and may repeat. Until the command begins, a flag is trib's.
 */

/** Flags of trib that take the next word with them. */
const withValue = new Set([
  '-a',
  '--pass',
  '--user',
  '--timeout',
  '--cacert',
  '--cacertdir',
  '--cert',
  '--key',
  '--sni',
  '--tls-ciphers',
  '--tls-ciphersuites',
]);

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
    else if (!word.startsWith('-') || hasCommand(words)) words.push(word);
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

/** Whether the command has begun behind the address, which may be two words, host and port. */
function hasCommand([address = '', next, ...rest]: readonly string[]): boolean {
  if (next === undefined) return false;
  const isPort = /^\d+$/.test(next) && !address.includes(':') && !/^\d+$/.test(address);
  return !isPort || rest.length > 0;
}
