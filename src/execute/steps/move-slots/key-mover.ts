/**
 * Owns the moving of keys out of an open slot with MIGRATE, until the source lists none. What passes by itself (a
 * target that loads, a link that broke) is tried again; a key that both nodes hold is overwritten only when its
 * copy is proven equal, or when the operator said so. Source: https://redis.io/commands/migrate, cluster.c migrateCommand.
 */
import { type Command, ConnectionLost, type Reply, ReplyError } from '../../../client/command.ts';
import { messageOf } from '../../../core/errors.ts';
import { formatAddress } from '../../../protocol/text/addresses.ts';
import type { StepContext } from '../../context.ts';
import { BatchSize } from '../../migrate/batch-size.ts';
import { compareCopies } from '../../migrate/compare-copies.ts';
import type { SizeGuard } from '../../migrate/large-keys.ts';
import {
  cannotSend,
  judgeMigrate,
  migrateCommand,
  Passing,
  replyTimeoutMs,
  type Verdict,
} from '../../migrate/migrate.ts';
import { Patience } from '../../migrate/patience.ts';
import { keysIn, listKeys } from '../../slot-keys.ts';
import { StuckSlot, type WhyStuck } from '../../stuck-slot.ts';
import type { Ends } from './ends.ts';

/** The MIGRATEs that stand in line behind a running one (slot-stream.ts) are read together, and nobody comes between. */
const carriedOutAtOnce = 2;

export class KeyMover {
  readonly #ends: Ends;
  readonly #context: StepContext;
  readonly #size: BatchSize;
  readonly #guard: SizeGuard;
  #lastReplyMs = 0;

  constructor(ends: Ends, guard: SizeGuard, context: StepContext) {
    this.#ends = ends;
    this.#guard = guard;
    this.#context = context;
    const { pipeline, maxPauseMs } = context.moveOptions;
    this.#size = new BatchSize(pipeline, maxPauseMs / carriedOutAtOnce);
  }

  /** How many keys go into one MIGRATE now. */
  get batchKeys(): number {
    return Math.min(this.#size.keys, this.#context.pace?.portionKeys ?? Number.POSITIVE_INFINITY);
  }

  /** The question for the keys of a slot, as many as go into one MIGRATE; `staying` of them are listed as well. */
  listKeys(slot: number, staying = 0): Command {
    return listKeys(slot, this.batchKeys + staying);
  }

  /**
   * Moves every key of the slot; `listed` are some of them, when they are known already. Returns how many were moved.
   * Throws a StuckSlot when the others are moved, or a TribError when a node refuses or stays away.
   */
  async drain(slot: number, listed: Reply | undefined): Promise<number> {
    /** Keys that stay, by their bytes as text. */
    const staying = new Map<string, { readonly key: Buffer; readonly why: WhyStuck }>();
    let keys: readonly Buffer[] | undefined = listed === undefined ? undefined : this.#keysOf(listed);
    let moved = 0;
    const patience = new Patience(this.#context.clock);
    for (;;) {
      try {
        const question = this.listKeys(slot, staying.size);
        keys ??= this.#keysOf(await this.#ends.stream.call(question, { repeatable: true }));
        if (staying.size > 0) keys = keys.filter((key) => !staying.has(key.latin1Slice()));
        if (keys.length === 0) break;
        const { now, stays } = await this.#guard.fit(keys.slice(0, this.batchKeys));
        if (stays !== undefined) staying.set(stays.key.latin1Slice(), stays);
        keys = undefined;
        if (now.length === 0) continue;
        const replace = this.#context.moveOptions.replace;
        const [reply, next] = await this.#migrateAndList(slot, now, replace, staying.size);
        const verdict = this.#judge(reply);
        const differing = verdict === 'busy' ? await this.#moveBusy(slot, now) : [];
        for (const key of differing) staying.set(key.latin1Slice(), { key, why: 'differs' });
        const gone = now.length - differing.length;
        if (verdict !== 'gone' && gone > 0) {
          moved += gone;
          this.#context.emit({ type: 'keys-moved', slot, keys: gone });
        }
        patience.renew();
        keys = verdict === 'busy' ? undefined : this.#keysOf(next);
      } catch (error) {
        // What did go over is not listed again; what is on both sides is found when it is tried again.
        keys = undefined;
        await this.#pauseFor(error, patience);
      }
    }
    if (staying.size > 0) throw new StuckSlot(slot, [...staying.values()]);
    return moved;
  }

  /** MIGRATE and the question for what is left, in one write: the source need not wait for us in between. */
  async #migrateAndList(
    slot: number,
    keys: readonly Buffer[],
    replace: boolean,
    staying: number,
  ): Promise<[Reply, Reply]> {
    const { clock, pace, signal } = this.#context;
    // Who wants to end waits for what is open: that is not held back.
    if (signal?.aborted !== true) await pace?.pass(keys.length);
    const sentMs = clock.monotonicMs();
    const [reply = null, next = null] = await this.#ends.stream.pipeline(
      [this.#migrate(keys, replace), this.listKeys(slot, staying)],
      { timeoutMs: replyTimeoutMs(this.#context.moveOptions.timeoutMs) },
    );
    const nowMs = clock.monotonicMs();
    // The source works off what stands in line before it can begin with this.
    const tookMs = nowMs - Math.max(sentMs, this.#lastReplyMs);
    this.#size.learn(keys.length, tookMs);
    this.#guard.learn(keys.length, tookMs);
    this.#lastReplyMs = nowMs;
    return [reply, next];
  }

  #migrate(keys: readonly Buffer[], replace: boolean): Command {
    const { targetForSource, target } = this.#ends;
    const { timeoutMs } = this.#context.moveOptions;
    const credentials = target.acceptedCredentials;
    return migrateCommand({ target: targetForSource, credentials, timeoutMs, replace }, keys);
  }

  /** Throws Passing for what trying again cures, a TribError for the rest. */
  #judge(reply: Reply): Verdict {
    return judgeMigrate(reply, this.#ends.source.address, this.#ends.target.address);
  }

  /**
   * Some of the keys are on the target already: a former attempt broke off, or somebody wrote them there. Returns those
   * that differ there, and stay.
   */
  async #moveBusy(slot: number, keys: readonly Buffer[]): Promise<readonly Buffer[]> {
    const { differing, equal, missing } = await compareCopies(this.#ends, keys);
    for (const [group, replace] of [
      [equal, true],
      [missing, false],
    ] as const) {
      if (group.length === 0) continue;
      const [reply] = await this.#migrateAndList(slot, group, replace, 0);
      // Busy again only if somebody writes there right now: then the next round compares anew.
      if (this.#judge(reply) === 'busy') throw new Passing(messageOf(reply));
    }
    return differing;
  }

  #keysOf(reply: Reply): Buffer[] {
    if (reply instanceof ReplyError) this.#judge(reply);
    return keysIn(reply);
  }

  async #pauseFor(error: unknown, patience: Patience): Promise<void> {
    const passes = error instanceof Passing || error instanceof ConnectionLost;
    if (!passes || this.#ends.lost.signal.aborted) throw error;
    const { source, targetForSource } = this.#ends;
    if (patience.isOver()) {
      if (error instanceof ConnectionLost) throw error;
      const hint = `Can it reach ${formatAddress(targetForSource)}? The slot stays open, and no key is lost.`;
      throw cannotSend(source.address, targetForSource, patience, error.message, hint);
    }
    this.#context.emit({ type: 'retrying', node: source.address, reason: error.message });
    await patience.pause();
  }
}
