/**
 * Owns the end of a slot's move. When the target claims a slot, the source deletes what it still holds of it: so the
 * source, migrating, must say that the slot is empty, and both ends must still be what they were, right before.
 */
import { type Command, type Reply, ReplyError, refusal } from '../../../client/command.ts';
import { delay } from '../../../core/clock.ts';
import { TribError } from '../../../core/errors.ts';
import { formatRanges, rangesOf, SlotSet } from '../../../protocol/slots/slot-set.ts';
import { formatAddress } from '../../../protocol/text/addresses.ts';
import { type NodeLine, parseNodes } from '../../../protocol/text/nodes.ts';
import { askLines, clusterNodes, isFailing, isMaster } from '../../cluster-nodes.ts';
import type { StepContext } from '../../context.ts';
import type { Ends } from './ends.ts';
import { giveToTarget, type OtherMasters, tellSource } from './set-slot.ts';

/** Word of a new epoch may be on its way: a difference counts only if it lasts. */
const doubtTries = 10;
const doubtPauseMs = 100;

/** What the source is asked about slots that should be empty, after they are migrating. */
export function emptinessQuestions(slots: readonly number[]): Command[] {
  return [...slots.map((slot) => ['CLUSTER', 'COUNTKEYSINSLOT', slot] as const), clusterNodes];
}

/** Slots that cannot be closed yet. */
export interface Unclosed {
  /** The source holds keys of them: they stay open and its own. */
  readonly held: readonly number[];
  /** The target's already, but the source got keys at the last moment: it keeps them until they are moved. */
  readonly late: readonly number[];
}

/**
 * Gives those of the open slots to the target that are empty; `answers` are the source's to emptinessQuestions.
 * Throws a TribError ("unsafe") when an end has changed.
 */
export async function closeSlots(
  ends: Ends,
  others: OtherMasters,
  slots: readonly number[],
  answers: readonly Reply[],
  context: StepContext,
): Promise<Unclosed> {
  const counts = answers.slice(0, slots.length).map((reply) => {
    if (reply instanceof ReplyError)
      throw refusal(ends.source.address, ['CLUSTER', 'COUNTKEYSINSLOT'], reply);
    return Number(reply);
  });
  const empty = slots.filter((_, index) => counts[index] === 0);
  const held = slots.filter((_, index) => counts[index] !== 0);
  if (empty.length === 0) return { held, late: [] };
  await verifyEnds(ends, empty, parseNodes(String(answers[slots.length])), context);
  await giveToTarget(ends, empty);
  return { held, late: await tellAll(ends, others, empty) };
}

/** As closeSlots, for slots that were drained: asks the source first. */
export async function closeDrained(
  ends: Ends,
  others: OtherMasters,
  slots: readonly number[],
  context: StepContext,
): Promise<Unclosed> {
  if (slots.length === 0) return { held: [], late: [] };
  const answers = await ends.source.pipeline(emptinessQuestions(slots), { repeatable: true });
  return closeSlots(ends, others, slots, answers, context);
}

/** For slots that the target has: tells the source and the others. Returns those in which the source has keys. */
export async function tellAll(ends: Ends, others: OtherMasters, slots: readonly number[]): Promise<number[]> {
  if (slots.length === 0) return [];
  const late = await tellSource(ends, slots);
  await others.tell(slots.filter((slot) => !late.includes(slot)));
  return late;
}

async function verifyEnds(
  ends: Ends,
  slots: readonly number[],
  firstSourceLines: readonly NodeLine[],
  context: StepContext,
): Promise<void> {
  let sourceLines = firstSourceLines;
  for (let tries = 1; ; tries++) {
    const doubt = doubtAbout(ends, slots, sourceLines, await askLines(ends.target));
    if (doubt === undefined) return;
    if (tries === doubtTries) {
      throw new TribError(
        'unsafe',
        `Slots ${formatRanges(rangesOf(slots), ',')} were not handed over, so that no key is lost: ${doubt}.`,
        { hint: 'A node was probably failed over meanwhile. Look with trib check, then go on from there.' },
      );
    }
    await delay(context.clock, doubtPauseMs);
    sourceLines = await askLines(ends.source);
  }
}

/**
 * Why the slots must not be handed over now; undefined when all is as it should be. A failover forgets MIGRATING, and
 * the new master takes keys that the target's claim would delete: then one end sees another epoch, role or state.
 */
function doubtAbout(
  { step }: Ends,
  slots: readonly number[],
  sourceLines: readonly NodeLine[],
  targetLines: readonly NodeLine[],
): string | undefined {
  const [sourceName, targetName] = [formatAddress(step.source.address), formatAddress(step.target.address)];
  const source = sourceLines.find(({ id }) => id === step.source.id);
  const target = targetLines.find(({ id }) => id === step.target.id);
  const sourceSeen = targetLines.find(({ id }) => id === step.source.id);
  if (!isMaster(source) || !source.flags.includes('myself')) return `${sourceName} is not a master any more`;
  if (!isMaster(target) || !target.flags.includes('myself')) return `${targetName} is not a master any more`;
  if (!isMaster(sourceSeen) || isFailing(sourceSeen))
    return `${targetName} does not see ${sourceName} as a master`;
  if (sourceSeen.configEpoch !== source.configEpoch) {
    return `${sourceName} has the config epoch ${source.configEpoch}, and ${targetName} knows ${sourceSeen.configEpoch}`;
  }
  const owned = SlotSet.fromRanges(source.slots);
  const migrating = slotsOpenTo(source.migrating, step.target.id);
  const importing = slotsOpenTo(target.importing, step.source.id);
  for (const slot of slots) {
    if (!owned.has(slot)) return `${sourceName} does not own slot ${slot} any more`;
    if (!migrating.has(slot)) return `slot ${slot} is not migrating on ${sourceName} any more`;
    if (!importing.has(slot)) return `slot ${slot} is not importing on ${targetName} any more`;
  }
  return undefined;
}

function slotsOpenTo(open: NodeLine['migrating'], nodeId: string): Set<number> {
  return new Set(open.filter((entry) => entry.nodeId === nodeId).map(({ slot }) => slot));
}
