/**
 * Owns the clients that WAIT: each until enough replicas have acknowledged an offset, or its time is over.
 * Source: Redis replication.c waitCommand, processClientsWaitingReplicas.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import { integer } from '../../protocol/resp/encode.ts';
import { UNBLOCKED } from '../command/errors.ts';
import type { Session } from '../dispatch/session.ts';

interface Waiter {
  readonly offset: number;
  readonly wanted: number;
  readonly timer: Timer | undefined;
}

export class AckWaiters {
  readonly #clock: Clock;
  /** How many replicas have acknowledged an offset. */
  readonly #count: (offset: number) => number;
  readonly #waiters = new Map<Session, Waiter>();

  constructor(clock: Clock, count: (offset: number) => number) {
    this.#clock = clock;
    this.#count = count;
  }

  /** The session's command returns BLOCKED, and is resumed from here. `timeoutMs` 0 waits for ever. */
  add(session: Session, offset: number, wanted: number, timeoutMs: number): void {
    const timer = timeoutMs === 0 ? undefined : this.#clock.after(timeoutMs, () => this.#answer(session));
    this.#waiters.set(session, { offset, wanted, timer });
    session.onUnblock = (withError) => {
      this.#forget(session);
      return withError ? UNBLOCKED : integer(this.#count(offset));
    };
  }

  /** To be called after an acknowledgement. */
  check(): void {
    for (const [session, { offset, wanted }] of [...this.#waiters])
      if (this.#count(offset) >= wanted) this.#answer(session);
  }

  close(): void {
    for (const { timer } of this.#waiters.values()) timer?.cancel();
    this.#waiters.clear();
  }

  #answer(session: Session): void {
    const offset = this.#waiters.get(session)?.offset;
    if (offset === undefined) return;
    this.#forget(session);
    session.resume(integer(this.#count(offset)));
  }

  #forget(session: Session): void {
    const waiter = this.#waiters.get(session);
    if (waiter === undefined) return;
    waiter.timer?.cancel();
    this.#waiters.delete(session);
    session.onUnblock = undefined;
  }
}
