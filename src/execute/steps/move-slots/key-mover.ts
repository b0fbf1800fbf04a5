/**
 * Owns the moving of keys out of an open slot with MIGRATE, until the source lists none. What passes by itself (a
 * target that loads, a link that broke) is tried again; a key that both nodes hold is overwritten only when its
 * copy is proven equal, or when the operator said so. Source: https://redis.io/commands/migrate, cluster.c migrateCommand.
 */
import { type Command, ConnectionLost, type Reply, ReplyError, refusal } from '../../../client/command.ts';
import { delay } from '../../../core/clock.ts';
import { messageOf, TribError } from '../../../core/errors.ts';
import { formatAddress } from '../../../protocol/text/addresses.ts';
import type { StepContext } from '../../context.ts';
import { BatchSize } from './batch-size.ts';
import { compareCopies } from './compare-copies.ts';
import type { Ends } from './ends.ts';
import type { SizeGuard } from './large-keys.ts';

/** Without any progress for this long, a failure that should pass is given up on. */
const patienceMs = 30_000;
const firstPauseMs = 20;
const longestPauseMs = 1000;
/** The MIGRATEs that stand in line behind a running one (slot-stream.ts) are read together, and nobody comes between. */
const carriedOutAtOnce = 2;
/** MIGRATE connects and may try once more, each within its timeout; and other slots' commands may stand before it. */
const replyPatienceFactor = 4;
const replyPatienceMs = 15_000;

/** "differs": source and target hold them with different values or times to live. */
export type WhyStuck = 'differs' | 'too large' | 'skipped';

/** A slot that cannot be drained until the operator has done something about the keys. It stays open. */
export class StuckSlot extends Error {
  override readonly name = 'StuckSlot';
  readonly slot: number;
  readonly keys: readonly { readonly key: Buffer; readonly why: WhyStuck }[];

  constructor(slot: number, keys: StuckSlot['keys']) {
    super(`slot ${slot} cannot be drained`);
    this.slot = slot;
    this.keys = keys;
  }
}

/** "gone": the source did not hold any of the keys any more. */
type Verdict = 'moved' | 'gone' | 'busy';

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
    return ['CLUSTER', 'GETKEYSINSLOT', slot, this.batchKeys + staying];
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
    let pauseMs = firstPauseMs;
    let progressMs = this.#context.clock.monotonicMs();
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
        pauseMs = firstPauseMs;
        progressMs = this.#context.clock.monotonicMs();
        keys = verdict === 'busy' ? undefined : this.#keysOf(next);
      } catch (error) {
        // What did go over is not listed again; what is on both sides is found when it is tried again.
        keys = undefined;
        await this.#pauseFor(error, pauseMs, progressMs);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
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
      { timeoutMs: this.#replyTimeoutMs },
    );
    const nowMs = clock.monotonicMs();
    // The source works off what stands in line before it can begin with this.
    const tookMs = nowMs - Math.max(sentMs, this.#lastReplyMs);
    this.#size.learn(keys.length, tookMs);
    this.#guard.learn(keys.length, tookMs);
    this.#lastReplyMs = nowMs;
    return [reply, next];
  }

  get #replyTimeoutMs(): number {
    return this.#context.moveOptions.timeoutMs * replyPatienceFactor + replyPatienceMs;
  }

  #migrate(keys: readonly Buffer[], replace: boolean): Command {
    const { targetForSource, target } = this.#ends;
    const credentials = target.acceptedCredentials;
    return [
      'MIGRATE',
      targetForSource.host,
      targetForSource.port,
      '',
      0,
      this.#context.moveOptions.timeoutMs,
      ...(replace ? ['REPLACE'] : []),
      ...(credentials === undefined
        ? []
        : credentials.username === undefined
          ? ['AUTH', credentials.password]
          : ['AUTH2', credentials.username, credentials.password]),
      'KEYS',
      ...keys,
    ];
  }

  /** Throws Passing for what trying again cures, a TribError for the rest. */
  #judge(reply: Reply): Verdict {
    if (!(reply instanceof ReplyError)) return String(reply) === 'NOKEY' ? 'gone' : 'moved';
    const text = reply.message;
    if (/\bBUSYKEY\b/.test(text)) return 'busy';
    if (/\b(IOERR|LOADING|CLUSTERDOWN|TRYAGAIN|BUSY|MASTERDOWN)\b|timeout connecting/i.test(text)) {
      throw new Passing(text);
    }
    if (/\b(NOAUTH|WRONGPASS|NOPERM)\b|called without any password/.test(text)) {
      throw new TribError(
        'auth',
        `${formatAddress(this.#ends.target.address)} refused MIGRATE's keys: ${text}`,
        {
          hint: 'Source and target must accept the same user and password, and the user may need more rights.',
        },
      );
    }
    throw refusal(this.#ends.source.address, ['MIGRATE'], reply);
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
    return Array.isArray(reply) ? reply.filter((key) => Buffer.isBuffer(key)) : [];
  }

  async #pauseFor(error: unknown, pauseMs: number, progressMs: number): Promise<void> {
    const passes = error instanceof Passing || error instanceof ConnectionLost;
    if (!passes || this.#ends.lost.signal.aborted) throw error;
    const { clock, emit } = this.#context;
    if (clock.monotonicMs() - progressMs > patienceMs) {
      if (error instanceof ConnectionLost) throw error;
      throw new TribError(
        'timeout',
        `${formatAddress(this.#ends.source.address)} could not move keys for ${patienceMs / 1000} s: ${error.message}`,
        {
          hint: `Can it reach ${formatAddress(this.#ends.targetForSource)}? The slot stays open, and no key is lost.`,
        },
      );
    }
    emit({ type: 'retrying', node: this.#ends.source.address, reason: error.message });
    await delay(clock, pauseMs);
  }
}

/** An error reply that is expected to go away. */
class Passing extends Error {
  override readonly name = 'Passing';
}
