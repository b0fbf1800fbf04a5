/**
 * Owns the step that sets the node timeout of one node, now and, where the node has a configuration file, for its next
 * start. A node that fails is told of, and keeps no other from its own. Source: redis-cli.c clusterManagerCommandSetTimeout.
 */
import { ReplyError, refusal } from '../../client/command.ts';
import { TribError } from '../../core/errors.ts';
import type { SetNodeTimeout } from '../../plan/steps/set-node-timeout.ts';
import type { StepContext } from '../context.ts';

/** The reply of a node that has the timeout, and nowhere to keep it. */
export const notKept = 'OK, until it starts again: it runs without a configuration file';

export async function setNodeTimeout(
  { node: { address }, timeoutMs }: SetNodeTimeout,
  { pool, emit }: StepContext,
): Promise<'done'> {
  const set = ['CONFIG', 'SET', 'cluster-node-timeout', timeoutMs];
  const rewrite = ['CONFIG', 'REWRITE'];
  try {
    const client = pool.at(address);
    await client.demand(set, { repeatable: true });
    const [kept] = await client.pipeline([rewrite], { repeatable: true });
    if (kept instanceof ReplyError && !/without a config file/i.test(kept.message)) {
      throw refusal(address, rewrite, kept);
    }
    emit({ type: 'replied', node: address, ok: true, reply: kept instanceof ReplyError ? notKept : 'OK' });
  } catch (error) {
    if (!(error instanceof TribError)) throw error;
    emit({ type: 'replied', node: address, ok: false, reply: error.message });
  }
  return 'done';
}
