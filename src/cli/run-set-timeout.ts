/** Owns the run of `trib set-timeout` between its flags and the operation. */
import { TribError } from '../core/errors.ts';
import { setTimeoutOfNodes } from '../execute/operations/set-timeout.ts';
import { shortestNodeTimeoutMs } from '../plan/set-timeout.ts';
import { type ChangeFlags, runChange } from './run-change.ts';
import { takeSeeds } from './seeds.ts';
import type { OpenSession } from './session.ts';
import { onlyWord } from './words.ts';

/** Redis keeps it in a signed 32-bit number in places. */
const longestMs = 2_147_483_647;

export async function runSetTimeout(
  words: readonly string[],
  flags: Pick<ChangeFlags, 'dry-run'>,
  openSession: OpenSession,
): Promise<void> {
  const { seeds, rest } = takeSeeds(words);
  const timeoutMs = timeoutOf(onlyWord(rest, 'Which timeout, in milliseconds?', 'set-timeout HOST:PORT MS'));
  await runChange(
    await openSession(seeds),
    {
      operation: 'set-timeout',
      flags: { ...flags, yes: true },
      question: 'Do you want to set this timeout?',
    },
    (options) => setTimeoutOfNodes({ ...options, seeds, timeoutMs }),
  );
}

function timeoutOf(word: string): number {
  const timeoutMs = Number(word);
  if (!/^\d+$/.test(word) || timeoutMs > longestMs) {
    throw new TribError('usage', `The timeout is a whole number of milliseconds, not "${word}".`);
  }
  if (timeoutMs >= shortestNodeTimeoutMs) return timeoutMs;
  throw new TribError(
    'usage',
    `Setting a node timeout of less than ${shortestNodeTimeoutMs} milliseconds is a bad idea.`,
  );
}
