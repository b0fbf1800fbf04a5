/**
 * Owns the step that makes a replica a master without slots. CLUSTER RESET SOFT is the only way there is: it keeps the
 * node's id, deletes the copy of its master's data, and lets it forget the others, which it then meets again.
 */
import type { Release } from '../../plan/steps/release.ts';
import type { StepContext } from '../context.ts';
import { askNode } from '../survey.ts';
import { join } from './join.ts';

export async function release({ node, members }: Release, context: StepContext): Promise<'done' | 'already'> {
  const view = await askNode(context.pool, node.address);
  const isReplica = view.lines.find(({ id }) => id === node.id)?.masterId !== undefined;
  if (isReplica) await context.pool.at(node.address).demand(['CLUSTER', 'RESET', 'SOFT']);
  const joined = await join({ kind: 'join', node, members }, context);
  return isReplica ? 'done' : joined;
}
