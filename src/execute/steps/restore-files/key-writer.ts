/**
 * Owns the writing of keys to whoever has their slots, by RESTORE, many in one write and all masters at once. It follows
 * slots that move meanwhile. Nothing is overwritten unless asked for: a key that is there already is compared, and told
 * of when it is another. Source: https://redis.io/commands/restore, Redis cluster.c restoreCommand.
 */
import { type Command, ConnectionLost, type Reply, ReplyError, refusal } from '../../../client/command.ts';
import { TribError } from '../../../core/errors.ts';
import { escapeBytes } from '../../../core/escape.ts';
import { isSameObject, objectOfPayload, payloadOf } from '../../../protocol/rdb/raw-object.ts';
import type { RdbKey } from '../../../protocol/rdb/scanner.ts';
import { keySlot } from '../../../protocol/slots/key-slot.ts';
import { type Address, formatAddress } from '../../../protocol/text/addresses.ts';
import type { StepContext } from '../../context.ts';
import { outOfMemory } from '../../migrate/migrate.ts';
import { Patience } from '../../migrate/patience.ts';
import { redirectionIn, type SlotOwners } from '../../slot-owners.ts';

/** One write to one master. */
const batchKeys = 256;
const batchBytes = 256 * 1024;
/** While one is carried out, the next is on its way. */
const batchesAtOnce = 2;
/** A copy's end may be told some time after it was looked up. */
const ttlToleranceMs = 1000;

interface Entry {
  readonly key: Buffer;
  readonly slot: number;
  readonly payload: Buffer;
  /** Unix ms, -1 without a time to live. */
  readonly expireAtMs: number;
  readonly command: Command;
}

/** Entries for one master that are not sent yet, and what is sent. */
interface Lane {
  waiting: Entry[];
  bytes: number;
  readonly running: Set<Promise<void>>;
}

export interface KeysWritten {
  written: number;
  /** On the cluster before, with the same value and time to live. */
  already: number;
  /** On the cluster before, and not the same. */
  readonly differing: Buffer[];
}

export class KeyWriter {
  readonly result: KeysWritten = { written: 0, already: 0, differing: [] };
  readonly #context: StepContext;
  readonly #owners: SlotOwners;
  readonly #lanes = new Map<string, Lane>();
  #failure: { readonly reason: unknown } | undefined;

  constructor(owners: SlotOwners, context: StepContext) {
    this.#owners = owners;
    this.#context = context;
  }

  /** Resolves when there is room for more. Throws what a write before has met. */
  async add(key: RdbKey): Promise<void> {
    const entry = this.#entryOf(key);
    const owner = this.#owners.of(entry.slot);
    const lane = this.#laneOf(owner === undefined ? '' : formatAddress(owner));
    lane.waiting.push(entry);
    lane.bytes += entry.payload.length;
    if (lane.waiting.length >= batchKeys || lane.bytes >= batchBytes) this.#dispatch(lane);
    while (lane.running.size >= batchesAtOnce) await Promise.race(lane.running);
    this.#throwFailure();
  }

  /** Resolves when all is written. */
  async finish(): Promise<void> {
    for (const lane of this.#lanes.values()) {
      this.#dispatch(lane);
      await Promise.all(lane.running);
    }
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.reason;
  }

  #entryOf({ key, object, expireAtMs, idleSeconds, frequency }: RdbKey): Entry {
    const name = Buffer.from(key, 'latin1');
    const payload = payloadOf(object);
    const command = ['RESTORE', name, expireAtMs === -1 ? 0 : expireAtMs, payload];
    if (this.#context.moveOptions.replace) command.push('REPLACE');
    if (expireAtMs !== -1) command.push('ABSTTL');
    if (frequency >= 0) command.push('FREQ', frequency);
    else if (idleSeconds >= 0) command.push('IDLETIME', idleSeconds);
    return { key: name, slot: keySlot(key), payload, expireAtMs, command };
  }

  #laneOf(name: string): Lane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = { waiting: [], bytes: 0, running: new Set() };
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  #dispatch(lane: Lane): void {
    const batch = lane.waiting;
    if (batch.length === 0) return;
    lane.waiting = [];
    lane.bytes = 0;
    const running = this.#deliver(batch)
      .catch((reason: unknown) => {
        this.#failure ??= { reason };
      })
      .finally(() => lane.running.delete(running));
    lane.running.add(running);
  }

  /** Sends entries to whoever has their slots until each is settled. */
  async #deliver(entries: readonly Entry[]): Promise<void> {
    let left = entries;
    const patience = new Patience(this.#context.clock);
    for (let rounds = 0; left.length > 0; rounds++) {
      const round = new Round();
      await Promise.all(this.#byOwner(left, round).map(([owner, group]) => this.#send(owner, group, round)));
      if (round.again.length < left.length) patience.renew();
      left = round.again;
      if (left.length === 0 || this.#failure !== undefined) return;
      if (round.reason === '' && rounds === 0) continue;
      if (patience.isOver()) throw gaveUp(patience.waitedMs, round.reason);
      if (round.node !== undefined)
        this.#context.emit({ type: 'retrying', node: round.node, reason: round.reason });
      await patience.pause();
      // Who should have answered may not be the master any more.
      if (round.reason !== '') await this.#owners.refresh().catch(() => {});
    }
  }

  #byOwner(entries: readonly Entry[], round: Round): [Address, Entry[]][] {
    const groups = new Map<string, [Address, Entry[]]>();
    for (const entry of entries) {
      const owner = this.#owners.of(entry.slot);
      if (owner === undefined) {
        round.retry(entry, `slot ${entry.slot} has no master`);
        continue;
      }
      const name = formatAddress(owner);
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [owner, [entry]]);
      else group[1].push(entry);
    }
    return [...groups.values()];
  }

  async #send(owner: Address, entries: readonly Entry[], round: Round): Promise<void> {
    const replies = await this.#ask(
      owner,
      entries.map(({ command }) => command),
      round,
    );
    if (replies === undefined) {
      for (const entry of entries) round.retry(entry, round.reason);
      return;
    }
    const busy: Entry[] = [];
    let written = 0;
    for (const [index, entry] of entries.entries()) {
      const reply = replies[index] ?? null;
      if (!(reply instanceof ReplyError)) written++;
      else if (reply.code === 'BUSYKEY') busy.push(entry);
      else if (reply.code === 'ASK') written += await this.#sendAsking(owner, entry, reply, busy, round);
      else this.#judge(owner, entry, reply, round);
    }
    if (written > 0) this.#tellWritten(owner, written);
    if (busy.length > 0) await this.#compare(owner, busy, round);
  }

  /** To the node that imports the slot. Returns 1 when it was written. */
  async #sendAsking(
    owner: Address,
    entry: Entry,
    redirected: ReplyError,
    busy: Entry[],
    round: Round,
  ): Promise<number> {
    const target = redirectionIn(redirected.message, owner)?.address;
    if (target === undefined) throw refusal(owner, entry.command, redirected);
    const replies = await this.#ask(target, [['ASKING'], entry.command], round);
    const reply = replies?.[1] ?? null;
    if (replies === undefined) round.retry(entry, round.reason);
    else if (!(reply instanceof ReplyError)) return 1;
    else if (reply.code === 'BUSYKEY') busy.push(entry);
    else this.#judge(target, entry, reply, round);
    return 0;
  }

  /** Undefined when the node cannot be reached now. */
  async #ask(
    address: Address,
    commands: readonly Command[],
    round: Round,
  ): Promise<readonly Reply[] | undefined> {
    const { pool, moveOptions } = this.#context;
    try {
      // Sent twice, a RESTORE finds what the first one wrote: equal.
      const options = { repeatable: true, timeoutMs: moveOptions.timeoutMs };
      return await pool.at(address, 'restore').pipeline(commands, options);
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      round.reason = error.message;
      round.node = address;
      return undefined;
    }
  }

  /** Takes the key up again where that will do. Throws a TribError for what does not pass by itself. */
  #judge(address: Address, entry: Entry, reply: ReplyError, round: Round): void {
    const moved = redirectionIn(reply.message, address);
    if (moved?.kind === 'MOVED') {
      this.#owners.learn(moved);
      round.retry(entry, '');
      return;
    }
    if (/^(TRYAGAIN|CLUSTERDOWN|LOADING|BUSY|READONLY|MASTERDOWN|ASK)\b/.test(reply.message)) {
      round.node = address;
      round.retry(entry, reply.message);
      return;
    }
    const name = formatAddress(address);
    const key = escapeBytes(entry.key);
    if (reply.code === 'OOM') throw outOfMemory(address, `it refused the key "${key}".`);
    if (/DUMP payload|Bad data format/.test(reply.message)) {
      throw new TribError('failed', `${name} cannot take the key "${key}": ${reply.message}.`, {
        hint: 'The value may come from a newer version of the server.',
      });
    }
    throw refusal(address, entry.command, reply);
  }

  /** The keys are there: the same, or others? Their values are held here meanwhile, so only some at once. */
  async #compare(owner: Address, entries: readonly Entry[], round: Round): Promise<void> {
    for (let start = 0; start < entries.length; ) {
      let [end, bytes] = [start, 0];
      while (end < entries.length && bytes < batchBytes) bytes += entries[end++]?.payload.length ?? 0;
      await this.#compareSome(owner, entries.slice(start, end), round);
      start = end;
    }
  }

  async #compareSome(owner: Address, entries: readonly Entry[], round: Round): Promise<void> {
    const replies = await this.#ask(
      owner,
      entries.flatMap(({ key }) => [
        ['DUMP', key],
        ['PTTL', key],
      ]),
      round,
    );
    for (const [index, entry] of entries.entries()) {
      const [payload, ttlMs] = [replies?.[2 * index], replies?.[2 * index + 1]];
      if (payload instanceof ReplyError) this.#judge(owner, entry, payload, round);
      // It went in the meantime, or its node did.
      else if (!Buffer.isBuffer(payload)) round.retry(entry, round.reason);
      else if (this.#isSame(entry, payload, Number(ttlMs))) this.result.already++;
      else this.result.differing.push(entry.key);
    }
  }

  #isSame(entry: Entry, payload: Buffer, ttlMs: number): boolean {
    const [own, found] = [objectOfPayload(entry.payload), objectOfPayload(payload)];
    if (own === undefined || found === undefined || !isSameObject(own, found)) return false;
    if (entry.expireAtMs === -1 || ttlMs < 0) return entry.expireAtMs === -1 && ttlMs < 0;
    const leftMs = entry.expireAtMs - this.#context.clock.nowMs();
    return Math.abs(leftMs - ttlMs) <= ttlToleranceMs;
  }

  #tellWritten(target: Address, keys: number): void {
    this.result.written += keys;
    this.#context.emit({ type: 'keys-written', target, keys });
  }
}

/** What one try leaves for the next. */
class Round {
  readonly again: Entry[] = [];
  /** Why; "" when only the place was wrong. */
  reason = '';
  node: Address | undefined;

  retry(entry: Entry, reason: string): void {
    this.again.push(entry);
    if (reason !== '') this.reason = reason;
  }
}

function gaveUp(waitedMs: number, reason: string): TribError {
  const waited = Math.round(waitedMs / 1000);
  return new TribError('timeout', `Keys could not be written for ${waited} s: ${reason}`, {
    hint: 'What was restored stays. When the cluster is well (trib check), go on.',
  });
}
