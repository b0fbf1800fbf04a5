/**
 * Owns the order within a move from one master to another: what is open or taken already, empty slots in large batches,
 * full ones through a stream of MIGRATE, and one last slot of which the source learns from the bus.
 */
import type { MoveSlots } from '../../../plan/plan.ts';
import { SlotSet } from '../../../protocol/slots/slot-set.ts';
import type { StepContext } from '../../context.ts';
import { SizeGuard } from '../../migrate/large-keys.ts';
import { countKeys, keysIn, listKeys } from '../../slot-keys.ts';
import type { SlotKeys } from '../../stuck-slot.ts';
import { type Closer, emptinessQuestions } from './close.ts';
import type { Ends, Stages } from './ends.ts';
import { KeyMover } from './key-mover.ts';
import { openSlots, takeAgain, tellOthers } from './set-slot.ts';
import { type Moved, moveFullSlots, type OpenableSlot } from './slot-stream.ts';
import { keysLost, keysRefused, whyStuck } from './stuck.ts';

/** Each SETSLOT costs little by itself, each write of nodes.conf much: a node writes it once for a batch. */
const emptyBatchSlots = 512;
/** While one batch is being closed, the next is being opened. */
const emptyBatchesAtOnce = 2;

interface CountedSlot {
  readonly slot: number;
  readonly keys: number;
}

/** Returns the rest of the step when the operator ended it. Throws a TribError; no key is lost by it. */
export async function moveStages(
  step: MoveSlots,
  ends: Ends,
  stages: Stages,
  closer: Closer,
  context: StepContext,
): Promise<'done' | MoveSlots> {
  const left = new SlotSet([...stages.toMove, ...stages.toClose]);
  /** The keys of each slot that was moved. */
  const done = new Map<number, number>();
  const moved: Moved = (slot, keys) => {
    left.delete(slot);
    done.set(slot, keys);
    const { source, target } = ends;
    context.emit({ type: 'slot-moved', slot, source: source.address, target: target.address, keys });
  };

  /** What it learns about the keys holds for the whole move; empty slots need none. */
  let mover: Promise<KeyMover> | undefined;
  const moverOf = (): Promise<KeyMover> => {
    mover ??= SizeGuard.of(ends, context.moveOptions).then((guard) => new KeyMover(ends, guard, context));
    return mover;
  };

  const late = await closer.closeTaken(stages.toClose, 'at once');
  for (const slot of stages.toClose) if (!late.includes(slot)) moved(slot, 0);

  const counted = await countAll(ends, stages.toMove, context);
  if (context.moveOptions.bigKeys === 'refuse') await refuseBigKeys(ends, counted, context);
  const last = lastToMove(counted);
  const others = counted.filter((entry) => entry !== last);
  const empty = others.filter(({ keys }) => keys === 0).map(({ slot }) => slot);
  const refilled = await moveEmptySlots(ends, closer, moverOf, empty, context, moved);
  const full: OpenableSlot[] = [
    ...late.map((slot) => ({ slot, keys: 1, state: 'late' as const })),
    ...refilled.map((slot) => ({ slot, keys: 1, state: 'open' as const })),
    ...others.filter(({ keys }) => keys > 0).map((entry) => ({ ...entry, state: 'closed' as const })),
  ];
  const stuck = await moveFullSlots(ends, closer, 'at once', moverOf, full, context, moved);
  // Where anything was moved, the last slot is moved too, even when the operator wants to end.
  if (last !== undefined && (done.size > 0 || context.signal?.aborted !== true)) {
    const unsignalled = { ...context, signal: undefined };
    const slots = [{ ...last, state: 'closed' as const }];
    stuck.push(...(await moveFullSlots(ends, closer, 'by the bus', moverOf, slots, unsignalled, moved)));
  }
  const lost = (await takeAgain(ends, [...done.keys()])).filter((slot) => (done.get(slot) ?? 0) > 0);
  await tellOthers(ends, [...done.keys()], context);
  if (lost.length > 0) throw keysLost(ends, lost);
  if (stuck.length > 0) throw whyStuck(ends, stuck);
  return left.size === 0 ? 'done' : { ...step, slots: left.ranges() };
}

/** The slot of which the source learns from the bus (see set-slot.ts): that takes longer, so it has the fewest keys. */
function lastToMove(counted: readonly CountedSlot[]): CountedSlot | undefined {
  return counted.reduce<CountedSlot | undefined>(
    (best, entry) => (best === undefined || entry.keys < best.keys ? entry : best),
    undefined,
  );
}

/** Throws a TribError ("unsafe") when a key is too big for the pause. */
async function refuseBigKeys(ends: Ends, slots: readonly CountedSlot[], context: StepContext): Promise<void> {
  const guard = await SizeGuard.of(ends, context.moveOptions);
  const found: SlotKeys[] = [];
  for (const { slot, keys: count } of slots) {
    if (count === 0) continue;
    const listed = await ends.source.demand(listKeys(slot, count), { repeatable: true });
    const big = await guard.tooBig(keysIn(listed));
    if (big.length > 0) found.push({ slot, keys: big });
  }
  if (found.length > 0) throw keysRefused(ends, found);
}

async function countAll(ends: Ends, slots: readonly number[], context: StepContext): Promise<CountedSlot[]> {
  const total = Number(await ends.source.demand(['DBSIZE'], { repeatable: true }));
  const counts = total === 0 ? [] : await countKeys(ends.source, slots);
  const counted = slots.map((slot, index) => ({ slot, keys: counts[index] ?? 0 }));
  const full = counted.filter(({ keys }) => keys > 0);
  context.emit({
    type: 'slots-counted',
    source: ends.source.address,
    target: ends.target.address,
    emptySlots: counted.length - full.length,
    fullSlots: full.length,
    keys: full.reduce((sum, { keys }) => sum + keys, 0),
  });
  return counted;
}

/** Returns the slots that got keys before they were open: these are open now, and have to be drained. */
async function moveEmptySlots(
  ends: Ends,
  closer: Closer,
  moverOf: () => Promise<KeyMover>,
  slots: readonly number[],
  context: StepContext,
  moved: Moved,
): Promise<number[]> {
  const refilled: number[] = [];
  let next = 0;
  const moveBatches = async (): Promise<void> => {
    while (next < slots.length && context.signal?.aborted !== true) {
      const batch = slots.slice(next, next + emptyBatchSlots);
      next += batch.length;
      await closer.ready();
      const answers = await openSlots(ends, batch, emptinessQuestions(batch));
      const { held, late } = await closer.close(batch, answers, 'at once');
      const unclosed = new Set([...held, ...late]);
      refilled.push(...held);
      // The source keeps keys of a slot that is the target's only until it hears of it: they are moved at once.
      const states = late.map((slot) => ({ slot, keys: 1, state: 'late' as const }));
      const stuck = await moveFullSlots(ends, closer, 'at once', moverOf, states, context, moved);
      if (stuck.length > 0) throw whyStuck(ends, stuck);
      for (const slot of batch) if (!unclosed.has(slot)) moved(slot, 0);
    }
  };
  await allSettledOrThrow(Array.from({ length: emptyBatchesAtOnce }, moveBatches));
  return refilled;
}

/** Waits for all, so that nothing goes on behind an error; then throws the first. */
async function allSettledOrThrow(running: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(running)) {
    if (result.status === 'rejected') throw result.reason;
  }
}
