/**
 * Owns client-side caching: who hears that which key is out of date, and when. Never knows a command; who reads and what changes,
 * it is told. Messages are invalidations of keys by name, whatever the database. Source: Redis tracking.c.
 */
import type { Random } from '../../core/random.ts';
import { bulkArray, nullBulk } from '../../protocol/resp/encode.ts';
import { keysOf } from '../command/keys.ts';
import type { CommandRow } from '../command/row.ts';
import type { Session } from '../dispatch/session.ts';
import type { Config } from '../parts/basics.ts';
import type { ClientTracking, Tracking, TrackingRequest } from '../parts/tracking.ts';
import { textBytes } from '../types/memory.ts';
import { KeyTable } from './key-table.ts';
import { invalidation, invalidationAsMessage, redirectBroken } from './messages.ts';
import { type Prefix, PrefixTable } from './prefix-table.ts';

export interface TrackingDeps {
  readonly config: Config;
  readonly random: Random;
  readonly clients: { byId(id: number): Session | undefined };
  /** Whose request is being carried out at the moment. */
  readonly requester: () => Session | undefined;
  /** Calls `send` before the replies of this turn go out, behind the last of them. */
  readonly outbox: { add(sender: { send(): void }): void };
}

/** What Tracking changes, and others only see as ClientTracking. */
interface State extends ClientTracking {
  on: boolean;
  mode: ClientTracking['mode'];
  noLoop: boolean;
  redirect: number;
  redirectBroken: boolean;
  readonly prefixes: Set<string>;
  /** Keys that the client's own command has made out of date, to be told behind its reply; undefined stands for all. */
  readonly pending: (string | undefined)[];
}

/** A client that does not track. Whom it redirects to stays: it may have to hear of what was changed just before. */
const off = { on: false, mode: 'default', noLoop: false, redirectBroken: false, caching: false } as const;

/** As seen in V8, besides the prefix: the place in the client's set and in the table. */
const PREFIX_BYTES = 200;

/** How many keys are forgotten at once, times how often in a row that was not enough. */
const forgottenAtOnce = 100;

export class ClientCaches implements Tracking {
  readonly #deps: TrackingDeps;
  readonly #states = new Map<Session, State>();
  readonly #keys = new KeyTable();
  readonly #prefixes = new PrefixTable();
  readonly #broadcast = { send: () => this.#sendBroadcast() };
  /** Clients that have it on. */
  readonly #tracking = new Set<Session>();
  #broadcastPlanned = false;
  #maxKeys = 0;
  /** How often in a row the limit was not reached. */
  #overLimit = 0;

  constructor(deps: TrackingDeps) {
    this.#deps = deps;
    const { config } = deps;
    const read = (): void => {
      this.#maxKeys = config.number('tracking-table-max-keys');
    };
    read();
    config.onChange('tracking-table-max-keys', read);
  }

  get clientCount(): number {
    return this.#tracking.size;
  }

  get keyCount(): number {
    return this.#keys.size;
  }

  get itemCount(): number {
    return this.#keys.itemCount;
  }

  get prefixCount(): number {
    return this.#prefixes.size;
  }

  enable(client: Session, { mode, noLoop, redirect, prefixes }: TrackingRequest): void {
    const state = this.#states.get(client) ?? this.#begin(client);
    this.#tracking.add(client);
    Object.assign(state, { mode, noLoop, redirect, on: true, redirectBroken: false });
    if (mode !== 'bcast') return;
    for (const prefix of prefixes.length === 0 ? [''] : prefixes) {
      if (!state.prefixes.has(prefix)) client.listenBytes += PREFIX_BYTES + textBytes(prefix);
      state.prefixes.add(prefix);
      this.#prefixes.add(prefix, client);
    }
  }

  #begin(client: Session): State {
    const state: State = { ...off, redirect: 0, prefixes: new Set(), pending: [] };
    client.tracking = state;
    this.#states.set(client, state);
    client.onClose(() => {
      this.disable(client);
      this.#states.delete(client);
    });
    return state;
  }

  /** The keys that it has read stay in the table until they change: it is found then that it does not want to know. */
  disable(client: Session): void {
    const state = this.#states.get(client);
    if (state === undefined || !this.#tracking.delete(client)) return;
    for (const prefix of state.prefixes) {
      this.#prefixes.remove(prefix, client);
      client.listenBytes -= PREFIX_BYTES + textBytes(prefix);
    }
    state.prefixes.clear();
    Object.assign(state, off);
  }

  remember(client: Session, row: CommandRow, argv: readonly string[]): void {
    const { tracking } = client;
    if (tracking === undefined || !tracking.on || tracking.mode === 'bcast') return;
    if (tracking.mode === 'optin' ? !tracking.caching : tracking.mode === 'optout' && tracking.caching)
      return;
    for (const key of keysOf(row, argv)) this.#keys.add(key, client.id);
  }

  /** Told again, of the same key: the last author counts. */
  touched(key: string, author: Session | undefined): void {
    if (this.#prefixes.size > 0 && this.#prefixes.note(key, author)) this.#planBroadcast();
    this.#invalidate(key, author);
  }

  /** Tells those who have read the key, which is forgotten; who is about to get a reply, behind that. */
  #invalidate(key: string, author?: Session): void {
    const readers = this.#keys.take(key);
    if (readers === undefined) return;
    const requester = this.#deps.requester();
    let keys: string | undefined;
    for (const id of readers) {
      const client = this.#deps.clients.byId(id);
      const state = client && this.#states.get(client);
      if (client === undefined || state === undefined || !state.on || state.mode === 'bcast') continue;
      if (client === requester && state.noLoop) continue;
      if (client === requester || client === author) state.pending.push(key);
      else {
        keys ??= bulkArray([key]);
        this.#send(client, state, keys);
      }
    }
  }

  flushed(): void {
    const requester = this.#deps.requester();
    for (const client of this.#tracking) {
      const state = this.#states.get(client);
      if (client === requester) state?.pending.push(undefined);
      else if (state !== undefined) this.#send(client, state, nullBulk(client.resp));
    }
    this.#keys.clear();
  }

  sendPending(client: Session): void {
    const state = this.#states.get(client);
    if (state === undefined || state.pending.length === 0) return;
    for (const key of state.pending.splice(0))
      this.#send(client, state, key === undefined ? nullBulk(client.resp) : bulkArray([key]));
  }

  keepToLimit(): void {
    if (this.#maxKeys === 0 || this.#keys.size <= this.#maxKeys) {
      this.#overLimit = 0;
      return;
    }
    this.#overLimit++;
    for (let left = forgottenAtOnce * this.#overLimit; left > 0; left--) {
      const key = this.#keys.draw(this.#deps.random);
      if (key !== undefined) this.#invalidate(key);
      if (this.#keys.size <= this.#maxKeys) {
        this.#overLimit = 0;
        return;
      }
    }
  }

  #planBroadcast(): void {
    if (this.#broadcastPlanned) return;
    this.#broadcastPlanned = true;
    this.#deps.outbox.add(this.#broadcast);
  }

  #sendBroadcast(): void {
    this.#broadcastPlanned = false;
    for (const { prefix, changed } of this.#prefixes.takeChanged()) {
      const sorted = [...changed.keys()].sort();
      const all = bulkArray(sorted);
      for (const client of prefix.clients) {
        const state = this.#states.get(client);
        const keys = state?.noLoop ? foreignKeys(client, sorted, changed) : all;
        if (state !== undefined && keys !== undefined) this.#send(client, state, keys);
      }
    }
  }

  /** `keys`: an encoded array, or a null. Who speaks RESP2 can only hear as a subscriber, in place of another. */
  #send(client: Session, state: State, keys: string): void {
    let reader = client;
    if (state.redirect !== 0) {
      const found = this.#deps.clients.byId(state.redirect);
      if (found === undefined) {
        state.redirectBroken = true;
        if (client.resp === 3) client.write(redirectBroken(state.redirect));
        return;
      }
      reader = found;
    }
    if (reader.resp === 3) reader.write(invalidation(keys));
    else if (state.redirect !== 0 && reader.kind === 'pubsub') reader.write(invalidationAsMessage(keys));
  }
}

/** Those that the client did not change itself, encoded; undefined without any. */
function foreignKeys(
  client: Session,
  sorted: readonly string[],
  changed: Prefix['changed'],
): string | undefined {
  const foreign = sorted.filter((key) => changed.get(key) !== client);
  return foreign.length === 0 ? undefined : bulkArray(foreign);
}
