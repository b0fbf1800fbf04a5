/** Owns the operation by which a new node takes the place of another. Usable without any command line. */
import { findProblems } from '../../cluster/health.ts';
import type { Topology } from '../../cluster/topology.ts';
import { planReplaceNode } from '../../plan/replace-node.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import type { TribEvent } from '../events.ts';
import { lookAtNewcomer } from '../newcomer.ts';
import { survey } from '../survey.ts';
import { atRest } from '../survey-at-rest.ts';
import { carryOut } from './carry-out.ts';
import { type OperationOptions, withTools } from './options.ts';

export interface ReplaceNodeOptions extends OperationOptions {
  /** Nodes of the cluster; the first that answers serves. */
  readonly seeds: readonly Address[];
  readonly newNode: Address;
  /** The id of the node that leaves, once the cluster is known. */
  readonly oldId: (topology: Topology) => string;
}

/** Ends with a "finished" event. Throws a TribError: "usage", "unsafe" before anything is changed; "timeout", and others. */
export function replaceNode(options: ReplaceNodeOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* (tools) {
    const topology = await atRest(() => survey(tools.pool, options.seeds), tools.clock);
    yield { type: 'checked', topology, findings: findProblems(topology) };
    const oldId = options.oldId(topology);
    const newcomer = await lookAtNewcomer(tools.pool, options.newNode);
    const plan = planReplaceNode(topology, newcomer, oldId);
    yield yield* carryOut(plan, topology, tools, options);
  });
}
