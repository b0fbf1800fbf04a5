/**
 * Owns the flow of full slots: a few are open at a time, just ahead of what is needed; several lanes keep the source's
 * line of MIGRATEs filled; drained slots are closed in batches beside it. Every opened slot is finished.
 */
import { type Reply, ReplyError } from '../../../client/command.ts';
import type { StepContext } from '../../context.ts';
import { StuckSlot } from '../../stuck-slot.ts';
import type { Closer, Told } from './close.ts';
import type { Ends } from './ends.ts';
import type { KeyMover } from './key-mover.ts';
import { openSlots } from './set-slot.ts';

export interface OpenableSlot {
  readonly slot: number;
  /** As counted before. */
  readonly keys: number;
  /** "open": at both ends already. "late": the target's already, but the source has keys of it. */
  readonly state: 'closed' | 'open' | 'late';
}

/** Called when a slot is the target's, with the number of keys that went over. */
export type Moved = (slot: number, keys: number) => void;

/** While one MIGRATE runs, the others stand in line on the source: it never waits for us. */
const lanes = 3;
/** Slots open at a time, in all stages: enough to go on while the first wait to be closed (close.ts). */
const mostOpenSlots = 128;
/** Fewer when they are large: an interruption finishes what is open. In MIGRATEs, whose size follows their time. */
const mostOpenBatches = 80;
/** As long as none can be closed yet, so many times as much. */
const moreAtFirst = 3;
const slotsOpenedAtOnce = 32;
const slotsClosedAtOnce = 32;

/** A slot that is open, with the keys that were listed when it was opened. */
interface ReadySlot extends OpenableSlot {
  readonly listed: Reply | undefined;
}

/**
 * Moves the slots and calls `moved` for each. When the operator ends it, slots that were not opened are left. Returns
 * the slots that are stuck; they stay open. Throws a TribError when something else fails.
 */
export async function moveFullSlots(
  ends: Ends,
  closer: Closer,
  told: Told,
  moverOf: () => Promise<KeyMover>,
  slots: readonly OpenableSlot[],
  context: StepContext,
  moved: Moved,
): Promise<StuckSlot[]> {
  if (slots.length === 0) return [];
  return new SlotStream(ends, closer, told, await moverOf(), slots, context, moved).run();
}

class SlotStream {
  readonly #ends: Ends;
  readonly #closer: Closer;
  readonly #told: Told;
  readonly #context: StepContext;
  readonly #moved: Moved;
  readonly #mover: KeyMover;
  readonly #pending: OpenableSlot[];
  readonly #ready: ReadySlot[];
  readonly #stuck: StuckSlot[] = [];
  /** Keys moved out of each slot that is open. */
  readonly #keysMoved = new Map<number, number>();
  #drained: ReadySlot[] = [];
  #openSlots = 0;
  #openKeys = 0;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    ends: Ends,
    closer: Closer,
    told: Told,
    mover: KeyMover,
    slots: readonly OpenableSlot[],
    context: StepContext,
    moved: Moved,
  ) {
    this.#ends = ends;
    this.#closer = closer;
    this.#told = told;
    this.#context = context;
    this.#moved = moved;
    this.#mover = mover;
    this.#pending = slots.filter(({ state }) => state === 'closed');
    this.#ready = slots
      .filter(({ state }) => state !== 'closed')
      .map((slot) => ({ ...slot, listed: undefined }));
    this.#openSlots = this.#ready.length;
    this.#openKeys = this.#ready.reduce((sum, { keys }) => sum + keys, 0);
  }

  async run(): Promise<StuckSlot[]> {
    await Promise.all(Array.from({ length: lanes }, () => this.#lane()));
    await this.#opening;
    await this.#closing;
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#stuck;
  }

  /** Drains one slot after the other until there is none left. */
  async #lane(): Promise<void> {
    for (;;) {
      const slot = await this.#next();
      if (slot === undefined) return;
      try {
        const keys = await this.#mover.drain(slot.slot, slot.listed);
        this.#keysMoved.set(slot.slot, (this.#keysMoved.get(slot.slot) ?? 0) + keys);
        this.#drained.push(slot);
      } catch (error) {
        this.#release(slot);
        if (error instanceof StuckSlot) this.#stuck.push(error);
        else this.#fail(error);
      }
      if (this.#drained.length >= slotsClosedAtOnce) this.#close();
    }
  }

  /** The next open slot; undefined when all are done, or the rest is not to be begun. */
  async #next(): Promise<ReadySlot | undefined> {
    for (;;) {
      if (this.#failure === undefined) this.#openAhead();
      const slot = this.#ready.shift();
      if (slot !== undefined && this.#failure === undefined) return slot;
      if (this.#opening !== undefined) await this.#opening;
      else if (this.#closing !== undefined || this.#drained.length > 0) {
        // Closing makes room for more, or finds a slot that holds keys again.
        this.#close();
        await this.#closing;
      } else return undefined;
    }
  }

  get #stopped(): boolean {
    return this.#failure !== undefined || this.#context.signal?.aborted === true;
  }

  #openAhead(): void {
    if (this.#opening !== undefined || this.#stopped || this.#ready.length >= slotsOpenedAtOnce / 2) return;
    const factor = this.#closer.isReady ? 1 : moreAtFirst;
    const mostKeys = factor * mostOpenBatches * this.#mover.batchKeys;
    const batch: OpenableSlot[] = [];
    for (;;) {
      const [slot] = this.#pending;
      if (slot === undefined || batch.length === slotsOpenedAtOnce) break;
      if (this.#openSlots >= factor * mostOpenSlots) break;
      // However large it is, a slot is opened when none else is.
      if (this.#openSlots > 0 && this.#openKeys + slot.keys > mostKeys) break;
      this.#pending.shift();
      batch.push(slot);
      this.#openSlots++;
      this.#openKeys += slot.keys;
    }
    if (batch.length === 0) return;
    this.#opening = this.#open(batch)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#opening = undefined;
      });
  }

  async #open(batch: readonly OpenableSlot[]): Promise<void> {
    const numbers = batch.map(({ slot }) => slot);
    const lists = await openSlots(
      this.#ends,
      numbers,
      numbers.map((slot) => this.#mover.listKeys(slot)),
    );
    for (const [index, slot] of batch.entries()) {
      const listed = lists[index];
      this.#ready.push({ ...slot, state: 'open', listed: listed instanceof ReplyError ? undefined : listed });
    }
  }

  /** Closes what is drained, beside the stream; one batch at a time. */
  #close(): void {
    if (this.#closing !== undefined || this.#drained.length === 0) return;
    const batch = this.#drained;
    this.#drained = [];
    this.#closing = this.#closeBatch(batch)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#closing = undefined;
      });
  }

  async #closeBatch(batch: readonly ReadySlot[]): Promise<void> {
    const inState = (late: boolean): number[] =>
      batch.filter(({ state }) => (state === 'late') === late).map(({ slot }) => slot);
    const { held, late } = await this.#closer.closeDrained(inState(false), this.#told);
    const stillLate = [...late, ...(await this.#closer.closeTaken(inState(true), this.#told))];
    for (const slot of batch) {
      if (stillLate.includes(slot.slot)) this.#ready.unshift({ ...slot, state: 'late', listed: undefined });
      else if (held.includes(slot.slot)) this.#ready.unshift({ ...slot, listed: undefined });
      else {
        this.#release(slot);
        this.#moved(slot.slot, this.#keysMoved.get(slot.slot) ?? 0);
        this.#keysMoved.delete(slot.slot);
      }
    }
  }

  #release({ keys }: OpenableSlot): void {
    this.#openSlots--;
    this.#openKeys -= keys;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
  }
}
