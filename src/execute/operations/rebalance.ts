/** Owns the operation that gives each master its share by weight. Usable without any command line. */
import { findProblems } from '../../cluster/health.ts';
import { nameOfNode, type Topology } from '../../cluster/topology.ts';
import { planRebalance, type RebalanceRequest } from '../../plan/rebalance.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import type { TribEvent } from '../events.ts';
import { measureSlots } from '../measure-slots.ts';
import { surveySettled } from '../settle.ts';
import { carryOut } from './carry-out.ts';
import { type OperationOptions, withTools } from './options.ts';

export interface RebalanceOptions extends OperationOptions {
  /** Nodes of the cluster; the first that answers serves. */
  readonly seeds: readonly Address[];
  /** What to do, once the cluster is known: nodes are named by id. */
  readonly request: (topology: Topology) => RebalanceRequest | Promise<RebalanceRequest>;
}

/** Ends with a "finished" event. Throws a TribError: "usage", "unsafe" before anything is changed, and others. */
export function rebalance(options: RebalanceOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* (tools) {
    // A master that was added a moment ago must not be overlooked.
    const topology = yield* surveySettled(tools, options.seeds, options.joinTimeoutMs);
    yield { type: 'checked', topology, findings: findProblems(topology) };
    const asked = await options.request(topology);
    const idle = topology.nodes.filter(({ id, role }) => role !== 'master' && asked.weights.has(id));
    // A script may weigh a node that has lost its role since: as with redis-cli, that is no reason to stop.
    for (const node of idle) {
      const message = `${nameOfNode(node)} is a replica: its weight counts for nothing.`;
      yield { type: 'note', severity: 'warning', message };
    }
    const weights = new Map([...asked.weights].filter(([id]) => idle.every((node) => node.id !== id)));
    const request = { ...asked, weights };
    const loads = request.by === 'slots' ? undefined : await measureSlots(tools.pool, topology, request.by);
    const plan = planRebalance(topology, request, loads);
    yield yield* carryOut(plan, topology, tools, options);
  });
}
