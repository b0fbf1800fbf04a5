/** Owns the run of `trib call` between its flags and the operation. */
import { TribError } from '../core/errors.ts';
import { call } from '../execute/operations/call.ts';
import { play } from './play.ts';
import { redact } from './report-error.ts';
import { takeSeeds } from './seeds.ts';
import type { OpenSession } from './session.ts';

export interface CallFlags {
  readonly masters: boolean;
  readonly replicas: boolean;
  /** Milliseconds. */
  readonly timeout?: number | undefined;
}

export async function runCall(
  words: readonly string[],
  flags: CallFlags,
  openSession: OpenSession,
): Promise<void> {
  const { seeds, rest: command } = takeSeeds(words);
  if (command.length === 0) throw new TribError('usage', 'Which command is to be called?');
  const session = await openSession(seeds);
  if (session.mode === 'human') {
    const shown = redact(withoutPasswords(command).join(' '), [session.credentials?.password ?? '']);
    session.write(`${session.paint('bold', '>>> Calling')} ${shown}\n`);
  }
  const only = flags.masters ? 'masters' : flags.replicas ? 'replicas' : 'all';
  await play(session, { operation: 'call' }, (options) =>
    call({
      ...options,
      seeds,
      command,
      only,
      ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout }),
    }),
  );
}

/** What is repeated on the screen; arguments that are passwords are not. */
export function withoutPasswords(command: readonly string[]): string[] {
  const [name = '', sub = '', what = ''] = command.map((word) => word.toLowerCase());
  if (name === 'auth' || (name === 'acl' && sub === 'setuser') || name === 'hello' || name === 'migrate') {
    const shown = name === 'acl' ? 3 : 1;
    return command.map((word, index) => (index < shown ? word : '***'));
  }
  const setsPassword =
    name === 'config' && sub === 'set' && /^(requirepass|masterauth|tls-.*pass)$/.test(what);
  return setsPassword ? [...command.slice(0, 3), '***'] : [...command];
}
