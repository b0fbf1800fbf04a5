/** Owns the run of `trib fix` between its flags and the operation. */
import { fix } from '../execute/operations/fix.ts';
import { type MoveFlags, moveOptionsOf } from './move-flags.ts';
import { type ChangeFlags, runChange } from './run-change.ts';
import { seedsOf } from './seeds.ts';
import type { OpenSession } from './session.ts';

export interface FixFlags extends ChangeFlags, MoveFlags {
  readonly 'search-multiple-owners': boolean;
  readonly 'fix-with-unreachable-masters': boolean;
}

export async function runFix(
  words: readonly string[],
  flags: FixFlags,
  openSession: OpenSession,
): Promise<void> {
  const seeds = seedsOf(words);
  await runChange(
    await openSession(seeds),
    { operation: 'fix', flags, question: 'Do you want to carry out these repairs?' },
    (options) =>
      fix({
        ...options,
        seeds,
        searchOwners: flags['search-multiple-owners'],
        withUnreachable: flags['fix-with-unreachable-masters'],
        moveOptions: moveOptionsOf(flags),
      }),
  );
}
