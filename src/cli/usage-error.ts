/**
 * Owns the translation of oclif's errors about a command line into ours: exit code 2, and nothing of what was typed
 * beside the names of flags, since a misspelled --pass would bring the password with it.
 */
import { TribError } from '../core/errors.ts';

/** The error of oclif's parser as a TribError; other errors as they are. */
export function translateUsageError(error: unknown, commandId: string): unknown {
  if (!(error instanceof Error) || !('oclif' in error)) return error;
  const hint = `See: trib ${commandId} --help`;
  if ('flags' in error && Array.isArray(error.flags)) {
    const names = error.flags.map((flag) => String(flag).replace(/=.*$/s, ''));
    return new TribError('usage', `Unknown ${names.length === 1 ? 'flag' : 'flags'}: ${names.join(', ')}`, {
      hint,
    });
  }
  return new TribError('usage', firstLines(error.message), { hint });
}

/** Without oclif's own advice at the end. */
function firstLines(message: string): string {
  return message.replace(/\n?See more help with --help$/, '').trim();
}
