/** Owns the operation that carries out a plan from a file: the whole of it, or what is left. */

import type { ClientPool } from '../../client/pool.ts';
import { mergeViews } from '../../cluster/merge.ts';
import { nodeById, type Topology, viewsOf } from '../../cluster/topology.ts';
import { messageOf, TribError } from '../../core/errors.ts';
import { nodesInPlan, whyStale } from '../../plan/assess.ts';
import type { Plan } from '../../plan/plan.ts';
import { kindOf } from '../../plan/steps/kinds.ts';
import type { TribEvent } from '../events.ts';
import { askNode, survey } from '../survey.ts';
import { atRest } from '../survey-at-rest.ts';
import { carryOut } from './carry-out.ts';
import { type OperationOptions, type Tools, withTools } from './options.ts';

export interface ApplyOptions extends OperationOptions {
  readonly plan: Plan;
}

/** Ends with a "finished" event. Throws a TribError: "unsafe", before anything is changed, when the plan is stale. */
export function apply(options: ApplyOptions): AsyncGenerator<TribEvent, void> {
  const { plan } = options;
  return withTools(options, async function* (tools) {
    const topology = await atRest(() => surveyFor(plan, tools), tools.clock);
    yield { type: 'surveyed', topology };
    const reasons = whyStale(plan, topology);
    if (reasons.length > 0) {
      throw new TribError(
        'unsafe',
        `The plan does not fit the cluster any more:\n  ${reasons.join('\n  ')}`,
        {
          hint: 'Nothing was changed. Make a new plan.',
        },
      );
    }
    yield yield* carryOut(withoutDoneMoves(plan, topology), topology, tools, options);
  });
}

/** Nodes of a cluster to be made may not know each other yet, so each is asked. */
async function surveyFor(plan: Plan, { pool }: Tools): Promise<Topology> {
  const nodes = nodesInPlan(plan);
  if (plan.operation !== 'create') {
    const topology = await survey(pool, [plan.seed, ...nodes.map(({ address }) => address)]);
    return withNewcomers(plan, topology, pool);
  }
  const answers = await Promise.all(
    nodes.map(({ address }) =>
      askNode(pool, address).catch((error: unknown) => ({ address, reason: messageOf(error) })),
    ),
  );
  const views = answers.flatMap((answer) => ('reason' in answer ? [] : [answer]));
  const silences = answers.flatMap((answer) => ('reason' in answer ? [answer] : []));
  return mergeViews(plan.seed, views, silences);
}

/** A source that has given everything may have left, or be on its way out: nobody waits for it to be known again. */
function withoutDoneMoves(plan: Plan, topology: Topology): Plan {
  const steps = plan.steps.filter(
    (step) => step.kind !== 'move-slots' || kindOf(step).needs(step, topology).length > 0,
  );
  return { ...plan, steps };
}

/** A node that is to join is not known to the cluster before it has. */
async function withNewcomers(plan: Plan, topology: Topology, pool: ClientPool): Promise<Topology> {
  const newcomers = plan.steps.flatMap((step) =>
    step.kind === 'join' && nodeById(topology, step.node.id) === undefined ? [step.node] : [],
  );
  if (newcomers.length === 0) return topology;
  const asked = await Promise.all(
    newcomers.map(({ address }) => askNode(pool, address).catch(() => undefined)),
  );
  const views = asked.filter((view, index) => view?.id === newcomers[index]?.id);
  const silences = topology.nodes.flatMap(({ address, silence }) =>
    silence === undefined ? [] : [{ address, reason: silence }],
  );
  return mergeViews(
    topology.seed,
    [...viewsOf(topology), ...views.filter((view) => view !== undefined)],
    silences,
  );
}
