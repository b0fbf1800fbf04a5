/**
 * Owns what every command that changes a cluster has in common: the plan is shown, approved, kept before its first
 * effect, and carried out before a view.
 */
import type { TribEvent } from '../execute/events.ts';
import type { OperationOptions } from '../execute/operations/options.ts';
import { Asker } from './ask.ts';
import { approvesAll } from './environment.ts';
import { play } from './play.ts';
import type { Session } from './session.ts';
import type { Operation } from './views/view.ts';

/** What `changeFlags` of flags.ts give. */
export interface ChangeFlags {
  readonly yes: boolean;
  readonly 'dry-run': boolean;
  readonly plan?: string | undefined;
  /** Milliseconds for nodes to know each other and to agree. */
  readonly 'join-timeout'?: number | undefined;
}

export interface Change {
  readonly operation: Operation;
  /** Where the plan was read from, if it was. */
  readonly planOrigin?: string | undefined;
  readonly flags: ChangeFlags;
  /** Ends with a question mark. */
  readonly question: string;
  /** The question as scripts know it that answer through a pipe; with the blank behind it. */
  readonly questionOnPipe?: string;
  /** Who has asked before, when somebody has: lines that a pipe gave are not given again. */
  readonly asker?: Asker;
}

/** Runs what `begin` makes of the options. Throws what the operation throws. */
export async function runChange(
  session: Session,
  { operation, planOrigin, flags, question, questionOnPipe, asker = new Asker(session) }: Change,
  begin: (options: OperationOptions) => AsyncGenerator<TribEvent, void>,
): Promise<void> {
  const onPipe = questionOnPipe ?? question.replace(/\?$/, ' (yes/no)? ');
  const approve = async (): Promise<boolean> => asker.confirm(asker.onTerminal ? question : onPipe, '--yes');
  await play(
    session,
    {
      operation,
      planFile: flags.plan,
      dryRun: flags['dry-run'],
      planOrigin,
      approve: flags.yes || approvesAll(process.env) ? undefined : approve,
    },
    (options) =>
      begin({
        ...options,
        dryRun: flags['dry-run'],
        ...(flags['join-timeout'] === undefined ? {} : { joinTimeoutMs: flags['join-timeout'] }),
      }),
  );
}
