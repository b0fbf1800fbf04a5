/**
 * Owns the step that lets a node forget the cluster that it has left: CLUSTER RESET SOFT, which keeps its id, and
 * deletes the data of a replica; and of its clients, which have no business there any more.
 * Source: redis-cli.c clusterManagerCommandDeleteNode.
 */
import { ConnectionLost } from '../../client/command.ts';
import type { NodeView } from '../../cluster/topology.ts';
import { TribError } from '../../core/errors.ts';
import type { Reset } from '../../plan/steps/reset.ts';
import { formatAddress } from '../../protocol/text/addresses.ts';
import type { StepContext } from '../context.ts';
import { askNode } from '../survey.ts';

/**
 * A client that stayed would take the node's word for the map of slots, which is empty now: ioredis then drops all its
 * connections, and fails what is under way. Who may not say this has lost nothing by it.
 */
const partings = ['normal', 'pubsub'].map((type) => ['CLIENT', 'KILL', 'TYPE', type]);

export async function reset({ node }: Reset, context: StepContext): Promise<'done' | 'already'> {
  const name = formatAddress(node.address);
  let view: NodeView;
  try {
    view = await askNode(context.pool, node.address);
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
    const message = `${name} does not answer, and was not reset: it still takes itself for a node of the cluster. When it is back, send it CLUSTER RESET SOFT.`;
    context.emit({ type: 'note', severity: 'warning', message });
    return 'already';
  }
  // Another node may listen there by now.
  if (view.id !== node.id) return 'already';
  const own = view.lines.find(({ id }) => id === node.id);
  const alone = view.lines.length === 1 && own?.masterId === undefined && own?.slots.length === 0;
  if (alone) return 'already';
  if (view.keyCount > 0 && own?.masterId === undefined) {
    throw new TribError(
      'unsafe',
      `${name} left the cluster as a master with ${view.keyCount} keys: it is not reset.`,
      {
        hint: 'If nobody needs these keys: FLUSHALL, then CLUSTER RESET SOFT, on that node.',
      },
    );
  }
  const client = context.pool.at(node.address);
  await client.demand(['CLUSTER', 'RESET', 'SOFT'], { repeatable: true });
  await client.pipeline(partings, { repeatable: true });
  return 'done';
}
