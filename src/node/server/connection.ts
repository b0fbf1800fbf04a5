/**
 * Owns one client connection: bytes in, requests to the dispatcher in order, replies gathered into one string and sent
 * together with those of others (outbox.ts). Never decides what a command does. Source: Redis networking.c.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { tlsErrorText } from '../../client/tls.ts';
import type { Clock } from '../../core/clock.ts';
import { error } from '../../protocol/resp/encode.ts';
import type { NameCache } from '../../protocol/resp/name-cache.ts';
import { RequestParser } from '../../protocol/resp/request-parser.ts';
import { BLOCKED, NO_REPLY } from '../command/row.ts';
import { type Dispatcher, HELD } from '../dispatch/dispatcher.ts';
import type { NodeStats } from '../observe/stats.ts';
import type { Acl } from '../parts/acl.ts';
import type { Log } from '../parts/basics.ts';
import type { Database } from '../parts/keyspace.ts';
import type { Tracking } from '../parts/tracking.ts';
import { BaseSession, SESSION_BYTES } from './base-session.ts';
import type { ClientRegistry } from './clients.ts';
import { describeClient } from './describe.ts';
import type { ClientLimits } from './limits.ts';
import type { Outbox, Sender } from './outbox.ts';

/** Replies are handed to the socket when this many characters have gathered, though more requests wait. */
const flushChars = 64 * 1024;

/** Replies up to here are sent whatever the limits: so much Redis keeps beside the list that it limits. */
const freeChars = 16 * 1024;

/** What connections share. */
export interface ConnectionHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly stats: NodeStats;
  readonly dispatcher: Dispatcher;
  readonly clients: ClientRegistry;
  readonly limits: ClientLimits;
  readonly names: NameCache;
  readonly outbox: Outbox;
  readonly firstDatabase: Database;
  /** What commands have left to do is done before anybody reads their replies. */
  beforeReplies(): void;
  readonly acl: Acl;
  readonly tracking: Tracking;
  readonly logsVerbose: boolean;
}

export class Connection extends BaseSession implements Sender {
  readonly address: string;
  readonly localAddress: string;
  override readonly takesLateReplies = true;
  override readonly isPlain: boolean;
  /** Unix ms since when more than the soft limit of its class waits to be sent; 0 while it does not. */
  softLimitSinceMs = 0;
  readonly #host: ConnectionHost;
  readonly #socket: Socket;
  readonly #parser: RequestParser;
  #out = '';
  #running = false;
  #sendPlanned = false;
  #blocked = false;
  /** The request that waits until a key or a pause is over. */
  #held: readonly string[] | undefined;
  /** A reply that came before its command had returned BLOCKED. */
  #earlyReply: string | undefined;
  /** No more requests are taken; the socket ends when all is sent. */
  #closing = false;
  #closed = false;
  /** Of the requests that were carried out. */
  #doneBytes = 0;
  /** What the sum of all clients has of this one. */
  #countedBytes = 0;
  readonly #closeListeners: (() => void)[] = [];

  constructor(host: ConnectionHost, socket: Socket, address: string, localAddress: string) {
    super(host.clients.takeId(), host.firstDatabase, host.acl.defaultUser, host.clock.nowMs());
    this.#host = host;
    this.#socket = socket;
    this.address = address;
    this.localAddress = localAddress;
    this.isPlain = !(socket instanceof TLSSocket);
    host.acl.enter(this);
    this.#parser = new RequestParser(host.names);
    host.clients.add(this);
    this.recount();
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (reason) => {
      if (host.logsVerbose) host.log('verbose', `Reading from client: ${tlsErrorText(reason)}`);
    });
    socket.on('drain', () => this.recount());
    socket.on('close', () => this.#finish());
  }

  get blocked(): boolean {
    return this.#blocked || this.#held !== undefined;
  }

  get pendingBytes(): number {
    return this.#out.length + this.#socket.writableLength;
  }

  get gatheredBytes(): number {
    return this.#out.length;
  }

  get queryBytes(): number {
    // As Redis shows it: the request that runs still counts.
    return this.#running ? this.#parser.bufferedBytes : this.#parser.pendingBytes;
  }

  override get memoryBytes(): number {
    // The request that runs or waits is still there, and so are the arguments of one that is not complete.
    const requestBytes = this.#parser.fedBytes - this.#doneBytes;
    return SESSION_BYTES + requestBytes + this.pendingBytes + this.queuedBytes + this.listenBytes;
  }

  /** Keeps the sum of all clients right: to be called whenever what waits here may have changed, and from time to time. */
  recount(): void {
    const bytes = this.#closed || this.kind === 'replica' ? 0 : this.memoryBytes;
    if (bytes === this.#countedBytes) return;
    this.#host.clients.memoryBytes += bytes - this.#countedBytes;
    this.#countedBytes = bytes;
  }

  get closing(): boolean {
    return this.#closing || this.#closed;
  }

  #receive(chunk: Buffer): void {
    if (this.#closing) return;
    const host = this.#host;
    host.stats.netInputBytes += chunk.length;
    host.stats.readsProcessed++;
    this.#parser.feed(chunk);
    this.recount();
    this.#process();
    this.recount();
    if (this.#parser.pendingBytes > host.limits.queryBufferBytes) this.#tooMuchInput();
  }

  /** Runs the requests that have come completely, until one must wait. */
  #process(): void {
    if (this.#running || this.#blocked || this.#held !== undefined || this.#closing) return;
    const host = this.#host;
    const parser = this.#parser;
    const dispatcher = host.dispatcher;
    this.#running = true;
    dispatcher.begin();
    this.lastInteractionMs = dispatcher.readAtMs;
    parser.maxBulkBytes = host.limits.maxBulkBytes;
    parser.authRequired = !this.authenticated && host.acl.requiresAuth;
    for (;;) {
      this.#doneBytes = parser.consumedBytes;
      const argv = parser.next();
      if (argv === undefined) break;
      this.#execute(argv);
      if (this.#blocked || this.#held !== undefined || this.#closing) break;
      if (parser.authRequired) parser.authRequired = !this.authenticated && host.acl.requiresAuth;
    }
    dispatcher.finish();
    if (parser.error !== undefined && !this.#closing) this.#protocolError(parser.error);
    this.#running = false;
    if (this.#out !== '' || this.#closing) this.#sendLater();
  }

  #execute(argv: readonly string[]): void {
    if (this.replyMode === 'skip next') this.replyMode = 'skip';
    const reply = this.#host.dispatcher.execute(this, argv);
    if (typeof reply === 'string') {
      this.#answer(reply);
    } else if (reply === NO_REPLY) {
      if (this.replyMode === 'skip') this.replyMode = 'on';
      if (this.tracking !== undefined) this.#host.tracking.sendPending(this);
    } else if (reply === HELD) {
      if (this.replyMode === 'skip') this.replyMode = 'skip next';
      this.#held = argv;
      this.#host.clients.blockedCount++;
    } else if (reply === BLOCKED) {
      // The reply may already have come while the handler ran.
      if (this.#earlyReply !== undefined) {
        this.#answer(this.#earlyReply);
        this.#earlyReply = undefined;
      } else {
        this.#blocked = true;
        this.#host.clients.blockedCount++;
      }
    }
  }

  /** Adds a reply, unless CLIENT REPLY keeps it back. */
  #answer(reply: string): void {
    if (this.kind === 'replica') this.#disconnectReplica();
    else if (this.replyMode === 'on') {
      this.#out += reply;
      if (this.#out.length > flushChars) this.#relieve();
    } else if (this.replyMode === 'skip') {
      this.replyMode = 'on';
    }
    if (this.tracking !== undefined) this.#host.tracking.sendPending(this);
  }

  /** What it reads is the stream: a reply in between would make its data differ. */
  #disconnectReplica(): void {
    const { log, clock } = this.#host;
    log(
      'warning',
      `Replica generated a reply to command '${this.lastCommand?.fullName ?? '<unknown>'}', disconnecting it: ${describeClient(this, clock.nowMs())}`,
    );
    this.destroy();
  }

  resume(reply: string): void {
    if (this.#closed) return;
    if (!this.#blocked) {
      if (this.#running) this.#earlyReply = reply;
      return;
    }
    this.#unblock();
    this.#answer(reply);
    this.#sendLater();
    this.#processLater();
  }

  #unblock(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.onUnblock = undefined;
    this.#host.clients.blockedCount--;
  }

  retry(): void {
    const argv = this.#held;
    if (argv === undefined) return;
    this.#held = undefined;
    this.#host.clients.blockedCount--;
    if (this.#closed) return;
    this.#running = true;
    this.#host.dispatcher.begin();
    this.#execute(argv);
    this.#host.dispatcher.finish();
    this.#running = false;
    this.#sendLater();
    this.#process();
  }

  /** Not from within the command of another client: commands are atomic. */
  #processLater(): void {
    queueMicrotask(() => {
      if (!this.#closed) this.#process();
    });
  }

  write(data: string | Uint8Array): void {
    if (this.#closed) return;
    if (typeof data === 'string') {
      this.#out += data;
      if (this.#running) return;
      if (this.#out.length > flushChars) this.#flush();
      else this.#sendLater();
      return;
    }
    this.#flush();
    this.#countOutput(data.length);
    this.#socket.write(data);
    this.recount();
    this.#checkLimits();
  }

  #sendLater(): void {
    if (this.#sendPlanned) return;
    this.#sendPlanned = true;
    this.#host.outbox.add(this);
  }

  send(): void {
    this.#sendPlanned = false;
    this.#flush();
  }

  #countOutput(bytes: number): void {
    const { stats } = this.#host;
    if (this.kind === 'replica') stats.replicationOutputBytes += bytes;
    else stats.netOutputBytes += bytes;
  }

  /** Much has gathered. It goes out, but not where there is a limit: what one turn gathers counts together. */
  #relieve(): void {
    if (this.#host.limits.hasHard(this)) this.#checkLimits();
    else this.#flush();
  }

  #flush(): void {
    // Which may end the connection, and the node: then nothing is left to be sent.
    if (this.#out !== '') this.#host.beforeReplies();
    // Though the socket would take it all.
    if (this.#out.length > freeChars) this.#checkLimits();
    const out = this.#out;
    if (out !== '') {
      this.#out = '';
      this.#countOutput(out.length);
      this.#host.stats.writesProcessed++;
      this.#socket.write(out, 'latin1');
      this.recount();
      if (this.#socket.writableLength > 0) this.#checkLimits();
    }
    if (this.#closing && !this.#running && !this.#closed) this.#endSoon();
  }

  /** Who has got everything is no client any more, though the socket needs longer. */
  #endSoon(): void {
    this.#socket.destroySoon();
    if (this.#socket.writableLength === 0) this.#finish();
  }

  #checkLimits(): void {
    const { limits, clock, log } = this.#host;
    if (!limits.exceeds(this, clock.nowMs())) return;
    log(
      'warning',
      `Client ${describeClient(this, clock.nowMs())} closed for overcoming of output buffer limits.`,
    );
    this.destroy();
  }

  /** From time to time: a soft limit may have been exceeded for long enough. */
  checkLimits(): void {
    if (this.#socket.writableLength > 0 || this.softLimitSinceMs > 0) this.#checkLimits();
  }

  #protocolError(text: string): void {
    const { log, logsVerbose, clock } = this.#host;
    if (logsVerbose) {
      const sample = this.#parser.pendingSample(128).replace(/[^ -~]/g, '.');
      const client = describeClient(this, clock.nowMs());
      log(
        'verbose',
        `Protocol error (${this.#parser.errorReason}) from client: ${client}. Query buffer during protocol error: '${sample}'`,
      );
    }
    this.#out += error(`ERR ${text}`);
    this.#host.stats.errorReplies++;
    const { errors } = this.#host.stats;
    errors.set('ERR', (errors.get('ERR') ?? 0) + 1);
    this.#closing = true;
  }

  #tooMuchInput(): void {
    const { log, clock } = this.#host;
    const sample = this.#parser.pendingSample(64).replace(/[^ -~]/g, '.');
    log(
      'warning',
      `Closing client that reached max query buffer length: ${describeClient(this, clock.nowMs())} (qbuf initial bytes: "${sample}")`,
    );
    this.destroy();
  }

  override setNoDelay(noDelay: boolean): void {
    this.#socket.setNoDelay(noDelay);
  }

  destroy(): void {
    this.#closing = true;
    this.#socket.destroy();
    this.#finish();
  }

  end(): void {
    this.#closing = true;
    if (!this.#running) this.#sendLater();
  }

  onClose(fn: () => void): void {
    if (this.#closed) fn();
    else this.#closeListeners.push(fn);
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closing = true;
    const { clients, dispatcher } = this.#host;
    clients.remove(this);
    this.recount();
    if (this.#held !== undefined) {
      this.#held = undefined;
      clients.blockedCount--;
      dispatcher.holds.forget(this);
    }
    this.onUnblock?.(false);
    this.#unblock();
    this.#out = '';
    for (const listener of this.#closeListeners) listener();
  }
}
