/** Owns the run of `trib del-node` between its flags and the operation. */
import { findNode } from '../cluster/find-node.ts';
import { delNode } from '../execute/operations/del-node.ts';
import { type MoveFlags, moveOptionsOf } from './move-flags.ts';
import { type ChangeFlags, runChange } from './run-change.ts';
import { takeSeeds } from './seeds.ts';
import type { OpenSession } from './session.ts';
import { onlyWord } from './words.ts';

export interface DelNodeFlags extends ChangeFlags, MoveFlags {
  readonly drain: boolean;
}

export async function runDelNode(
  words: readonly string[],
  flags: DelNodeFlags,
  openSession: OpenSession,
): Promise<void> {
  const { seeds, rest } = takeSeeds(words);
  const node = onlyWord(rest, 'Which node is to leave?', 'del-node HOST:PORT NODE [--drain]');
  await runChange(
    await openSession(seeds),
    { operation: 'del-node', flags, question: 'Do you want to remove this node?' },
    (options) =>
      delNode({
        ...options,
        seeds,
        request: (topology) => ({
          nodeId: findNode(topology, node).id,
          drain: flags.drain,
          options: moveOptionsOf(flags),
        }),
      }),
  );
}
