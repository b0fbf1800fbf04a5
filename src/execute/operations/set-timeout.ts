/** Owns the operation that sets the node timeout of all nodes. Usable without any command line. */
import { planSetTimeout } from '../../plan/set-timeout.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import type { TribEvent } from '../events.ts';
import { survey } from '../survey.ts';
import { carryOut } from './carry-out.ts';
import { type OperationOptions, withTools } from './options.ts';

export interface SetTimeoutOptions extends OperationOptions {
  /** Nodes of the cluster; the first that answers serves. */
  readonly seeds: readonly Address[];
  readonly timeoutMs: number;
}

/** Ends with a "finished" event, `ok` when every node has its new timeout. Throws a TribError ("usage"), and others. */
export function setTimeoutOfNodes(options: SetTimeoutOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* (tools) {
    const topology = await survey(tools.pool, options.seeds);
    yield { type: 'surveyed', topology };
    yield yield* carryOut(planSetTimeout(topology, options.timeoutMs), topology, tools, options);
  });
}
