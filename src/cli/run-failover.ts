/** Owns the run of `trib failover` between its flags and the operation. */
import { findNode } from '../cluster/find-node.ts';
import { failover } from '../execute/operations/failover.ts';
import { type ChangeFlags, runChange } from './run-change.ts';
import { takeSeeds } from './seeds.ts';
import type { OpenSession } from './session.ts';
import { onlyWord } from './words.ts';

export interface FailoverFlags extends ChangeFlags {
  readonly force: boolean;
  readonly takeover: boolean;
}

export async function runFailover(
  words: readonly string[],
  flags: FailoverFlags,
  openSession: OpenSession,
): Promise<void> {
  const { seeds, rest } = takeSeeds(words);
  const replica = onlyWord(
    rest,
    'Which replica is to take over?',
    'failover HOST:PORT REPLICA [--force|--takeover]',
  );
  await runChange(
    await openSession(seeds),
    {
      operation: 'failover',
      flags: { ...flags, yes: true },
      question: 'Do you want this replica to take over?',
    },
    (options) =>
      failover({
        ...options,
        seeds,
        request: (topology) => ({
          replicaId: findNode(topology, replica).id,
          way: flags.takeover ? 'takeover' : flags.force ? 'force' : 'manual',
        }),
      }),
  );
}
