/**
 * Owns the start of the command line: what was written for redis-cli or redis-trib.rb is put into our words, oclif finds
 * and runs the command, and whatever it has to say about a command line that names none is said in our way.
 */
import { run } from '@oclif/core/run';
import { TribError } from '../core/errors.ts';
import { isRedisCli, translateRedisCli } from './dialects/redis-cli.ts';
import { translateRedisTrib } from './dialects/redis-trib.ts';
import { secretsOf } from './environment.ts';

/** `entry` is the URL of the script that was started. Ends the process when all output is out. */
export async function main(entry: string): Promise<void> {
  const words = process.argv.slice(2);
  try {
    const argv = isRedisCli(words)
      ? await ofRedisCli(words)
      : translateRedisTrib(words, process.stdin.isTTY === true);
    if (argv.length > 0 || words.length === 0) {
      await run(argv[0] === 'help' ? [...argv.slice(1), '--help'] : [...argv], entry);
    }
  } catch (error) {
    const { failureOf, reportFailure } = await import('./report-error.ts');
    const mode = words.includes('--json') ? 'json' : words.includes('--events') ? 'events' : 'human';
    reportFailure(failureOf(translate(error), secretsOf(process.env)), mode);
  }
  // A parser's idle timer must not keep a finished command waiting; but a pipe must take all that was written.
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
}

/** The words for trib; none where its help was wanted, which is printed. */
async function ofRedisCli(words: readonly string[]): Promise<readonly string[]> {
  const { argv, inputAt } = translateRedisCli(words);
  if (argv.length === 0) {
    const { clusterHelp } = await import('./dialects/help.ts');
    process.stdout.write(clusterHelp());
  }
  return inputAt === undefined ? argv : argv.with(inputAt, await allInput());
}

async function allInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

/** oclif exits by throwing, and names unknown commands. */
function translate(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const named = /^[Cc]ommand (\S+) not found/.exec(error.message);
  if (named === null) return error;
  return new TribError('usage', `There is no command "${named[1]}".`, { hint: 'See: trib --help' });
}
