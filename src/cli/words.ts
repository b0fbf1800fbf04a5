/** Owns the check that a command line has the words that its command takes, no fewer and no more. */
import { TribError } from '../core/errors.ts';

/** `usage` as in the help, without "trib". Throws a TribError ("usage"). */
export function onlyWord(words: readonly string[], missing: string, usage: string): string {
  const [word, ...others] = words;
  if (word === undefined) throw new TribError('usage', missing, { hint: `Usage: trib ${usage}` });
  refuseMore(others, usage);
  return word;
}

/** Throws a TribError ("usage") when there are words left. */
export function refuseMore(words: readonly string[], usage: string): void {
  if (words.length === 0) return;
  throw new TribError(
    'usage',
    `Too many words: ${words.length === 1 ? 'one is' : `${words.length} are`} left over.`,
    {
      hint: `Usage: trib ${usage}`,
    },
  );
}
