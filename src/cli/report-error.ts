/**
 * Owns how a failure is told: what happened, and what to do, on standard error; or as data where data was asked for.
 * Never a stack trace, and never a password.
 */
import { type ErrorCode, exitCodes, messageOf, TribError } from '../core/errors.ts';
import { EVENTS_VERSION } from '../execute/events.ts';
import type { OutputMode } from './session.ts';

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
}

/** Anything that was thrown, as a failure; `secrets` are taken out of its words. */
export function failureOf(error: unknown, secrets: readonly string[]): Failure {
  const clean = (text: string): string => redact(text, secrets);
  if (error instanceof TribError) {
    const { code, message, hint } = error;
    return { code, message: clean(message), hint: hint === undefined ? undefined : clean(hint) };
  }
  // inquirer throws this when a prompt is left with Ctrl-C.
  if (error instanceof Error && error.name === 'ExitPromptError') {
    return { code: 'interrupted', message: 'Nothing was changed.', hint: undefined };
  }
  return { code: 'failed', message: clean(`Unexpected: ${messageOf(error)}`), hint: undefined };
}

/** Writes the failure where it belongs and sets the exit code of the process. */
export function reportFailure(failure: Failure, mode: OutputMode): void {
  const exitCode = exitCodes[failure.code];
  process.exitCode = exitCode;
  const data = { code: failure.code, exitCode, message: failure.message, hint: failure.hint };
  if (mode === 'json') process.stdout.write(`${JSON.stringify({ ok: false, error: data }, undefined, 2)}\n`);
  else if (mode === 'events') {
    process.stdout.write(`${JSON.stringify({ v: EVENTS_VERSION, type: 'failed', ...data })}\n`);
  } else {
    const hint = failure.hint === undefined ? '' : `${failure.hint}\n`;
    process.stderr.write(`${failure.message}\n${hint}`);
  }
}

/** Secrets so short that they occur by chance are in no message that trib writes. */
const shortestSecret = 3;

export function redact(text: string, secrets: readonly string[]): string {
  return secrets
    .filter(({ length }) => length >= shortestSecret)
    .reduce((clean, secret) => clean.replaceAll(secret, '***'), text);
}
