/**
 * Owns the wait until a cluster does its work: every node says cluster_state:ok, and every replica has its link. A
 * new master waits for as long as its node timeout (at most 5 s) before it serves, so this takes its time.
 */
import { TribError } from '../../core/errors.ts';
import type { WaitServing } from '../../plan/plan.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import { poll, type StepContext } from '../context.ts';
import { askPatiently } from '../survey.ts';

export async function waitServing({ nodes }: WaitServing, context: StepContext): Promise<'done' | 'already'> {
  let rounds = 0;
  await poll(
    context,
    async () => {
      rounds++;
      const views = await askPatiently(
        context.pool,
        nodes.map(({ address }) => address),
      );
      if (typeof views === 'string') return views;
      const refusing = views.find(({ state }) => state === 'fail');
      if (refusing !== undefined) return `${formatAddress(refusing.address)} still refuses clients`;
      const unlinked = views.find(({ masterLinkUp }) => masterLinkUp === false);
      if (unlinked !== undefined) return `${formatAddress(unlinked.address)} has no link to its master yet`;
      return undefined;
    },
    (reason) =>
      new TribError('timeout', `The cluster was made, but ${reason}.`, {
        hint: 'Look again with trib check.',
      }),
  );
  return rounds === 1 ? 'already' : 'done';
}
