/** Owns the operation by which a replica takes the place of its master. Usable without any command line. */
import type { Topology } from '../../cluster/topology.ts';
import { type FailoverRequest, planFailover } from '../../plan/failover.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import type { TribEvent } from '../events.ts';
import { survey } from '../survey.ts';
import { atRest } from '../survey-at-rest.ts';
import { carryOut } from './carry-out.ts';
import { type OperationOptions, withTools } from './options.ts';

export interface FailoverOptions extends OperationOptions {
  /** Nodes of the cluster; the first that answers serves. */
  readonly seeds: readonly Address[];
  readonly request: (topology: Topology) => FailoverRequest;
}

/** Ends with a "finished" event. Throws a TribError: "usage", "unsafe" before anything is changed; "timeout", and others. */
export function failover(options: FailoverOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* (tools) {
    const topology = await atRest(() => survey(tools.pool, options.seeds), tools.clock);
    yield { type: 'surveyed', topology };
    const plan = planFailover(topology, options.request(topology));
    yield yield* carryOut(plan, topology, tools, options);
  });
}
