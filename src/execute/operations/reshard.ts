/** Owns the operation that moves a number of slots to one master. Usable without any command line. */
import { findProblems } from '../../cluster/health.ts';
import type { Topology } from '../../cluster/topology.ts';
import { planReshard, type ReshardRequest } from '../../plan/reshard.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import type { TribEvent } from '../events.ts';
import { survey } from '../survey.ts';
import { atRest } from '../survey-at-rest.ts';
import { carryOut } from './carry-out.ts';
import { type OperationOptions, withTools } from './options.ts';

export interface ReshardOptions extends OperationOptions {
  /** Nodes of the cluster; the first that answers serves. */
  readonly seeds: readonly Address[];
  /** What to move, once the cluster is known: nodes are named by id. */
  readonly request: (topology: Topology) => ReshardRequest | Promise<ReshardRequest>;
}

/** Ends with a "finished" event. Throws a TribError: "usage", "unsafe" before anything is changed, and others. */
export function reshard(options: ReshardOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* (tools) {
    const topology = await atRest(() => survey(tools.pool, options.seeds), tools.clock);
    yield { type: 'checked', topology, findings: findProblems(topology) };
    const plan = planReshard(topology, await options.request(topology));
    yield yield* carryOut(plan, topology, tools, options);
  });
}
