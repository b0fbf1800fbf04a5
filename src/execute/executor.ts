/**
 * Owns the carrying out of a plan: steps in order, neighbours of one kind side by side, each told of as it begins
 * and ends. Every step looks first at what is left of it, so carrying out a plan again finishes it.
 */
import type { GatherKeys, MoveSlots, Plan, Step } from '../plan/plan.ts';
import type { StepOf } from '../plan/steps/kinds.ts';
import { channel } from './channel.ts';
import { Interrupted, type StepContext } from './context.ts';
import type { TribEvent } from './events.ts';
import { KeysDiffer } from './keys-differ.ts';
import { sideBySide } from './side-by-side.ts';
import { assignSlots } from './steps/assign-slots.ts';
import { announceSlots, dropClaim, takeSlots } from './steps/claims.ts';
import { copyFunctions } from './steps/copy-functions.ts';
import { failover, takeOver } from './steps/failover.ts';
import { forget } from './steps/forget.ts';
import { gatherKeys } from './steps/gather-keys.ts';
import { importKeys } from './steps/import-keys/import-keys.ts';
import { join } from './steps/join.ts';
import { meet } from './steps/meet.ts';
import { moveSlots } from './steps/move-slots/move-slots.ts';
import { closeSlots, openSlotsBetween } from './steps/open-slots.ts';
import { release } from './steps/release.ts';
import { replicaMigration } from './steps/replica-migration.ts';
import { replicate } from './steps/replicate.ts';
import { reset } from './steps/reset.ts';
import { loadFunctions } from './steps/restore-files/load-functions.ts';
import { restoreFiles } from './steps/restore-files/restore-files.ts';
import { setConfigEpoch } from './steps/set-config-epoch.ts';
import { setNodeTimeout } from './steps/set-node-timeout.ts';
import { waitAgreement } from './steps/wait-agreement.ts';
import { waitJoined } from './steps/wait-joined.ts';
import { waitReplicaSync } from './steps/wait-replica-sync.ts';
import { waitServing } from './steps/wait-serving.ts';

type Outcome = 'done' | 'already';

export interface Executed {
  /** What an interruption left to do; undefined when all was done. */
  readonly left: readonly Step[] | undefined;
}

/** Yields what happens. Throws a TribError at the first step that fails, when those beside it have ended. */
export async function* execute(
  plan: Plan,
  base: Omit<StepContext, 'emit'>,
): AsyncGenerator<TribEvent, Executed> {
  const { steps } = plan;
  for (let index = 0; index < steps.length; ) {
    const group = groupAt(steps, index);
    const start = index;
    const leftOfGroup = yield* channel((emit) => runGroup(group, start, steps.length, { ...base, emit }));
    index += group.length;
    const left = [...leftOfGroup, ...steps.slice(index)];
    if (leftOfGroup.length > 0 || (base.signal?.aborted === true && left.length > 0)) {
      yield { type: 'interrupted', left };
      return { left };
    }
  }
  return { left: undefined };
}

/** Steps that can be carried out side by side: neighbours of one kind. */
function groupAt(steps: readonly Step[], start: number): Step[] {
  const kind = steps[start]?.kind;
  let end = start;
  while (end < steps.length && steps[end]?.kind === kind) end++;
  return steps.slice(start, end);
}

/** Returns what is left to do of the steps because the operator ended it. */
async function runGroup(
  group: readonly Step[],
  start: number,
  count: number,
  context: StepContext,
): Promise<Step[]> {
  const announce = async (step: Step, work: () => Promise<Outcome | Step>): Promise<Step[]> => {
    const place = { index: start + group.indexOf(step), count, step };
    context.emit({ type: 'step-started', ...place });
    const outcome = await work();
    if (typeof outcome !== 'string') return [outcome];
    context.emit({ type: 'step-finished', ...place, outcome });
    return [];
  };
  const running = isPaired(group)
    ? sideBySide(group, (step) => announce(step, () => runPaired(step, context)), context)
    : group.map((step) => announce(step, () => runStep(step as Exclude<Step, PairedStep>, context)));
  const left: Step[] = [];
  const failures: unknown[] = [];
  for (const result of await Promise.allSettled(running)) {
    if (result.status === 'fulfilled') left.push(...result.value);
    else failures.push(result.reason);
  }
  const failure = worstOf(failures);
  if (failure !== undefined) throw failure;
  // Waiting can be given up at any moment, and is then begun again as a whole.
  return failures.length > 0 ? [...group] : left;
}

/** What to throw; keys that differ are told of together, if that is all there is. */
function worstOf(failures: readonly unknown[]): unknown {
  const thrown = failures.filter((reason) => !(reason instanceof Interrupted));
  const differing = thrown.filter((reason) => reason instanceof KeysDiffer);
  const other = thrown.find((reason) => !(reason instanceof KeysDiffer));
  return other ?? (differing.length > 1 ? KeysDiffer.together(differing) : differing[0]);
}

/** Steps in which one node sends keys to another: they have an order among themselves. */
type PairedStep = MoveSlots | GatherKeys;

function isPaired(group: readonly Step[]): group is readonly PairedStep[] {
  return group.every(({ kind }) => kind === 'move-slots' || kind === 'gather-keys');
}

function runPaired(step: PairedStep, context: StepContext): Promise<Outcome | PairedStep> {
  return step.kind === 'move-slots' ? moveSlots(step, context) : gatherKeys(step, context);
}

/** Every kind of step but those between a pair of nodes. */
const runners: {
  readonly [Kind in Exclude<Step['kind'], PairedStep['kind']>]: (
    step: StepOf<Kind>,
    context: StepContext,
  ) => Promise<Outcome>;
} = {
  'assign-slots': assignSlots,
  'set-config-epoch': setConfigEpoch,
  meet,
  'wait-joined': waitJoined,
  replicate,
  'wait-agreement': waitAgreement,
  'wait-serving': waitServing,
  'copy-functions': copyFunctions,
  failover,
  'take-over': takeOver,
  forget,
  join,
  'replica-migration': replicaMigration,
  release,
  reset,
  'set-node-timeout': setNodeTimeout,
  'wait-replica-sync': waitReplicaSync,
  'open-slots': openSlotsBetween,
  'close-slots': closeSlots,
  'take-slots': takeSlots,
  'drop-claim': dropClaim,
  'announce-slots': announceSlots,
  'load-functions': loadFunctions,
  'restore-files': restoreFiles,
  'import-keys': importKeys,
};

function runStep<S extends Exclude<Step, PairedStep>>(step: S, context: StepContext): Promise<Outcome> {
  // The table pairs each kind with its runner; TypeScript cannot follow that through a union.
  const run = runners[step.kind] as (step: S, context: StepContext) => Promise<Outcome>;
  return run(step, context);
}
