/** Owns the operation that makes a cluster of separate nodes. Usable without any command line. */
import { findProblems, hasErrors } from '../../cluster/health.ts';
import type { Topology } from '../../cluster/topology.ts';
import { type CreateRequest, planCreate } from '../../plan/create.ts';
import type { CreatePlan } from '../../plan/plan.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import type { TribEvent } from '../events.ts';
import { survey, surveyEach } from '../survey.ts';
import { carryOut } from './carry-out.ts';
import { type OperationOptions, type Tools, withTools } from './options.ts';

export interface CreateOptions extends OperationOptions, Partial<CreateRequest> {
  /** Masters come first, as far as hosts allow. */
  readonly nodes: readonly Address[];
}

/**
 * Ends with a "finished" event. Throws a TribError: "usage", "unsafe" before anything is changed; "timeout" when the
 * nodes do not join, and others.
 */
export function create(options: CreateOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* (tools) {
    const topology = await surveyEach(tools.pool, options.nodes);
    yield { type: 'surveyed', topology };
    const request = {
      replicas: options.replicas ?? 0,
      waitServing: options.waitServing ?? false,
      allowFewMasters: options.allowFewMasters ?? false,
    };
    yield* carryOutCreate(planCreate(topology, request, tools.random), topology, tools, options);
  });
}

/** Yields all that follows the plan of a new cluster, a check of what was made included. */
export async function* carryOutCreate(
  plan: CreatePlan,
  topology: Topology,
  tools: Tools,
  options: OperationOptions,
): AsyncGenerator<TribEvent, void> {
  const finished = yield* carryOut(plan, topology, tools, options);
  if (finished.outcome !== 'done') {
    yield finished;
    return;
  }
  const made = await survey(tools.pool, [plan.seed]);
  const findings = findProblems(made);
  yield { type: 'checked', topology: made, findings };
  yield { ...finished, ok: !hasErrors(findings) };
}
