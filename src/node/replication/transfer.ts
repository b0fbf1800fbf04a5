/**
 * Owns the sending of one RDB to one or more replicas, at the pace of the slowest, while the node goes on serving.
 * A replica that takes an RDB up to a mark gets it in one pass; for one that wants the length first, a first pass counts.
 * Never knows why the RDB is sent, nor what follows. Source: Redis rdb.c rdbSaveRioWithEOFMark, replication.c
 * rdbPipeReadHandler, sendBulkToSlave.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import type { Session } from '../dispatch/session.ts';

/** Nothing more is written to a replica that has so much to take yet. */
const PENDING_LIMIT_BYTES = 1 << 20;
/** Work of one turn of the event loop; then the clients have theirs. */
const TURN_MS = 4;
const SLOW_RETRY_MS = 2;

export interface TransferOptions {
  readonly clock: Clock;
  /** The RDB from its beginning, as often as it is called. */
  readonly pieces: () => Iterator<Buffer, void>;
  /** 40 characters that end the RDB; undefined: its length stands before it. */
  readonly mark: string | undefined;
  readonly sessions: readonly Session[];
  /** A replica that takes nothing for so long is given up. */
  readonly timeoutMs: () => number;
  /** Everything is written to `sessions`, those that are left. */
  readonly onDone: (sessions: readonly Session[]) => void;
  readonly onStuck: (session: Session) => void;
}

export class Transfer {
  readonly #options: TransferOptions;
  readonly #sessions: Set<Session>;
  #pieces: Iterator<Buffer, void>;
  /** The length, once the first pass has counted it. */
  #lengthBytes: number | undefined;
  #countedBytes = 0;
  #timer: Timer | undefined;
  /** Of the replicas that are full: what they had to take when that last changed. */
  readonly #full = new Map<Session, { readonly pendingBytes: number; readonly sinceMs: number }>();

  constructor(options: TransferOptions) {
    this.#options = options;
    this.#sessions = new Set(options.sessions);
    this.#pieces = options.pieces();
  }

  start(): void {
    if (this.#options.mark !== undefined) this.#write(`$EOF:${this.#options.mark}\r\n`);
    this.#turn();
  }

  /** The replica is gone; the transfer ends with the last one. */
  remove(session: Session): void {
    this.#full.delete(session);
    if (this.#sessions.delete(session) && this.#sessions.size === 0) this.stop();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#sessions.clear();
  }

  #turn(): void {
    const { clock, mark } = this.#options;
    const counting = mark === undefined && this.#lengthBytes === undefined;
    const endMs = clock.monotonicMs() + TURN_MS;
    do {
      if (!counting && this.#mustWait()) {
        if (this.#sessions.size > 0) this.#timer = clock.after(SLOW_RETRY_MS, () => this.#turn());
        return;
      }
      const next = this.#pieces.next();
      if (!next.done) {
        if (counting) this.#countedBytes += next.value.length;
        else this.#write(next.value);
      } else if (counting) {
        this.#lengthBytes = this.#countedBytes;
        this.#pieces = this.#options.pieces();
        this.#write(`$${this.#lengthBytes}\r\n`);
        break;
      } else {
        if (mark !== undefined) this.#write(mark);
        const sessions = [...this.#sessions];
        this.#sessions.clear();
        this.#options.onDone(sessions);
        return;
      }
    } while (clock.monotonicMs() < endMs);
    this.#timer = clock.after(0, () => this.#turn());
  }

  /** Whether a replica must first take what it has; gives up those that take nothing. */
  #mustWait(): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    for (const session of [...this.#sessions]) {
      const { pendingBytes } = session;
      const before = this.#full.get(session);
      if (pendingBytes <= PENDING_LIMIT_BYTES) this.#full.delete(session);
      else if (before?.pendingBytes !== pendingBytes)
        this.#full.set(session, { pendingBytes, sinceMs: nowMs });
      else if (nowMs - before.sinceMs >= this.#options.timeoutMs()) this.#options.onStuck(session);
    }
    return this.#full.size > 0 || this.#sessions.size === 0;
  }

  #write(data: string | Uint8Array): void {
    for (const session of [...this.#sessions]) session.write(data);
  }
}
