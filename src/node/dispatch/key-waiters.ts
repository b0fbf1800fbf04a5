/**
 * Owns the clients that wait for keys: who waits for which, in which order they are served, and every way a wait ends. Never
 * knows what is served; that is for the commands (KeyWait). Source: Redis blocked.c, timeout.c checkBlockedClientTimeout.
 */
import { afterLong, type Clock, type Timer } from '../../core/clock.ts';
import { UNBLOCKED } from '../command/errors.ts';
import { type Command, flagBits } from '../command/table.ts';
import type { Cluster } from '../parts/cluster.ts';
import type { KeyWait, KeyWaiters } from '../parts/dispatch.ts';
import type { Database } from '../parts/keyspace.ts';
import type { Session } from './session.ts';

export interface KeyWaitersDeps {
  readonly clock: Clock;
  readonly databases: () => readonly Database[];
  readonly cluster: () => Cluster | undefined;
  /** Runs `serve` as a part of the client's command: with its context, propagated and counted for it. */
  call(client: Session, command: Command, wait: KeyWait, key: string): string | undefined;
  /** The command ends with an error that came from elsewhere. */
  failed(client: Session, command: Command, reply: string): void;
}

interface Waiter {
  readonly client: Session;
  readonly command: Command;
  readonly db: Database;
  readonly wait: KeyWait;
  timer: Timer | undefined;
}

export class WaitingClients implements KeyWaiters {
  readonly #deps: KeyWaitersDeps;
  /** By database index, then by key; in the order in which they came. */
  readonly #byKey = new Map<number, Map<string, Set<Waiter>>>();
  readonly #bySession = new Map<Session, Waiter>();
  /** By database index and key, in the order in which they became so. */
  #ready = new Map<string, { readonly dbIndex: number; readonly key: string }>();
  /** How many of the clients want to hear of a key that is gone. */
  #wantGone = 0;

  constructor(deps: KeyWaitersDeps) {
    this.#deps = deps;
  }

  /** Whether somebody may have to be served. */
  get anyReady(): boolean {
    return this.#ready.size > 0;
  }

  wait(client: Session, wait: KeyWait): void {
    const command = client.lastCommand;
    if (command === undefined) throw new Error('a client waits without a command');
    const waiter: Waiter = { client, command, db: client.db, wait, timer: undefined };
    if (wait.timeoutMs > 0)
      waiter.timer = afterLong(this.#deps.clock, wait.timeoutMs, () => this.#end(waiter, wait.timeoutReply));
    this.#bySession.set(client, waiter);
    if (wait.goneReply !== undefined) this.#wantGone++;
    let keys = this.#byKey.get(client.db.index);
    if (keys === undefined) {
      keys = new Map();
      this.#byKey.set(client.db.index, keys);
    }
    for (const key of wait.keys) {
      const waiters = keys.get(key);
      if (waiters === undefined) keys.set(key, new Set([waiter]));
      else waiters.add(waiter);
    }
    client.onUnblock = (withError) => {
      this.#forget(waiter);
      return withError ? UNBLOCKED : wait.timeoutReply;
    };
  }

  ready(dbIndex: number, key: string): void {
    if (this.#bySession.size === 0 || !this.#byKey.get(dbIndex)?.has(key)) return;
    this.#ready.set(`${dbIndex} ${key}`, { dbIndex, key });
  }

  /** The contents of a database were replaced: any key may have come or gone. */
  allReady(dbIndex: number): void {
    for (const key of this.#byKey.get(dbIndex)?.keys() ?? []) this.ready(dbIndex, key);
  }

  /**
   * To be called after each command, transaction or script. What is served may make other keys ready (BLMOVE): they have
   * their turn behind those that were ready before.
   */
  serveReady(): void {
    // A key that becomes ready meanwhile takes its place at the end, even if it is the one that has its turn.
    for (const [name, { dbIndex, key }] of this.#ready) {
      this.#ready.delete(name);
      this.#serveKey(dbIndex, key);
    }
  }

  #serveKey(dbIndex: number, key: string): void {
    const waiters = this.#byKey.get(dbIndex)?.get(key);
    const db = this.#deps.databases()[dbIndex];
    if (waiters === undefined || db === undefined) return;
    // Those who are served leave the set, which its iteration allows.
    for (const waiter of waiters) {
      const { client, command, wait } = waiter;
      // A look-up as a command makes it: a key whose time has come is deleted now, and replicas hear of it.
      const value = db.lookupWrite(key)?.value;
      const isWanted = typeof value === 'object' && 'typeName' in value && value.typeName === wait.type;
      if (!isWanted) {
        if (wait.goneReply !== undefined) this.#fail(waiter, wait.goneReply);
        else if (value === undefined && this.#wantGone === 0) return;
        continue;
      }
      const reply = this.#deps.call(client, command, wait, key);
      if (reply !== undefined) this.#end(waiter, reply);
    }
  }

  /** From time to time: who waits for keys of a slot that this node does not serve any more is sent away. */
  redirect(): void {
    const cluster = this.#deps.cluster();
    if (cluster === undefined) return;
    for (const waiter of [...this.#bySession.values()]) {
      const { client, command, wait } = waiter;
      const writes = (command.bits & flagBits.write) !== 0;
      const redirection = cluster.redirectBlocked(client, wait.keys[0] as string, writes);
      if (redirection !== undefined) this.#fail(waiter, redirection);
    }
  }

  close(): void {
    for (const { timer } of this.#bySession.values()) timer?.cancel();
  }

  #fail(waiter: Waiter, reply: string): void {
    this.#deps.failed(waiter.client, waiter.command, reply);
    this.#end(waiter, reply);
  }

  #end(waiter: Waiter, reply: string): void {
    this.#forget(waiter);
    waiter.client.resume(reply);
  }

  #forget(waiter: Waiter): void {
    if (this.#bySession.get(waiter.client) !== waiter) return;
    this.#bySession.delete(waiter.client);
    if (waiter.wait.goneReply !== undefined) this.#wantGone--;
    waiter.timer?.cancel();
    waiter.client.onUnblock = undefined;
    const keys = this.#byKey.get(waiter.db.index);
    for (const key of waiter.wait.keys) {
      const waiters = keys?.get(key);
      waiters?.delete(waiter);
      if (waiters?.size === 0) keys?.delete(key);
    }
  }
}
