/**
 * Owns the wait until a replica has what its master has: its link is up, and it has come to where the master was when
 * the wait began. (Under writes it never is where the master is now.)
 */
import { whyBehind } from '../../cluster/readiness.ts';
import { TribError } from '../../core/errors.ts';
import type { WaitReplicaSync } from '../../plan/steps/wait-replica-sync.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import { poll, type StepContext } from '../context.ts';
import { askPatiently } from '../survey.ts';

export async function waitReplicaSync(
  { replica, master }: WaitReplicaSync,
  context: StepContext,
): Promise<'done' | 'already'> {
  let rounds = 0;
  let goal: number | undefined;
  await poll(
    context,
    async () => {
      rounds++;
      const views = await askPatiently(context.pool, [master.address, replica.address]);
      if (typeof views === 'string') return tell(views, context);
      const [ofMaster, ofReplica] = views;
      goal ??= ofMaster?.replication.offset;
      const reason = whyBehind(ofReplica, master.id, goal);
      return reason === undefined ? undefined : tell(reason, context);
    },
    (reason) =>
      new TribError('timeout', `${formatAddress(replica.address)} has not caught up: ${reason}.`, {
        hint: 'The logs of replica and master tell why; a replica of an older version cannot read the data of a newer master. What is under way goes on by itself: try again later, or give --join-timeout.',
      }),
  );
  return rounds === 1 ? 'already' : 'done';
}

function tell(reason: string, { emit }: StepContext): string {
  emit({ type: 'waiting', missing: 1, example: reason });
  return reason;
}
