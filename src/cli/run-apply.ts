/** Owns the run of `trib apply` between its flags and the operation. */
import { TribError } from '../core/errors.ts';
import { apply } from '../execute/operations/apply.ts';
import { Asker } from './ask.ts';
import { readPlan } from './plan-store.ts';
import { play } from './play.ts';
import type { Session } from './session.ts';

export interface ApplyFlags {
  readonly timeout?: number | undefined;
  readonly yes: boolean;
  readonly 'dry-run': boolean;
}

export async function runApply(
  words: readonly string[],
  flags: ApplyFlags,
  openSession: () => Promise<Session>,
): Promise<void> {
  const [file, ...others] = words;
  if (file === undefined || others.length > 0) throw new TribError('usage', 'Name one file with a plan.');
  const plan = await readPlan(file);
  const session = await openSession();
  const asker = new Asker(session);
  const question = 'Do you want to carry out this plan';
  const approve = async (): Promise<boolean> =>
    asker.confirm(asker.onTerminal ? `${question}?` : `${question} (yes/no)? `, '--yes');
  await play(
    session,
    { operation: 'apply', planFile: file, approve: flags.yes ? undefined : approve },
    (options) =>
      apply({
        ...options,
        plan,
        dryRun: flags['dry-run'],
        ...(flags.timeout === undefined ? {} : { joinTimeoutMs: flags.timeout }),
      }),
  );
}
