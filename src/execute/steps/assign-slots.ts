/** Owns the step that gives slots nobody has to a node: CLUSTER ADDSLOTS, for those that it does not have yet. */
import type { AssignSlots } from '../../plan/plan.ts';
import { SlotSet } from '../../protocol/slots/slot-set.ts';
import type { StepContext } from '../context.ts';
import { askNode } from '../survey.ts';

export async function assignSlots(step: AssignSlots, context: StepContext): Promise<'done' | 'already'> {
  const { address, id } = step.node;
  const view = await askNode(context.pool, address);
  const owned = SlotSet.fromRanges(view.lines.find((line) => line.id === id)?.slots ?? []);
  const missing = [...SlotSet.fromRanges(step.slots)].filter((slot) => !owned.has(slot));
  if (missing.length === 0) return 'already';
  // Not ADDSLOTSRANGE: servers before 7.0 do not have it.
  await context.pool.at(address).demand(['CLUSTER', 'ADDSLOTS', ...missing]);
  return 'done';
}
