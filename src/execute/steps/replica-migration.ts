/** Owns the step that sets cluster-allow-replica-migration of a node, as it runs; its configuration file is left alone. */
import type { ReplicaMigration } from '../../plan/steps/replica-migration.ts';
import type { StepContext } from '../context.ts';

const name = 'cluster-allow-replica-migration';

export async function replicaMigration(
  { node: { address }, allow }: ReplicaMigration,
  { pool }: StepContext,
): Promise<'done' | 'already'> {
  const wanted = allow ? 'yes' : 'no';
  const reply = await pool.at(address).demand(['CONFIG', 'GET', name], { repeatable: true });
  const value = Array.isArray(reply) ? reply[1] : undefined;
  if (String(value) === wanted) return 'already';
  await pool.at(address).demand(['CONFIG', 'SET', name, wanted], { repeatable: true });
  return 'done';
}
