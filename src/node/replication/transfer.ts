/**
 * Owns the sending of one RDB to one or more replicas, at the pace of the slowest, while the node goes on serving.
 * A replica that takes an RDB up to a mark gets it as it is made; for one that wants the length first it is made beforehand.
 * Never knows why the RDB is sent, nor what follows. Source: Redis rdb.c rdbSaveRioWithEOFMark, replication.c
 * rdbPipeReadHandler, sendBulkToSlave.
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
  readonly pieces: Iterator<Buffer, void>;
  /** 40 characters that end the RDB; undefined: its length stands before it. */
  readonly mark: string | undefined;
  readonly peers: readonly ReplicaPeer[];
  /** A replica that takes nothing for so long is given up. */
  readonly timeoutMs: () => number;
  /** Everything is written to the replica. */
  readonly onDone: (peer: ReplicaPeer) => void;
  readonly onStuck: (peer: ReplicaPeer) => void;
  /** The transfer is over: done, or nobody is left who wants it. */
  readonly onEnd: () => void;
}

export class Transfer {
  readonly #options: TransferOptions;
  /** Those that are left. */
  readonly #peers: Set<ReplicaPeer>;
  #pieces: Iterator<Buffer, void>;
  /** The whole RDB, while its length is not known. */
  #collected: Buffer[] | undefined;
  #ended = false;
  #timer: Timer | undefined;
  /** Of the replicas that are full: what they had to take when that last changed. */
  readonly #full = new Map<ReplicaPeer, { readonly pendingBytes: number; readonly sinceMs: number }>();

  constructor(options: TransferOptions) {
    this.#options = options;
    this.#peers = new Set(options.peers);
    this.#pieces = options.pieces;
    if (options.mark === undefined) this.#collected = [];
  }

  start(): void {
    if (this.#options.mark !== undefined) this.#write(`$EOF:${this.#options.mark}\r\n`);
    this.#turn();
  }

  /** The replica is gone; the transfer ends with the last one. */
  remove(peer: ReplicaPeer): void {
    this.#full.delete(peer);
    if (this.#peers.delete(peer) && this.#peers.size === 0) this.stop();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#peers.clear();
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onEnd();
  }

  #turn(): void {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + TURN_MS;
    do {
      if (this.#collected === undefined && this.#mustWait()) {
        if (!this.#ended) this.#timer = clock.after(SLOW_RETRY_MS, () => this.#turn());
        return;
      }
      const next = this.#pieces.next();
      if (!next.done) this.#take(next.value);
      else if (this.#collected !== undefined) this.#sendCollected(this.#collected);
      else {
        this.#finish();
        return;
      }
    } while (clock.monotonicMs() < endMs && !this.#ended);
    if (!this.#ended) this.#timer = clock.after(0, () => this.#turn());
  }

  #take(piece: Buffer): void {
    if (this.#collected === undefined) this.#write(piece);
    else this.#collected.push(piece);
  }

  /** The length is known now: from here on the pieces are those that were collected. */
  #sendCollected(pieces: readonly Buffer[]): void {
    this.#write(`$${pieces.reduce((sum, piece) => sum + piece.length, 0)}\r\n`);
    this.#pieces = pieces.values();
    this.#collected = undefined;
  }

  #finish(): void {
    const { mark, onDone } = this.#options;
    if (mark !== undefined) this.#write(mark);
    const peers = [...this.#peers];
    this.#peers.clear();
    this.#end();
    for (const peer of peers) onDone(peer);
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
    for (const peer of [...this.#peers]) peer.session.write(data);
  }
}
