/**
 * Owns the sending of one RDB to one or more replicas, at the pace of the slowest, while the node goes on serving. The RDB comes
 * in pieces: as it is made, or from a file. Never knows why it is sent, nor what follows.
 * Source: Redis rdb.c rdbSaveRioWithEOFMark, replication.c rdbPipeReadHandler, sendBulkToSlave.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import type { ReplicaPeer } from './peer.ts';

/** Nothing more is written to a replica that has so much to take yet. */
const PENDING_LIMIT_BYTES = 1 << 20;
/** Work of one turn of the event loop; then the clients have theirs. */
const TURN_MS = 4;
const SLOW_RETRY_MS = 2;

export interface TransferOptions {
  readonly clock: Clock;
  readonly peers: readonly ReplicaPeer[];
  /** What frames the RDB. */
  readonly head: string;
  readonly tail: string;
  /** What it throws ends the transfer. */
  readonly pieces: Iterator<Buffer, void>;
  /** Asked after each piece: how many milliseconds to wait for the next. */
  readonly pauseMs: () => number;
  /** A replica that takes nothing for so long is given up. */
  readonly timeoutMs: () => number;
  readonly onStuck: (peer: ReplicaPeer) => void;
  /**
   * Once, when the transfer is over: the replicas that everything is written to; none when nobody was left who wanted it. `reason`
   * is what the pieces threw.
   */
  readonly onEnd: (complete: readonly ReplicaPeer[], reason: unknown) => void;
}

export class Transfer {
  readonly #options: TransferOptions;
  /** Those that are left. */
  readonly #peers: Set<ReplicaPeer>;
  #ended = false;
  #timer: Timer | undefined;
  /** Of the replicas that are full: what they had to take when that last changed. */
  readonly #full = new Map<ReplicaPeer, { readonly pendingBytes: number; readonly sinceMs: number }>();

  constructor(options: TransferOptions) {
    this.#options = options;
    this.#peers = new Set(options.peers);
  }

  start(): void {
    this.#write(this.#options.head);
    this.#turn();
  }

  /** The replica is gone; the transfer ends with the last one. */
  remove(peer: ReplicaPeer): void {
    this.#full.delete(peer);
    if (this.#peers.delete(peer) && this.#peers.size === 0) this.stop();
  }

  stop(reason?: unknown): void {
    this.#timer?.cancel();
    this.#peers.clear();
    this.#end([], reason);
  }

  #end(complete: readonly ReplicaPeer[], reason: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onEnd(complete, reason);
  }

  #turn(): void {
    const { clock, pieces, pauseMs } = this.#options;
    const endMs = clock.monotonicMs() + TURN_MS;
    let waitMs = 0;
    do {
      if (this.#mustWait()) {
        if (!this.#ended) this.#timer = clock.after(SLOW_RETRY_MS, () => this.#turn());
        return;
      }
      try {
        const next = pieces.next();
        if (next.done) {
          this.#finish();
          return;
        }
        this.#write(next.value);
      } catch (reason) {
        this.stop(reason);
        return;
      }
      waitMs = pauseMs();
    } while (waitMs === 0 && clock.monotonicMs() < endMs && !this.#ended);
    if (!this.#ended) this.#timer = clock.after(waitMs, () => this.#turn());
  }

  #finish(): void {
    this.#write(this.#options.tail);
    const peers = [...this.#peers];
    this.#peers.clear();
    this.#end(peers, undefined);
  }

  /** Whether a replica must first take what it has; gives up those that take nothing. */
  #mustWait(): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    for (const peer of [...this.#peers]) {
      const { pendingBytes } = peer.session;
      const before = this.#full.get(peer);
      if (pendingBytes <= PENDING_LIMIT_BYTES) this.#full.delete(peer);
      else if (before?.pendingBytes !== pendingBytes) this.#full.set(peer, { pendingBytes, sinceMs: nowMs });
      else if (nowMs - before.sinceMs >= this.#options.timeoutMs()) this.#options.onStuck(peer);
    }
    return this.#full.size > 0 || this.#peers.size === 0;
  }

  #write(data: string | Uint8Array): void {
    if (data.length === 0) return;
    for (const peer of [...this.#peers]) peer.session.write(data);
  }
}
