/** Owns the plan that sets the node timeout of all nodes. Pure. Source: redis-cli.c clusterManagerCommandSetTimeout. */
import type { Topology } from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import { defaultMoveOptions, PLAN_VERSION, type PlainPlan, refTo } from './plan.ts';

export const shortestNodeTimeoutMs = 100;

/** Throws a TribError ("usage") for a timeout that is too short. Nodes that do not answer are in it: they count as failed. */
export function planSetTimeout(topology: Topology, timeoutMs: number): PlainPlan {
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < shortestNodeTimeoutMs) {
    throw new TribError(
      'usage',
      `Setting a node timeout of less than ${shortestNodeTimeoutMs} milliseconds is a bad idea.`,
    );
  }
  const addressed = topology.nodes.filter(({ address }) => address.host !== '' && address.port > 0);
  return {
    version: PLAN_VERSION,
    operation: 'set-timeout',
    seed: topology.seed,
    options: defaultMoveOptions,
    steps: addressed.map((node) => ({ kind: 'set-node-timeout', node: refTo(node), timeoutMs })),
  };
}
