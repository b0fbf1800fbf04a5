/** Owns the run of `trib drain` between its flags and the operation. */
import { findMaster } from '../cluster/find-node.ts';
import { drain } from '../execute/operations/drain.ts';
import { type MoveFlags, moveOptionsOf } from './move-flags.ts';
import { type ChangeFlags, runChange } from './run-change.ts';
import { takeSeeds } from './seeds.ts';
import type { OpenSession } from './session.ts';
import { onlyWord } from './words.ts';

export async function runDrain(
  words: readonly string[],
  flags: ChangeFlags & MoveFlags,
  openSession: OpenSession,
): Promise<void> {
  const { seeds, rest } = takeSeeds(words);
  const node = onlyWord(rest, 'Which master is to give its slots?', 'drain HOST:PORT NODE');
  await runChange(
    await openSession(seeds),
    { operation: 'drain', flags, question: 'Do you want to move these slots?' },
    (options) =>
      drain({
        ...options,
        seeds,
        request: (topology) => ({ nodeId: findMaster(topology, node).id, options: moveOptionsOf(flags) }),
      }),
  );
}
