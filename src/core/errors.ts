/**
 * Owns the one error class of the project and the one table of exit codes.
 * An error's message is a clear sentence for an operator: what happened, on which node, what to do. It never
 * holds a password.
 */

/** Process exit code of each kind of failure. 130 and 143 are those of SIGINT and SIGTERM. */
export const exitCodes = {
  ok: 0,
  /** Problems were found, or the operation failed. */
  failed: 1,
  /** The command line is wrong, or something is missing where nobody can be asked. */
  usage: 2,
  /** No node could be reached. */
  connect: 3,
  /** Refused by authentication, authorisation or TLS. */
  auth: 4,
  /** Refused as unsafe, or because the plan no longer fits the cluster. */
  unsafe: 5,
  /** Timed out waiting for the cluster. */
  timeout: 6,
  interrupted: 130,
  terminated: 143,
} as const;

export type ErrorCode = Exclude<keyof typeof exitCodes, 'ok'>;

export interface TribErrorOptions {
  /** What the operator can do about it: a sentence, shown below the message. */
  readonly hint?: string;
  readonly cause?: unknown;
}

export class TribError extends Error {
  override readonly name = 'TribError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: TribErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }

  get exitCode(): number {
    return exitCodes[this.code];
  }
}

/** The message of anything thrown, for a sentence: never a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
