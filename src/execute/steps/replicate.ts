/** Owns the step that makes a node a replica: CLUSTER REPLICATE, repeated while the node does not know its master yet. */
import { ReplyError, refusal } from '../../client/command.ts';
import type { Replicate } from '../../plan/plan.ts';
import { poll, type StepContext } from '../context.ts';
import { askNode } from '../survey.ts';

export async function replicate(
  { node, master }: Replicate,
  context: StepContext,
): Promise<'done' | 'already'> {
  const view = await askNode(context.pool, node.address);
  if (view.lines.find(({ id }) => id === node.id)?.masterId === master.id) return 'already';
  const command = ['CLUSTER', 'REPLICATE', master.id];
  await poll(
    context,
    async () => {
      const [reply] = await context.pool.at(node.address).pipeline([command], { repeatable: true });
      if (!(reply instanceof ReplyError)) return undefined;
      if (/unknown node/i.test(reply.message)) return reply;
      throw refusal(node.address, command, reply);
    },
    (reply) => refusal(node.address, command, reply),
  );
  return 'done';
}
