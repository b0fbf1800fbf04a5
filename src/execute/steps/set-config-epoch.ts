/** Owns the step that gives a new node an epoch of its own, so that no two masters' claims have the same rank. */
import { ReplyError, refusal } from '../../client/command.ts';
import type { SetConfigEpoch } from '../../plan/plan.ts';
import type { StepContext } from '../context.ts';

export async function setConfigEpoch(
  step: SetConfigEpoch,
  context: StepContext,
): Promise<'done' | 'already'> {
  const command = ['CLUSTER', 'SET-CONFIG-EPOCH', step.epoch];
  const [reply] = await context.pool.at(step.node.address).pipeline([command]);
  if (!(reply instanceof ReplyError)) return 'done';
  // Once it has an epoch or company, the cluster sees to it that epochs differ.
  if (/already non-zero|does not know any other/.test(reply.message)) return 'already';
  throw refusal(step.node.address, command, reply);
}
