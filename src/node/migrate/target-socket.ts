/**
 * Owns one connection to a node that receives keys: requests in, the lines of its answers out, with a limit on how long
 * nothing may happen. Never knows what the requests are. Source: Redis cluster.c migrateGetSocket; syncio.c.
 */
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../core/clock.ts';
import type { Dialled } from '../parts/tls.ts';

/**
 * `connecting`: no connection came about in time, the host has no address, or TLS failed. A plain connection that was refused
 * counts as `writing`, as in Redis, which finds out by its first write; so does one that has not taken all of the request.
 */
export type ExchangeFailure = {
  readonly phase: 'connecting' | 'writing' | 'reading';
  readonly timedOut: boolean;
};

/** So much is written at a time: what the socket takes shows that the target is alive. */
const WRITE_BYTES = 256 * 1024;
const MAX_LINE_BYTES = 4096;

interface Exchange {
  readonly onLine: (line: string) => void;
  readonly onEnd: (failure: ExchangeFailure | undefined) => void;
  readonly timeoutMs: number;
  linesLeft: number;
  unwritten: Buffer;
}

export class TargetSocket {
  /** Database that the connection has selected; -1 when that is not known. */
  selectedDb = -1;
  /** Unix ms. */
  lastUsedMs: number;
  readonly address: string;
  readonly #clock: Clock;
  readonly #socket: Socket;
  readonly #isTls: boolean;
  readonly #onClosed: (socket: TargetSocket) => void;
  #connected: ((failure: ExchangeFailure | undefined) => void) | undefined;
  #exchange: Exchange | undefined;
  #line = '';
  #closed = false;
  #timer: Timer | undefined;
  #lastProgressMs = 0;

  /** `onConnected` is called once, `onClosed` when the connection has ended, however it did. */
  constructor(
    clock: Clock,
    { socket, isTls, readyEvent }: Dialled,
    address: string,
    timeoutMs: number,
    onConnected: (failure: ExchangeFailure | undefined) => void,
    onClosed: (socket: TargetSocket) => void,
  ) {
    this.address = address;
    this.#clock = clock;
    this.lastUsedMs = clock.nowMs();
    this.#connected = onConnected;
    this.#onClosed = onClosed;
    this.#socket = socket;
    this.#isTls = isTls;
    this.#watch(timeoutMs, () => this.#fail({ phase: 'connecting', timedOut: true }));
    this.#socket.on(readyEvent, () => {
      this.#timer?.cancel();
      const connected = this.#connected;
      this.#connected = undefined;
      connected?.(undefined);
    });
    this.#socket.on('data', (chunk) => this.#receive(chunk));
    this.#socket.on('error', (reason: NodeJS.ErrnoException) => {
      if (reason.syscall === 'getaddrinfo') this.#fail({ phase: 'connecting', timedOut: false });
      else this.close();
    });
    this.#socket.on('close', () => this.close());
  }

  /**
   * Sends `request`, hands over the `lineCount` lines that answer it as they come, without their ends, and then calls
   * `onEnd`. One exchange at a time.
   */
  exchange(
    request: Buffer,
    lineCount: number,
    timeoutMs: number,
    onLine: (line: string) => void,
    onEnd: (failure: ExchangeFailure | undefined) => void,
  ): void {
    this.#exchange = { onLine, onEnd, timeoutMs, linesLeft: lineCount, unwritten: request };
    this.#watch(timeoutMs, () => this.#fail({ phase: this.#phase(), timedOut: true }));
    this.#write();
    if (lineCount === 0) this.#finish();
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#fail({ phase: this.#phase(), timedOut: false });
  }

  #phase(): ExchangeFailure['phase'] {
    if (this.#connected !== undefined) return this.#isTls ? 'connecting' : 'writing';
    const unwritten = this.#exchange?.unwritten.length ?? 0;
    return unwritten > 0 ? 'writing' : 'reading';
  }

  #write(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    const part = exchange.unwritten.subarray(0, WRITE_BYTES);
    const rest = exchange.unwritten.subarray(part.length);
    const written = (reason?: Error | null): void => {
      if (reason || this.#exchange !== exchange) return;
      this.#lastProgressMs = this.#clock.monotonicMs();
      exchange.unwritten = rest;
      if (rest.length > 0) this.#write();
    };
    this.#socket.write(part, written);
  }

  #receive(chunk: Buffer): void {
    this.#lastProgressMs = this.#clock.monotonicMs();
    const text = this.#line + chunk.latin1Slice(0, chunk.length);
    let start = 0;
    for (;;) {
      const end = text.indexOf('\n', start);
      const exchange = this.#exchange;
      // Nobody asked for more: what the connection says can no longer be told apart.
      if (exchange === undefined && start < text.length) {
        this.close();
        return;
      }
      if (end < 0 || exchange === undefined) break;
      exchange.onLine(text.slice(start, text.charCodeAt(end - 1) === 13 ? end - 1 : end));
      start = end + 1;
      if (--exchange.linesLeft === 0) this.#finish();
    }
    this.#line = text.slice(start);
    if (this.#line.length > MAX_LINE_BYTES) this.close();
  }

  #finish(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#timer?.cancel();
    this.lastUsedMs = this.#clock.nowMs();
    exchange?.onEnd(undefined);
  }

  /** Calls `onTimeout` when nothing has happened for `timeoutMs`. */
  #watch(timeoutMs: number, onTimeout: () => void): void {
    this.#lastProgressMs = this.#clock.monotonicMs();
    const check = (): void => {
      const leftMs = this.#lastProgressMs + timeoutMs - this.#clock.monotonicMs();
      if (leftMs > 0) this.#timer = this.#clock.after(leftMs, check);
      else onTimeout();
    };
    this.#timer?.cancel();
    this.#timer = this.#clock.after(timeoutMs, check);
  }

  #fail(failure: ExchangeFailure): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    const connected = this.#connected;
    const exchange = this.#exchange;
    this.#connected = undefined;
    this.#exchange = undefined;
    this.#socket.destroy();
    this.#onClosed(this);
    connected?.(failure);
    exchange?.onEnd(failure);
  }
}
