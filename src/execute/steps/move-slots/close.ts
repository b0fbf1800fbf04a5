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
import { countKeysIn } from '../../slot-keys.ts';
import type { Ends } from './ends.ts';
import { giveToTarget, hasLearned, tellSource } from './set-slot.ts';

/** Word of a new epoch may be on its way: a difference counts only if it lasts. */
const doubtTries = 10;
const doubtPauseMs = 100;

/** What the source is asked about slots that should be empty, after they are migrating. */
export function emptinessQuestions(slots: readonly number[]): Command[] {
  return [...slots.map(countKeysIn), clusterNodes];
}

/** Slots that cannot be closed yet. */
export interface Unclosed {
  /** The source holds keys of them: they stay open and its own. */
  readonly held: readonly number[];
  /** The target's already, but the source got keys at the last moment: it keeps them until they are moved. */
  readonly late: readonly number[];
}

/**
 * How long before the first slot is taken the ends must have been at rest: for as long, a packet in which the source
 * claims slots may be on its way from a former change, and take a slot back (see set-slot.ts).
 */
const restMs = 50;

/** When the source hears that its slots are gone: at once from us, or from the target's packet. */
export type Told = 'at once' | 'by the bus';

export class Closer {
  readonly #ends: Ends;
  readonly #context: StepContext;
  readonly #ready: Promise<unknown>;
  #isReady = false;

  /** `cleared`: when the target has no doubts any more (see clear-doubts.ts). */
  constructor(ends: Ends, context: StepContext, cleared: Promise<void>) {
    this.#ends = ends;
    this.#context = context;
    this.#ready = Promise.all([cleared, delay(context.clock, restMs)]);
    // Whoever waits for it is told; nobody may wait.
    this.#ready.then(
      () => {
        this.#isReady = true;
      },
      () => {},
    );
  }

  /** Whether the target may take slots now. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /**
   * Gives those of the open slots to the target that are empty; `answers` are the source's to emptinessQuestions.
   * Throws a TribError ("unsafe") when an end has changed.
   */
  async close(slots: readonly number[], answers: readonly Reply[], told: Told): Promise<Unclosed> {
    const counts = answers.slice(0, slots.length).map((reply) => this.#countOf(reply));
    const empty = slots.filter((_, index) => counts[index] === 0);
    const held = slots.filter((_, index) => counts[index] !== 0);
    if (empty.length === 0) return { held, late: [] };
    await verifyEnds(this.#ends, empty, parseNodes(String(answers[slots.length])), this.#context);
    await giveToTarget(this.#ends, empty);
    return { held, late: await this.closeTaken(empty, told) };
  }

  /** The same for slots that were drained: asks the source first. */
  async closeDrained(slots: readonly number[], told: Told): Promise<Unclosed> {
    if (slots.length === 0) return { held: [], late: [] };
    await this.ready();
    const answers = await this.#ends.source.pipeline(emptinessQuestions(slots), { repeatable: true });
    return this.close(slots, answers, told);
  }

  /** For slots that the target has. Returns those in which the source has keys. */
  async closeTaken(slots: readonly number[], told: Told): Promise<number[]> {
    if (slots.length === 0) return [];
    if (told === 'by the bus') await hasLearned(this.#ends.source, this.#ends, slots, this.#context);
    return tellSource(this.#ends, slots);
  }

  /** Until the target may take slots. Throws a TribError when it never may. */
  async ready(): Promise<void> {
    await this.#ready;
  }

  #countOf(reply: Reply): number {
    if (reply instanceof ReplyError)
      throw refusal(this.#ends.source.address, ['CLUSTER', 'COUNTKEYSINSLOT'], reply);
    return Number(reply);
  }
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
