/**
 * Owns the step that moves slots from one master to another: empty ones in large batches, full ones through a
 * stream of MIGRATE. Goes on from wherever each slot stands, and tells which are left when the operator ends it.
 */
import { type Command, ReplyError, refusal } from '../../../client/command.ts';
import { TribError } from '../../../core/errors.ts';
import { escapeBytes } from '../../../core/escape.ts';
import type { MoveSlots } from '../../../plan/plan.ts';
import { formatRanges, rangesOf, SlotSet } from '../../../protocol/slots/slot-set.ts';
import { formatAddress } from '../../../protocol/text/addresses.ts';
import type { StepContext } from '../../context.ts';
import { KeysDiffer } from '../../keys-differ.ts';
import { choosePretence, clearDoubts } from './clear-doubts.ts';
import { Closer, emptinessQuestions } from './close.ts';
import { type Ends, prepareEnds, type Stages } from './ends.ts';
import type { StuckSlot } from './key-mover.ts';
import { openSlots, takeAgain, tellOthers } from './set-slot.ts';
import { type Moved, moveFullSlots, type OpenableSlot } from './slot-stream.ts';

/** Each SETSLOT costs little by itself, each write of nodes.conf much: a node writes it once for a batch. */
const emptyBatchSlots = 512;
/** While one batch is being closed, the next is being opened. */
const emptyBatchesAtOnce = 2;

interface CountedSlot {
  readonly slot: number;
  readonly keys: number;
}

/** Returns the rest of the step when the operator ended it. Throws a TribError; no key is lost by it. */
export async function moveSlots(
  step: MoveSlots,
  context: StepContext,
): Promise<'done' | 'already' | MoveSlots> {
  const { ends, stages } = await prepareEnds(step, context);
  if (stages.toMove.length === 0 && stages.toClose.length === 0) return 'already';
  const { cleared } = await beginClearing(ends, step, context);
  try {
    return await moveStages(step, ends, stages, new Closer(ends, context, cleared), context);
  } finally {
    await cleared.catch(() => {});
  }
}

/** The promise of a target without doubts. It is made beside the move, unless the slot that it needs is moved too. */
async function beginClearing(
  ends: Ends,
  step: MoveSlots,
  context: StepContext,
): Promise<{ readonly cleared: Promise<void> }> {
  const pretence = await choosePretence(ends);
  if (pretence === undefined) return { cleared: Promise.resolve() };
  const cleared = clearDoubts(ends, pretence, context);
  // Whoever waits for it is told; nobody may wait.
  cleared.catch(() => {});
  if (SlotSet.fromRanges(step.slots).has(pretence.slot)) await cleared;
  return { cleared };
}

async function moveStages(
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

  const late = await closer.closeTaken(stages.toClose, 'at once');
  for (const slot of stages.toClose) if (!late.includes(slot)) moved(slot, 0);

  const counted = await countKeys(ends, stages.toMove, context);
  const last = lastToMove(counted);
  const others = counted.filter((entry) => entry !== last);
  const empty = others.filter(({ keys }) => keys === 0).map(({ slot }) => slot);
  const refilled = await moveEmptySlots(ends, closer, empty, context, moved);
  const full: OpenableSlot[] = [
    ...late.map((slot) => ({ slot, keys: 1, state: 'late' as const })),
    ...refilled.map((slot) => ({ slot, keys: 1, state: 'open' as const })),
    ...others.filter(({ keys }) => keys > 0).map((entry) => ({ ...entry, state: 'closed' as const })),
  ];
  const stuck = await moveFullSlots(ends, closer, 'at once', full, context, moved);
  // Where anything was moved, the last slot is moved too, even when the operator wants to end.
  if (last !== undefined && (done.size > 0 || context.signal?.aborted !== true)) {
    const unsignalled = { ...context, signal: undefined };
    const slots = [{ ...last, state: 'closed' as const }];
    stuck.push(...(await moveFullSlots(ends, closer, 'by the bus', slots, unsignalled, moved)));
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

async function countKeys(ends: Ends, slots: readonly number[], context: StepContext): Promise<CountedSlot[]> {
  const total = Number(await ends.source.demand(['DBSIZE'], { repeatable: true }));
  const commands = slots.map((slot): Command => ['CLUSTER', 'COUNTKEYSINSLOT', slot]);
  const replies = total === 0 ? [] : await ends.source.pipeline(commands, { repeatable: true });
  const counted = slots.map((slot, index) => {
    const reply = replies[index] ?? 0;
    if (reply instanceof ReplyError) throw refusal(ends.source.address, commands[index] as Command, reply);
    return { slot, keys: Number(reply) };
  });
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
      const stuck = await moveFullSlots(ends, closer, 'at once', states, context, moved);
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

function whyStuck(ends: Ends, stuck: readonly StuckSlot[]): TribError {
  const differing = stuck.filter(({ why }) => why === 'differs');
  return differing.length > 0 ? keysDiffer(ends, differing) : keysTooLarge(ends, stuck);
}

function keysDiffer(ends: Ends, stuck: readonly StuckSlot[]): KeysDiffer {
  const { source, target } = ends;
  const count = stuck.reduce((sum, { keys }) => sum + keys.length, 0);
  return new KeysDiffer(
    [
      `*** Found ${count} key(s) in both source node and target node having different values.`,
      `    Source node: ${formatAddress(source.address)}`,
      `    Target node: ${formatAddress(target.address)}`,
      '    Keys(s):',
      ...keyLines(stuck),
    ].join('\n'),
    stuck.map(({ slot, keys }) => ({ slot, keys, nodes: [source.address, target.address] })),
    `${stayOpen(stuck)} Delete the wrong copies, or move again with --replace: the source's win.`,
  );
}

function keysTooLarge(ends: Ends, stuck: readonly StuckSlot[]): TribError {
  const source = formatAddress(ends.source.address);
  return new TribError(
    'unsafe',
    [
      `*** Found key(s) so large that moving them would block ${source} until it is taken for failed:`,
      ...keyLines(stuck),
    ].join('\n'),
    {
      hint: `${stayOpen(stuck)} Raise the node timeout of every node for a while (CONFIG SET cluster-node-timeout), then move again.`,
    },
  );
}

function keysLost(ends: Ends, slots: readonly number[]): TribError {
  const [source, target] = [ends.source, ends.target].map(({ address }) => formatAddress(address));
  return new TribError(
    'failed',
    `*** Keys of slots ${formatRanges(rangesOf(slots), ',')} are lost: a late packet of ${source} took them back from ${target}.`,
    {
      hint: `This is a fault of Redis 7.0 that shows when slots return to a node soon after another tool moved them. ${target} has the slots again. Bring their keys back from a replica's snapshot or a backup.`,
    },
  );
}

function stayOpen(stuck: readonly StuckSlot[]): string {
  const slots = rangesOf(stuck.map(({ slot }) => slot).sort((a, b) => a - b));
  return `Slots ${formatRanges(slots, ',')} stay open, and no key is lost.`;
}

const mostKeysShown = 50;

function keyLines(stuck: readonly StuckSlot[]): string[] {
  const lines = stuck.flatMap(({ slot, keys }) =>
    keys.map((key) => `    - ${escapeBytes(key)} (slot ${slot})`),
  );
  const more = lines.length - mostKeysShown;
  return more > 0 ? [...lines.slice(0, mostKeysShown), `    and ${more} more`] : lines;
}
