/** Owns the run of `trib wait` between its flags and the operation. */
import type { Condition } from '../cluster/readiness.ts';
import { wait } from '../execute/operations/wait.ts';
import { play } from './play.ts';
import { seedsOf } from './seeds.ts';
import type { OpenSession } from './session.ts';

export interface WaitFlags {
  readonly for: readonly Condition[];
  readonly timeout: number;
}

export async function runWait(
  words: readonly string[],
  flags: WaitFlags,
  openSession: OpenSession,
): Promise<void> {
  const seeds = seedsOf(words);
  const session = await openSession(seeds);
  await play(session, { operation: 'wait' }, (options) =>
    wait({ ...options, seeds, for: flags.for, timeoutMs: flags.timeout }),
  );
}
