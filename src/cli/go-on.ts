/**
 * Owns the answer to "how do I go on": the exact command lines for what is left of a plan. They hold no password.
 */
import { countSlots } from '../cluster/topology.ts';
import type { MoveOptions, MoveSlots, Plan, Step } from '../plan/plan.ts';
import { defaultMoveOptions } from '../plan/plan.ts';
import { rangesOf, SlotSet } from '../protocol/slots/slot-set.ts';
import { formatAddress } from '../protocol/text/addresses.ts';

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

/** Where the plan is in a file, that is applied again. Else each source's rest is a reshard of its own. */
export function goOnCommands(
  plan: Plan,
  left: readonly Step[],
  planFile: string | undefined,
  user: string | undefined,
): string[] {
  const login = user === undefined ? '' : ` --user ${quoted(user)}`;
  if (planFile !== undefined) return [`trib apply ${quoted(planFile)} --yes${login}`];
  if (plan.operation !== 'reshard') return [];
  const moves = left.filter((step) => step.kind === 'move-slots');
  return moves.map((move) => reshardCommand(move, plan.options, formatAddress(plan.seed)) + login);
}

/** A source's lowest slots go first, so the number of slots says which. */
function reshardCommand(move: MoveSlots, options: MoveOptions, seed: string): string {
  const words = [
    `trib reshard ${seed} --from ${move.source.id} --to ${move.target.id} --slots ${countSlots(move.slots)} --yes`,
  ];
  if (options.timeoutMs !== defaultMoveOptions.timeoutMs) words.push(`--timeout ${options.timeoutMs}`);
  if (options.pipeline !== undefined) words.push(`--pipeline ${options.pipeline}`);
  if (options.replace) words.push('--replace');
  return words.join(' ');
}

/** A word for a shell. */
function quoted(word: string): string {
  return /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
