/** Owns the operation that takes a new, empty node into a cluster. Usable without any command line. */
import { findProblems } from '../../cluster/health.ts';
import type { Topology } from '../../cluster/topology.ts';
import { type AddNodeRequest, planAddNode } from '../../plan/add-node.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import type { TribEvent } from '../events.ts';
import { lookAtNewcomer } from '../newcomer.ts';
import { survey } from '../survey.ts';
import { atRest } from '../survey-at-rest.ts';
import { carryOut } from './carry-out.ts';
import { type OperationOptions, withTools } from './options.ts';

export interface AddNodeOptions extends OperationOptions {
  readonly newNode: Address;
  /** Nodes of the cluster; the first that answers serves. */
  readonly seeds: readonly Address[];
  /** What it is to become, once the cluster is known: nodes are named by id. */
  readonly request: (topology: Topology) => AddNodeRequest;
}

/** Ends with a "finished" event. Throws a TribError: "usage", "unsafe" before anything is changed; "timeout", and others. */
export function addNode(options: AddNodeOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* (tools) {
    const topology = await atRest(() => survey(tools.pool, options.seeds), tools.clock);
    yield { type: 'checked', topology, findings: findProblems(topology) };
    const request = options.request(topology);
    const newcomer = await lookAtNewcomer(tools.pool, options.newNode);
    const plan = planAddNode(topology, newcomer, request);
    yield yield* carryOut(plan, topology, tools, options);
  });
}
