/**
 * Owns the step that moves slots from one master to another. Goes on from wherever each slot stands, with the replica
 * that was promoted when an end is failed over in the middle, and tells which slots are left when the operator ends it.
 */
import type { MoveSlots } from '../../../plan/plan.ts';
import { SlotSet } from '../../../protocol/slots/slot-set.ts';
import type { StepContext } from '../../context.ts';
import { demandAll, setSlots } from '../slot-commands.ts';
import { choosePretence, clearDoubts } from './clear-doubts.ts';
import { Closer } from './close.ts';
import { closeEnds, type Ends, prepareEnds } from './ends.ts';
import { Follower } from './follow-failover.ts';
import { chooseDialect, moveAtomically } from './move-atomically.ts';
import { moveStages } from './move-stages.ts';
import { openSlots } from './set-slot.ts';

type Outcome = 'done' | 'already' | MoveSlots;

/** Returns the rest of the step when the operator ended it. Throws a TribError; no key is lost by it. */
export async function moveSlots(step: MoveSlots, context: StepContext): Promise<Outcome> {
  const follower = new Follower(step, context);
  for (;;) {
    try {
      const outcome = await moveBetween(follower, context);
      return outcome === 'already' && follower.hasFollowed ? 'done' : outcome;
    } catch (error) {
      if (!(await follower.follow(error))) throw error;
    }
  }
}

/** Moves what is left between the ends as they are now. */
async function moveBetween(follower: Follower, context: StepContext): Promise<Outcome> {
  const { step, formers } = follower;
  const { ends, stages, replicas } = await prepareEnds(step, formers, context);
  if (stages.toMove.length === 0 && stages.toClose.length === 0) {
    closeEnds(ends);
    return 'already';
  }
  const stopWatching = follower.watch(ends, replicas);
  let cleared = Promise.resolve();
  try {
    const dialect = await chooseDialect(ends, stages, context);
    if (dialect !== undefined) return await moveAtomically(dialect, ends, stages.toMove, context);
    // For a target whose slots have a failed owner the whole cluster is down.
    if (stages.misseen.length > 0)
      await demandAll(ends.target, setSlots(stages.misseen, 'NODE', step.source.id));
    // A failover forgets what was open: keys that are on the target already can be reached again from here on.
    if (stages.halfOpen.length > 0) await openSlots(ends, stages.halfOpen, []);
    ({ cleared } = await beginClearing(ends, step, context));
    return await moveStages(step, ends, stages, new Closer(ends, context, cleared), context);
  } finally {
    stopWatching();
    await cleared.catch(() => {});
    closeEnds(ends);
  }
}

/** The promise of a target without doubts. It is made beside the move, unless the slot that it needs is moved too. */
async function beginClearing(
  ends: Ends,
  step: MoveSlots,
  context: StepContext,
): Promise<{ readonly cleared: Promise<void> }> {
  const pretence = await choosePretence(ends, context);
  if (pretence === undefined) return { cleared: Promise.resolve() };
  const cleared = clearDoubts(ends, pretence, context);
  // Whoever waits for it is told; nobody may wait.
  cleared.catch(() => {});
  if (SlotSet.fromRanges(step.slots).has(pretence.slot)) await cleared;
  return { cleared };
}
