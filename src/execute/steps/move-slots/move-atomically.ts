/**
 * Owns moves that the servers carry out by themselves: told of some slots at a time, asked until they are over, cancelled
 * when the operator ends it. A slot changes its owner with all its keys at once, so there is nothing in between to repair:
 * a migration that failed leaves its slots with the source. One that goes on after trib was ended is waited for.
 */
import type { NodeClient } from '../../../client/node-client.ts';
import { delay } from '../../../core/clock.ts';
import { TribError } from '../../../core/errors.ts';
import type { MoveSlots } from '../../../plan/plan.ts';
import { formatRanges, rangesOf, SlotSet } from '../../../protocol/slots/slot-set.ts';
import { formatAddress } from '../../../protocol/text/addresses.ts';
import type { InfoFields } from '../../../protocol/text/info.ts';
import { askLines } from '../../cluster-nodes.ts';
import { poll, type StepContext } from '../../context.ts';
import { countKeys } from '../../slot-keys.ts';
import { type Dialect, dialects, type Job } from './atomic-dialects.ts';
import type { Ends, Stages } from './ends.ts';

/** For one migration the source makes one snapshot; what is in hand when it is ended has been sent in vain. */
const slotsAtOnce = 1024;
const firstPauseMs = 10;
const longestPauseMs = 250;
/** A server that stumbles over a migration again and again is told to leave it after this time. */
const stumblingMs = 30_000;

/**
 * The dialect in which the servers are to move these slots; undefined: with MIGRATE. Throws a TribError when the operator
 * wants it to be done so and it cannot be.
 */
export async function chooseDialect(
  ends: Ends,
  { hasOpen }: Stages,
  { moveOptions }: StepContext,
): Promise<Dialect | undefined> {
  const { engine, replace, bigKeys, pipeline, keysPerSecond } = moveOptions;
  if (engine === 'migrate') return undefined;
  const wantsMigrate =
    replace || bigKeys !== 'alone' || pipeline !== undefined || keysPerSecond !== undefined;
  if (engine === 'auto' && (wantsMigrate || hasOpen || isTooOld(ends.targetInfo))) return undefined;
  const clients = [ends.source, ends.target, ...ends.others];
  const offers = await Promise.all(clients.map(offersOf));
  const dialect = dialects.find((_, index) => offers.every((offered) => offered[index]));
  if (dialect === undefined && engine === 'atomic') {
    const lacking = clients.find((_, index) => !offers[index]?.includes(true)) ?? ends.source;
    throw new TribError('usage', `${formatAddress(lacking.address)} offers no atomic slot migration.`, {
      hint: 'Valkey has it from 9.0 on, Redis from 8.4 on, and all masters must have the same. Use --engine migrate.',
    });
  }
  if (dialect !== undefined && hasOpen) {
    throw new TribError('unsafe', 'Some of the slots are half moved with MIGRATE.', {
      hint: 'Finish them first: use --engine migrate, or trib fix.',
    });
  }
  return dialect;
}

/** Whether there is no need to ask. */
function isTooOld(server: InfoFields): boolean {
  const version = server.get('valkey_version') ?? server.get('redis_version') ?? '';
  return Number.parseInt(version, 10) < 8;
}

/** Which of the dialects the node knows. */
async function offersOf(client: NodeClient): Promise<boolean[]> {
  const [reply] = await client.pipeline([['COMMAND', 'INFO', ...dialects.map(({ command }) => command)]], {
    repeatable: true,
  });
  return dialects.map((_, index) => Array.isArray(reply) && Array.isArray(reply[index]));
}

/** Returns the rest of the step when the operator ended it. Throws a TribError; slots that are not told as moved stay. */
export async function moveAtomically(
  dialect: Dialect,
  ends: Ends,
  slots: readonly number[],
  context: StepContext,
): Promise<'done' | MoveSlots> {
  const mover = new AtomicMover(dialect, ends, context);
  const left = new SlotSet(slots);
  const finish = async (moving: readonly number[], job: Job): Promise<void> => {
    for (const slot of await mover.finish(moving, job)) left.delete(slot);
  };
  // What a run that was cut off has begun goes on by itself.
  for (const job of await mover.jobs()) {
    if (job.progress !== 'running' && job.progress !== 'stumbled') continue;
    const moving = slots.filter((slot) => job.slots.has(slot));
    if (job.targetId === ends.step.target.id && moving.length > 0) await finish(moving, job);
  }
  const isEnded = (): boolean => context.signal?.aborted === true;
  for (
    let batch = [...left].slice(0, slotsAtOnce);
    batch.length > 0;
    batch = [...left].slice(0, slotsAtOnce)
  ) {
    if (isEnded()) break;
    await finish(batch, await mover.start(batch));
  }
  return left.ranges().length === 0 ? 'done' : { ...ends.step, slots: left.ranges() };
}

class AtomicMover {
  readonly #dialect: Dialect;
  readonly #ends: Ends;
  readonly #context: StepContext;
  readonly #teller: NodeClient;

  constructor(dialect: Dialect, ends: Ends, context: StepContext) {
    this.#dialect = dialect;
    this.#ends = ends;
    this.#context = context;
    this.#teller = ends[dialect.teller];
  }

  async jobs(): Promise<Job[]> {
    const reply = await this.#teller.demand(this.#dialect.list, { repeatable: true });
    try {
      return this.#dialect.parse(reply);
    } catch (cause) {
      throw new TribError(
        'failed',
        `${formatAddress(this.#teller.address)} answers ${this.#dialect.list.join(' ')} in a form that trib does not know.`,
        { cause, hint: 'Use --engine migrate.' },
      );
    }
  }

  async start(slots: readonly number[]): Promise<Job> {
    const known = new Set((await this.jobs()).map(({ id }) => id));
    // Sent once: sent again, it would be refused because of itself.
    await this.#teller.demand(this.#dialect.start(this.#ends.step, rangesOf(slots)));
    const [slot = -1] = slots;
    const job = (await this.jobs()).find(({ id, slots: its }) => !known.has(id) && its.has(slot));
    if (job === undefined) throw this.#failure(slots, 'it is not in the list of migrations');
    return job;
  }

  /** Waits for the end of the migration, tells of the slots, and returns them; none when it was cancelled on request. */
  async finish(slots: readonly number[], started: Job): Promise<readonly number[]> {
    const keys = await countKeys(this.#ends.source, slots);
    const job = await this.#end(slots, started);
    if (job?.progress === 'cancelled' && this.#context.signal?.aborted === true) return [];
    if (job !== undefined && job.progress !== 'done')
      throw this.#failure(slots, `${job.state}: ${job.message}`);
    await this.#untilOwned(slots);
    const { source, target } = this.#ends;
    for (const [index, slot] of slots.entries()) {
      this.#context.emit({
        type: 'slot-moved',
        slot,
        source: source.address,
        target: target.address,
        keys: keys[index] ?? 0,
      });
    }
    return slots;
  }

  /** The migration when it is over; undefined when the server does not know it any more. */
  async #end(slots: readonly number[], { id }: Job): Promise<Job | undefined> {
    const { clock, signal, emit } = this.#context;
    let isCancelled = false;
    let stumbledMs: number | undefined;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
      const job = (await this.jobs()).find((candidate) => candidate.id === id);
      if (job === undefined || !['running', 'stumbled'].includes(job.progress)) return job;
      if (signal?.aborted === true && !isCancelled) {
        isCancelled = true;
        await this.#cancel(job);
      }
      if (job.progress === 'stumbled') {
        if (stumbledMs === undefined)
          emit({ type: 'retrying', node: this.#teller.address, reason: job.message });
        stumbledMs ??= clock.monotonicMs();
        if (clock.monotonicMs() - stumbledMs > stumblingMs) {
          await this.#cancel(job);
          throw this.#failure(slots, `${job.state}: ${job.message}`);
        }
      }
      await delay(clock, pauseMs);
    }
  }

  /** It may be over right now: then there is nothing to cancel. */
  async #cancel(job: Job): Promise<void> {
    await this.#teller.pipeline([this.#dialect.cancel(job)], { repeatable: true });
  }

  /** Until both ends say that the slots are the target's. */
  async #untilOwned(slots: readonly number[]): Promise<void> {
    const { source, target, step } = this.#ends;
    await poll(
      { ...this.#context, signal: undefined },
      async () => {
        for (const client of [target, source]) {
          const line = (await askLines(client)).find(({ id }) => id === step.target.id);
          const owned = SlotSet.fromRanges(line?.slots ?? []);
          const missing = slots.filter((slot) => !owned.has(slot));
          if (missing.length > 0) return `${formatAddress(client.address)} does not give them to the target`;
        }
        return undefined;
      },
      (reason) => this.#failure(slots, reason),
    );
  }

  #failure(slots: readonly number[], why: string): TribError {
    const { source, target } = this.#ends;
    const [from, to] = [source, target].map(({ address }) => formatAddress(address));
    return new TribError(
      'failed',
      `${from} and ${to} did not move slots ${formatRanges(rangesOf(slots), ',')}: ${why.replace(/[:.\s]+$/, '')}.`,
      {
        hint: "No key is lost: such slots stay with their source. The servers' logs say more; --engine migrate is another way.",
      },
    );
  }
}
