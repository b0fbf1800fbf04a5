/**
 * Owns the sending of listed keys to the masters of their slots, by MIGRATE at the source: a key is gone there only when
 * its master has it. A key that the cluster has already is compared, and left alone when it is another. It follows slots
 * that move meanwhile. Source: https://redis.io/commands/migrate, Redis cluster.c migrateCommand.
 */
import { ConnectionLost, type Reply, ReplyError, refusal } from '../../../client/command.ts';
import type { NodeClient } from '../../../client/node-client.ts';
import { escapeBytes } from '../../../core/escape.ts';
import { keySlot } from '../../../protocol/slots/key-slot.ts';
import { type Address, formatAddress } from '../../../protocol/text/addresses.ts';
import type { StepContext } from '../../context.ts';
import { BatchSize } from '../../migrate/batch-size.ts';
import { compareCopies } from '../../migrate/compare-copies.ts';
import type { SizeGuard, StayingKey } from '../../migrate/large-keys.ts';
import {
  cannotSend,
  judgeMigrate,
  migrateCommand,
  Passing,
  replyTimeoutMs,
  type Verdict,
} from '../../migrate/migrate.ts';
import { Patience } from '../../migrate/patience.ts';
import { redirectionIn, type SlotOwners } from '../../slot-owners.ts';
import type { Batch } from './key-queue.ts';

/** As long as nothing went well yet, patience is over sooner: the source may have no way to the cluster. */
const firstPatienceMs = 5000;
const whenUnsent =
  'Keys go from the source straight to the masters, at the addresses that these announce: can it reach them? What was imported stays, and no key is lost.';
/** What a MIGRATE of so few takes is not for their number, but for a busy machine; large values the guard sees to. */
const leastKeys = 32;

export interface KeysMigrated {
  written: number;
  /** The cluster had them already, the same. */
  already: number;
  readonly differing: Buffer[];
  /** Too big to be sent, or to be sent as the operator wants it. */
  readonly staying: StayingKey[];
}

/** MIGRATEs whose replies came together. */
interface Turn {
  readonly startMs: number;
  endMs: number;
  keys: number;
  count: number;
}

/** Keys of a slot that is open have to wait. */
class SlotOpen extends Passing {
  override readonly name = 'SlotOpen';
  readonly slot: number;

  constructor(message: string, slot: number) {
    super(message);
    this.slot = slot;
  }
}

export class Migrator {
  readonly result: KeysMigrated = { written: 0, already: 0, differing: [], staying: [] };
  readonly #context: StepContext;
  readonly #owners: SlotOwners;
  readonly #guard: SizeGuard;
  readonly #copy: boolean;
  readonly #size: BatchSize;
  readonly #differing = new Set<string>();
  #lastReplyMs = 0;
  #turn: Turn | undefined;

  constructor(owners: SlotOwners, guard: SizeGuard, copy: boolean, context: StepContext) {
    this.#owners = owners;
    this.#guard = guard;
    this.#copy = copy;
    this.#context = context;
    this.#size = new BatchSize(context.moveOptions.pipeline, context.moveOptions.maxPauseMs);
  }

  /** How many keys go into one MIGRATE now. */
  get batchKeys(): number {
    const { moveOptions, pace } = this.#context;
    const keys = moveOptions.pipeline ?? Math.max(leastKeys, this.#size.keys);
    return Math.min(keys, pace?.portionKeys ?? Number.POSITIVE_INFINITY);
  }

  /** Resolves when every key of the batch is settled; `source` is a connection of its own. Throws a TribError. */
  async send(source: NodeClient, batch: Batch): Promise<void> {
    const { clock, emit } = this.#context;
    // Slots may have moved since the keys were listed.
    let groups = this.#byOwner(batch.keys, batch.target);
    /** Keys that have to wait: of slots that are on their way. */
    let later: Buffer[] = [];
    const patience = new Patience(clock);
    for (let group = groups.pop(); group !== undefined; group = groups.pop()) {
      try {
        const rest = await this.#sendOnce(source, group);
        if (rest.length > 0) groups.push({ target: group.target, keys: rest });
        patience.renew();
      } catch (error) {
        if (!(error instanceof Passing || error instanceof ConnectionLost)) throw error;
        const goesWell = this.result.written + this.result.already > 0;
        if (patience.isOver(goesWell ? undefined : firstPatienceMs)) {
          const target = this.#owners.announced(group.target);
          throw cannotSend(source.address, target, patience, error.message, whenUnsent);
        }
        // What went over with it is not there any more, or is found equal.
        const { now, waits } = parted(group.keys, error);
        later.push(...waits);
        if (now.length > 0) groups.push({ target: group.target, keys: now });
        if (groups.length > 0) continue;
        emit({ type: 'retrying', node: source.address, reason: error.message });
        await patience.pause();
      }
      if (groups.length > 0 || later.length === 0) continue;
      await this.#owners.refresh().catch(() => {});
      groups = this.#byOwner(later, group.target);
      later = [];
    }
  }

  /** `last`: who is tried for a slot that nobody has now. */
  #byOwner(keys: readonly Buffer[], last: Address): Batch[] {
    const groups = new Map<string, { target: Address; keys: Buffer[] }>();
    for (const key of keys) {
      const target = this.#owners.of(keySlot(key.latin1Slice())) ?? last;
      const name = formatAddress(target);
      const group = groups.get(name);
      if (group === undefined) groups.set(name, { target, keys: [key] });
      else group.keys.push(key);
    }
    return [...groups.values()];
  }

  /** Returns the keys that did not fit into one MIGRATE. */
  async #sendOnce(source: NodeClient, { target, keys }: Batch): Promise<readonly Buffer[]> {
    const { now, stays } = await this.#guard.fit(keys);
    if (now.length === 0 && stays !== undefined) {
      this.result.staying.push(stays);
      return keys.slice(1);
    }
    const verdict = await this.#migrate(source, target, now, this.#context.moveOptions.replace);
    if (verdict === 'moved') this.#tell(target, now);
    if (verdict === 'busy') await this.#settleBusy(source, target, now);
    return keys.slice(now.length);
  }

  /**
   * Some of the keys are in the cluster already: from a run that broke off, or written by others. Nothing is written over
   * them, since clients may write there at any moment: what is equal only has to go at the source.
   */
  async #settleBusy(source: NodeClient, target: Address, keys: readonly Buffer[]): Promise<void> {
    const connection = await source.connect();
    if (!this.#copy) await source.demand(['WATCH', ...keys]);
    const ends = { source, target: this.#context.pool.at(target) };
    const { equal, differing, missing } = await compareCopies(ends, keys);
    if (!this.#copy) {
      // Another connection would watch nothing.
      if ((await source.connect()) !== connection) throw new Passing('the connection was lost');
      await this.#remove(source, equal);
    }
    const compared = new Set([...equal, ...differing, ...missing]);
    // Not at the source any more: they have gone over with this MIGRATE.
    const gone = keys.filter((key) => !compared.has(key));
    this.#tell(target, gone);
    for (const key of differing) {
      const name = key.latin1Slice();
      // SCAN may list a key twice, and what passes is tried again.
      if (!this.#differing.has(name)) this.result.differing.push(key);
      this.#differing.add(name);
    }
    this.result.already += equal.length;
    if (missing.length === 0) return;
    const verdict = await this.#migrate(source, target, missing, false);
    if (verdict === 'busy') throw new Passing('keys are being written to the cluster meanwhile');
    if (verdict === 'moved') this.#tell(target, missing);
  }

  /** Keys that are watched, and go only as they were when they were compared. Ends the watch. */
  async #remove(source: NodeClient, keys: readonly Buffer[]): Promise<void> {
    if (keys.length === 0) {
      await source.demand(['UNWATCH']);
      return;
    }
    const replies = await source.pipeline([['MULTI'], ['UNLINK', ...keys], ['EXEC']]);
    const refused = replies.find((reply) => reply instanceof ReplyError);
    if (refused instanceof ReplyError) throw refusal(source.address, ['UNLINK'], refused);
    if (replies[2] === null) throw new Passing('keys are being written at the source meanwhile');
  }

  /** Throws Passing, a ConnectionLost or a TribError. */
  async #migrate(
    source: NodeClient,
    target: Address,
    keys: readonly Buffer[],
    replace: boolean,
  ): Promise<Verdict> {
    const { clock, moveOptions, pool } = this.#context;
    const client = pool.at(target);
    // Whether it needs the password is known once it was asked.
    await client.connect();
    const command = migrateCommand(
      {
        target: this.#owners.announced(target),
        credentials: client.acceptedCredentials,
        timeoutMs: moveOptions.timeoutMs,
        copy: this.#copy,
        replace,
      },
      keys,
    );
    if (this.#context.signal?.aborted !== true) await this.#context.pace?.pass(keys.length);
    const sentMs = clock.monotonicMs();
    const options = { timeoutMs: replyTimeoutMs(moveOptions.timeoutMs) };
    const [reply = null] = await source.pipeline([command], options);
    const nowMs = clock.monotonicMs();
    this.#note(keys.length, sentMs, nowMs);
    return this.#judge(reply, source.address, target);
  }

  /**
   * The source carries out all that stands in line in one turn, and replies at its end: its clients wait for the whole
   * of it. So replies that come together are measured together.
   */
  #note(keys: number, sentMs: number, nowMs: number): void {
    let turn = this.#turn;
    if (turn === undefined) {
      turn = { startMs: Math.max(sentMs, this.#lastReplyMs), endMs: nowMs, keys: 0, count: 0 };
      this.#turn = turn;
      this.#context.clock.after(0, () => this.#learn());
    }
    turn.keys += keys;
    turn.count++;
    turn.endMs = nowMs;
    this.#lastReplyMs = nowMs;
  }

  #learn(): void {
    const turn = this.#turn;
    this.#turn = undefined;
    if (turn === undefined) return;
    const keys = Math.ceil(turn.keys / turn.count);
    const tookMs = turn.endMs - turn.startMs;
    this.#size.learn(keys, tookMs);
    this.#guard.learn(keys, tookMs);
  }

  /** Slots may move while keys are sent, and their masters fail: then others have them. */
  #judge(reply: Reply, source: Address, target: Address): Verdict {
    const redirected = reply instanceof ReplyError ? redirectionIn(reply.message, target) : undefined;
    if (reply instanceof ReplyError && redirected?.kind === 'ASK')
      throw new SlotOpen(reply.message, redirected.slot);
    // Where one slot moved, more have: who has them is asked at once for all.
    if (reply instanceof ReplyError && (redirected !== undefined || /\bREADONLY\b/.test(reply.message)))
      throw new Passing(reply.message);
    return judgeMigrate(reply, source, target);
  }

  #tell(target: Address, keys: readonly Buffer[]): void {
    if (keys.length === 0) return;
    this.result.written += keys.length;
    const names = keys.map((key) => escapeBytes(key));
    this.#context.emit({ type: 'keys-written', target, keys: keys.length, names });
  }
}

/** The keys that can be sent on at once, and those that have to wait. */
function parted(
  keys: readonly Buffer[],
  error: Passing | ConnectionLost,
): { readonly now: Buffer[]; readonly waits: Buffer[] } {
  const slot = error instanceof SlotOpen ? error.slot : undefined;
  const now: Buffer[] = [];
  const waits: Buffer[] = [];
  for (const key of keys) {
    const isOfIt = slot === undefined || keySlot(key.latin1Slice()) === slot;
    (isOfIt ? waits : now).push(key);
  }
  return { now, waits };
}
