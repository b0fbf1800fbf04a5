/**
 * Owns what keeps clients waiting: keys that something asynchronous works on (MIGRATE), and pauses (CLIENT PAUSE, a
 * failover). A session whose command must wait is queued here and tries again when a reason ends.
 * Source: Redis networking.c pauseClients, BLOCKED_POSTPONE; keys are held here instead of blocking the whole server.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import type { PauseReason } from '../parts/dispatch.ts';
import type { Session } from './session.ts';

/** Timers of Node take no more; a longer pause is a row of timers. */
const longestTimerMs = 2 ** 31 - 1;

interface Pause {
  readonly what: 'write' | 'all';
  readonly untilMs: number;
  readonly timer: Timer;
}

export class Holds {
  readonly #clock: Clock;
  /** How often a key is held: by database index, then by key. */
  readonly #keys = new Map<number, Map<string, number>>();
  readonly #pauses = new Map<PauseReason, Pause>();
  #waiting: Session[] = [];
  #pausedAll = false;
  #pausedWrites = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether any key is held at all. */
  get anyKey(): boolean {
    return this.#keys.size > 0;
  }

  /** Whether every command of clients waits. */
  get pausedAll(): boolean {
    return this.#pausedAll;
  }

  get pausedWrites(): boolean {
    return this.#pausedWrites;
  }

  pausedFor(reason: PauseReason): boolean {
    return this.#pauses.has(reason);
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  isHeld(dbIndex: number, key: string): boolean {
    return this.#keys.get(dbIndex)?.has(key) ?? false;
  }

  /** Returns the function that lets the keys go; calling it again does nothing. */
  holdKeys(dbIndex: number, keys: readonly string[]): () => void {
    let counts = this.#keys.get(dbIndex);
    if (counts === undefined) {
      counts = new Map();
      this.#keys.set(dbIndex, counts);
    }
    const held = counts;
    for (const key of keys) held.set(key, (held.get(key) ?? 0) + 1);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      for (const key of keys) {
        const count = held.get(key) ?? 1;
        if (count > 1) held.set(key, count - 1);
        else held.delete(key);
      }
      if (held.size === 0 && this.#keys.get(dbIndex) === held) this.#keys.delete(dbIndex);
      this.#retryAll();
    };
  }

  /** A later end wins over an earlier one of the same reason, and 'all' over 'write'. */
  pause(reason: PauseReason, what: 'write' | 'all', untilMs: number): void {
    const before = this.#pauses.get(reason);
    before?.timer.cancel();
    const end = Math.max(untilMs, before?.untilMs ?? 0);
    const timer = this.#clock.after(Math.max(0, Math.min(end - this.#clock.nowMs(), longestTimerMs)), () =>
      this.#timeUp(reason),
    );
    const strictest = before?.what === 'all' ? 'all' : what;
    this.#pauses.set(reason, { what: strictest, untilMs: end, timer });
    this.#refresh();
  }

  #timeUp(reason: PauseReason): void {
    const pause = this.#pauses.get(reason);
    if (pause !== undefined && pause.untilMs > this.#clock.nowMs())
      this.pause(reason, pause.what, pause.untilMs);
    else this.unpause(reason);
  }

  unpause(reason: PauseReason): void {
    this.#pauses.get(reason)?.timer.cancel();
    if (!this.#pauses.delete(reason)) return;
    this.#refresh();
    this.#retryAll();
  }

  wait(session: Session): void {
    this.#waiting.push(session);
  }

  /** The connection ended while it waited. */
  forget(session: Session): void {
    const at = this.#waiting.indexOf(session);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  close(): void {
    for (const pause of this.#pauses.values()) pause.timer.cancel();
    this.#pauses.clear();
    this.#waiting = [];
  }

  #refresh(): void {
    const pauses = [...this.#pauses.values()];
    this.#pausedAll = pauses.some((pause) => pause.what === 'all');
    this.#pausedWrites = pauses.length > 0;
  }

  /**
   * In the order in which they came; who must still wait queues again behind the same neighbours. Not from within
   * the command that ended the wait: commands are atomic.
   */
  #retryAll(): void {
    queueMicrotask(() => {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const session of waiting) session.retry();
    });
  }
}
