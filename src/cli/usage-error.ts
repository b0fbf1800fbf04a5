/**
 * Owns the translation of oclif's errors about a command line into ours: exit code 2, and nothing of what was typed
 * beside the names of flags, since a misspelled --pass would bring the password with it.
 */
import { TribError } from '../core/errors.ts';

/** The error of oclif's parser as a TribError; other errors as they are. */
export function translateUsageError(error: unknown, commandId: string): unknown {
  const hint = `See: trib ${commandId} --help`;
  // oclif puts its own words around an error of a flag's parser.
  if (error instanceof TribError && error.message.startsWith('Parsing --')) {
    return new TribError(error.code, withoutFrame(error.message), { hint });
  }
  if (!(error instanceof Error) || !('oclif' in error)) return error;
  if ('flags' in error && Array.isArray(error.flags)) {
    const names = error.flags.map((flag) => String(flag).replace(/=.*$/s, ''));
    return new TribError('usage', `Unknown ${names.length === 1 ? 'flag' : 'flags'}: ${names.join(', ')}`, {
      hint,
    });
  }
  return new TribError('usage', withoutFrame(error.message), { hint });
}

function withoutFrame(message: string): string {
  return message
    .replace(/^Parsing --\S+\s+/, '')
    .replace(/\s*See more help with --help$/, '')
    .trim();
}
