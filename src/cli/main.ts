/**
 * Owns the start of the command line: oclif finds and runs the command, and whatever it has to say about a command
 * line that names none is said in our way.
 */
import { run } from '@oclif/core/run';
import { TribError } from '../core/errors.ts';
import { secretsOf } from './environment.ts';

/** `entry` is the URL of the script that was started. Ends the process when all output is out. */
export async function main(entry: string): Promise<void> {
  const words = process.argv.slice(2);
  try {
    await run(words[0] === 'help' ? [...words.slice(1), '--help'] : words, entry);
  } catch (error) {
    const { failureOf, reportFailure } = await import('./report-error.ts');
    const mode = words.includes('--json') ? 'json' : words.includes('--events') ? 'events' : 'human';
    reportFailure(failureOf(translate(error), secretsOf(process.env)), mode);
  }
  // A parser's idle timer must not keep a finished command waiting; but a pipe must take all that was written.
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
}

/** oclif exits by throwing, and names unknown commands. */
function translate(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const named = /^[Cc]ommand (\S+) not found/.exec(error.message);
  if (named === null) return error;
  return new TribError('usage', `There is no command "${named[1]}".`, { hint: 'See: trib --help' });
}
