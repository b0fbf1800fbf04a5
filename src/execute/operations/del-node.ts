/** Owns the operation by which a node leaves a cluster. Usable without any command line. */
import type { Topology } from '../../cluster/topology.ts';
import { type DelNodeRequest, planDelNode } from '../../plan/del-node.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import type { TribEvent } from '../events.ts';
import { survey } from '../survey.ts';
import { atRest } from '../survey-at-rest.ts';
import { carryOut } from './carry-out.ts';
import { type OperationOptions, withTools } from './options.ts';

export interface DelNodeOptions extends OperationOptions {
  /** Nodes of the cluster, the one that leaves among them if need be; the first that answers serves. */
  readonly seeds: readonly Address[];
  readonly request: (topology: Topology) => DelNodeRequest;
}

/** Ends with a "finished" event. Throws a TribError: "usage", "unsafe" before anything is changed, and others. */
export function delNode(options: DelNodeOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* (tools) {
    const topology = await atRest(() => survey(tools.pool, options.seeds), tools.clock);
    yield { type: 'surveyed', topology };
    const plan = planDelNode(topology, options.request(topology));
    yield yield* carryOut(plan, topology, tools, options);
  });
}
