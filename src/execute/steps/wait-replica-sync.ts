/**
 * Owns the wait until a replica has what its master has: its link is up, and it has come to where the master was when
 * the wait began. (Under writes it never is where the master is now.)
 */
import type { NodeView } from '../../cluster/topology.ts';
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

/** What a replica lacks; `goal`: the bytes of its master's stream that it should have. */
export function whyBehind(
  view: NodeView | undefined,
  masterId: string,
  goal: number | undefined,
): string | undefined {
  if (view === undefined) return 'it does not answer';
  const own = view.lines.find(({ id }) => id === view.id);
  if (own?.masterId !== masterId) return 'it is not a replica of this master yet';
  if (view.replication.syncing) return 'it is being sent the data of its master';
  if (view.masterLinkUp !== true) return 'it has no link to its master yet';
  const { offset } = view.replication;
  if (goal === undefined || offset === undefined || offset >= goal) return undefined;
  return `it is ${goal - offset} bytes behind`;
}

function tell(reason: string, { emit }: StepContext): string {
  emit({ type: 'waiting', missing: 1, example: reason });
  return reason;
}
