/**
 * Owns the answer to "how do I go on": what is left of a plan, and the exact command line for it. It holds no password.
 */
import { countSlots } from '../cluster/topology.ts';
import type { Plan, Step } from '../plan/plan.ts';
import { rangesOf, SlotSet } from '../protocol/slots/slot-set.ts';
import { formatAddress } from '../protocol/text/addresses.ts';
import { shellWord } from './shell-words.ts';

/** The steps of a plan without the slots that were moved and the steps that were finished. */
export function stepsLeft(plan: Plan, moved: SlotSet, finished: ReadonlySet<number>): Step[] {
  return plan.steps.flatMap((step, index): Step[] => {
    if (finished.has(index)) return [];
    if (step.kind !== 'move-slots') return [step];
    const left = [...SlotSet.fromRanges(step.slots)].filter((slot) => !moved.has(slot));
    return left.length === 0 ? [] : [{ ...step, slots: rangesOf(left) }];
  });
}

/** How many slots are still to be moved. */
export function slotsLeft(steps: readonly Step[]): number {
  return steps.reduce((sum, step) => (step.kind === 'move-slots' ? sum + countSlots(step.slots) : sum), 0);
}

/**
 * The plan is applied again, from its file or from the journal: what is done already is left alone. `accessWords` are the
 * flags with which the nodes are reached.
 */
export function goOnCommand(
  plan: Plan,
  planFile: string | undefined,
  accessWords: readonly string[],
): string {
  const command =
    planFile === undefined ? `resume ${formatAddress(plan.seed)}` : `apply ${shellWord(planFile)}`;
  return ['trib', command, '--yes', ...accessWords.map(shellWord)].join(' ');
}
