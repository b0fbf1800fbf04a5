/** Owns what follows a plan in every operation: show it, ask, keep it, carry it out, and sum up. */
import type { Topology } from '../../cluster/topology.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Finished, TribEvent } from '../events.ts';
import { execute } from '../executor.ts';
import { type OperationOptions, stepContext, type Tools } from './options.ts';

/** Yields everything but the last event, which it returns: the operation may look at the cluster once more before. */
export async function* carryOut(
  plan: Plan,
  topology: Topology,
  tools: Tools,
  options: OperationOptions,
): AsyncGenerator<TribEvent, Finished> {
  const startMs = tools.clock.monotonicMs();
  const summary = { slots: 0, keys: 0 };
  let refused = false;
  const finished = (outcome: Finished['outcome']): Finished => ({
    type: 'finished',
    operation: plan.operation,
    outcome,
    ok: (outcome === 'done' && !refused) || outcome === 'planned',
    ...summary,
    tookMs: Math.round(tools.clock.monotonicMs() - startMs),
  });
  yield { type: 'planned', plan, topology };
  if (plan.steps.length === 0) return finished('done');
  const isDry = options.dryRun === true;
  if (!isDry && options.approve !== undefined && !(await options.approve(plan, topology)))
    return finished('declined');
  const file = await options.savePlan?.(plan);
  if (file !== undefined) yield { type: 'plan-saved', file };
  if (isDry) return finished('planned');
  const steps = execute(plan, stepContext(tools, options, plan));
  for (;;) {
    const { value, done } = await steps.next();
    if (done === true) return finished(value.left === undefined ? 'done' : 'interrupted');
    if (value.type === 'slot-moved') {
      summary.slots++;
      summary.keys += value.keys;
    }
    if (value.type === 'keys-written') summary.keys += value.keys;
    // A step that goes on although a node failed tells of it in this way.
    if (value.type === 'replied' && !value.ok) refused = true;
    yield value;
  }
}
