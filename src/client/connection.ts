/**
 * Owns one connection to a node: requests out in one write, replies in by redis-parser as bytes, each reply to the
 * request it answers. Knows nothing of reconnecting (node-client.ts) and of what commands mean.
 */
import { connect, type Socket } from 'node:net';
import RedisParser from 'redis-parser';
import type { Clock, Timer } from '../core/clock.ts';
import { messageOf, TribError } from '../core/errors.ts';
import { type Address, formatAddress } from '../protocol/text/addresses.ts';
import { type Command, ConnectionLost, encodeCommands, nameOf, type Reply, ReplyError } from './command.ts';
import { openTlsSocket, plainPortHint, type TlsSettings, tlsFailure } from './tls.ts';

/** As redis-parser gives it: an error inside an array, as EXEC replies them, is of a class of the parser's own. */
type Parsed = Buffer | number | null | Error | Parsed[];

function ownErrors(reply: Parsed): Reply {
  if (Array.isArray(reply)) return reply.map(ownErrors);
  return reply instanceof Error ? new ReplyError(reply.message) : reply;
}

/** Commands that went out together and wait for their replies. */
interface Batch {
  readonly expected: number;
  readonly replies: Reply[];
  readonly resolve: (replies: Reply[]) => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
}

export class Connection {
  readonly address: Address;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #isTls: boolean;
  readonly #waiting: Batch[] = [];
  readonly #parser: RedisParser;
  readonly #onData = (chunk: Buffer): void => this.#parser.execute(chunk);
  readonly #onError = (error: Error): void =>
    this.#fail(tlsFailure(this.address, error) ?? this.#lost(messageOf(error)));
  readonly #onClose = (): void => this.#fail(this.#lost('the node closed it'));
  #answered = false;
  #end: TribError | undefined;

  private constructor(address: Address, socket: Socket, clock: Clock, isTls: boolean) {
    this.address = address;
    this.#socket = socket;
    this.#clock = clock;
    this.#isTls = isTls;
    this.#parser = new RedisParser({
      returnBuffers: true,
      returnReply: (reply: Parsed) => this.#onReply(ownErrors(reply)),
      returnError: (error: Error) => this.#onReply(new ReplyError(error.message)),
      returnFatalError: () =>
        this.#fail(
          new TribError('failed', `${formatAddress(address)} does not speak the protocol of Redis.`, {
            hint: "Is it a node's client port? The bus port is another, usually 10000 above.",
          }),
        ),
    });
    socket.on('data', this.#onData);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  /**
   * Throws a ConnectionLost when nothing answers there within `timeoutMs`; with `tls` also a TribError ("auth") when one
   * end does not accept the other.
   */
  static open(address: Address, clock: Clock, timeoutMs: number, tls?: TlsSettings): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const { host, port } = address;
      const socket =
        tls === undefined
          ? connect({ host, port, noDelay: true, keepAlive: true })
          : openTlsSocket(address, tls);
      const fail = (error: TribError): void => {
        timer.cancel();
        socket.destroy();
        reject(error);
      };
      const timer = clock.after(timeoutMs, () => fail(noAnswer(address, timeoutMs, socket.connecting)));
      const onError = (error: Error): void =>
        fail(tlsFailure(address, error) ?? unreachable(address, reasonOf(error)));
      // A node that ends a handshake without a word ends the stream; it is an error of its own only sometimes.
      const onClose = (): void => fail(unreachable(address, 'it closed the connection', plainPortHint));
      socket.once('error', onError);
      if (tls !== undefined) socket.once('close', onClose);
      socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
        timer.cancel();
        socket.off('error', onError);
        socket.off('close', onClose);
        resolve(new Connection(address, socket, clock, tls !== undefined));
      });
    });
  }

  get closed(): boolean {
    return this.#end !== undefined;
  }

  /**
   * Sends all commands in one write. Resolves with a reply for each; error replies are values. Throws a TribError:
   * ConnectionLost when the connection breaks first, "timeout" when a reply takes longer than `timeoutMs` (the
   * connection is closed then, since a late reply would answer the next request).
   */
  send(commands: readonly Command[], timeoutMs: number): Promise<Reply[]> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    const [first] = commands;
    if (first === undefined) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(timeoutMs, () => {
        this.#fail(
          new TribError(
            'timeout',
            `${formatAddress(this.address)} did not answer ${nameOf(first)} within ${timeoutMs} ms.`,
          ),
        );
      });
      this.#waiting.push({ expected: commands.length, replies: [], resolve, reject, timer });
      this.#socket.write(encodeCommands(commands));
    });
  }

  /** Hands over the socket, paused, for what is no request with a reply: this connection has ended then. */
  detach(): Socket {
    if (this.#end !== undefined) throw this.#end;
    this.#end = lost(this.address, 'it was handed over');
    this.#socket.pause();
    this.#socket.off('data', this.#onData).off('error', this.#onError).off('close', this.#onClose);
    return this.#socket;
  }

  close(): void {
    this.#fail(lost(this.address, 'it was closed here'));
  }

  /** One that broke before its first reply may have been spoken to in the wrong way. */
  #lost(reason: string): ConnectionLost {
    if (this.#answered) return lost(this.address, reason);
    const hint = this.#isTls
      ? 'If the node asks for a certificate, give --cert and --key.'
      : 'If the port is one for TLS, give --tls.';
    return lost(this.address, reason, hint);
  }

  #onReply(reply: Reply): void {
    this.#answered = true;
    const [batch] = this.#waiting;
    if (batch === undefined) return;
    batch.replies.push(reply);
    if (batch.replies.length < batch.expected) return;
    this.#waiting.shift();
    batch.timer.cancel();
    batch.resolve(batch.replies);
  }

  #fail(error: TribError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#socket.destroy();
    for (const batch of this.#waiting.splice(0)) {
      batch.timer.cancel();
      batch.reject(error);
    }
  }
}

function lost(address: Address, reason: string, hint?: string): ConnectionLost {
  const message = `The connection to ${formatAddress(address)} was lost: ${reason}.`;
  return new ConnectionLost(message, hint === undefined ? {} : { hint });
}

const nobodyThereHint = 'Is the node running, and is the port the one for clients?';

function unreachable(address: Address, reason: string, hint = nobodyThereHint): ConnectionLost {
  return new ConnectionLost(`Cannot connect to ${formatAddress(address)}: ${reason}.`, { hint });
}

/** In time; `connecting`: not even by the system. */
function noAnswer(address: Address, timeoutMs: number, connecting: boolean): ConnectionLost {
  if (connecting) return unreachable(address, `no answer within ${timeoutMs} ms`);
  return unreachable(address, `no word of TLS within ${timeoutMs} ms`, plainPortHint);
}

/** The system's words for why a connection could not be made. */
function reasonOf(error: Error): string {
  // A name with several addresses fails with one error for each.
  const [first] = error instanceof AggregateError ? error.errors : [error];
  const code = first instanceof Error && 'code' in first ? String(first.code) : '';
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name is not known';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'no route to the host';
    default:
      return messageOf(first);
  }
}
