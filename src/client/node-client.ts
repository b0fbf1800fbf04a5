/**
 * Owns the talk with one node: a connection made when it is first needed, authenticated, and made again when it
 * broke. A request whose reply was lost is sent again only if the caller says that it may be repeated.
 */
import { type Clock, delay } from '../core/clock.ts';
import { TribError } from '../core/errors.ts';
import { type Address, type Credentials, formatAddress } from '../protocol/text/addresses.ts';
import { type Command, ConnectionLost, type Reply, ReplyError, refusal } from './command.ts';
import { Connection } from './connection.ts';
import type { TlsSettings } from './tls.ts';

export interface ClientOptions {
  readonly credentials: Credentials | undefined;
  /** Undefined: the connection is a plain one. */
  readonly tls: TlsSettings | undefined;
  readonly connectTimeoutMs: number;
  /** The longest wait for a reply, unless a request says otherwise. */
  readonly replyTimeoutMs: number;
  /** How long a request that may be repeated is tried again when the connection breaks. */
  readonly patienceMs: number;
}

export const defaultClientOptions: ClientOptions = {
  credentials: undefined,
  tls: undefined,
  connectTimeoutMs: 5000,
  replyTimeoutMs: 15_000,
  patienceMs: 10_000,
};

export interface RequestOptions {
  /** Sending it twice does no harm: after a lost connection it is sent again. */
  readonly repeatable?: boolean;
  readonly timeoutMs?: number;
}

const firstPauseMs = 20;
const longestPauseMs = 500;
const patienceWithSilenceMs = 1000;

export class NodeClient {
  readonly address: Address;
  readonly #options: ClientOptions;
  readonly #clock: Clock;
  #connection: Connection | undefined;
  #opening: Promise<Connection> | undefined;
  #closed = false;
  #usesPassword = false;
  #wasThere = false;
  #answered = false;

  constructor(address: Address, options: ClientOptions, clock: Clock) {
    this.address = address;
    this.#options = options;
    this.#clock = clock;
  }

  /** The credentials that this node asked for; undefined when none were given or it needs none. */
  get acceptedCredentials(): Credentials | undefined {
    return this.#usesPassword ? this.#options.credentials : undefined;
  }

  get speaksTls(): boolean {
    return this.#options.tls !== undefined;
  }

  /** One command. Throws a ReplyError when the node replies one, a TribError when no reply comes. */
  async call(command: Command, options: RequestOptions = {}): Promise<Exclude<Reply, ReplyError>> {
    const [reply = null] = await this.pipeline([command], options);
    if (reply instanceof ReplyError) throw reply;
    return reply;
  }

  /** One command that has to succeed. Throws a TribError for the operator, also when the node replies an error. */
  async demand(command: Command, options: RequestOptions = {}): Promise<Exclude<Reply, ReplyError>> {
    const [reply = null] = await this.pipeline([command], options);
    if (reply instanceof ReplyError) throw refusal(this.address, command, reply);
    return reply;
  }

  /** Commands in one write that all have to succeed. Throws as `demand` does, for the first that is refused. */
  async demandAll(
    commands: readonly Command[],
    options: RequestOptions = {},
  ): Promise<Exclude<Reply, ReplyError>[]> {
    const replies = await this.pipeline(commands, options);
    return replies.map((reply, index) => {
      if (reply instanceof ReplyError) throw refusal(this.address, commands[index] ?? [], reply);
      return reply;
    });
  }

  /** All commands in one write; error replies are values. Throws a TribError when no reply comes. */
  async pipeline(commands: readonly Command[], options: RequestOptions = {}): Promise<Reply[]> {
    const timeoutMs = options.timeoutMs ?? this.#options.replyTimeoutMs;
    const startMs = this.#clock.monotonicMs();
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        const replies = await (await this.connect(timeoutMs)).send(commands, timeoutMs);
        this.#answered = true;
        return replies;
      } catch (error) {
        // A node that was never there does not come back; one that was may.
        const again =
          error instanceof ConnectionLost && options.repeatable === true && this.#wasThere && !this.#closed;
        if (!again || this.#clock.monotonicMs() + pauseMs > startMs + this.#patienceMs) throw error;
        await delay(this.#clock, pauseMs);
      }
    }
  }

  /** What takes connections and then breaks them without a word is rarely a node in trouble: it may be a port for TLS. */
  get #patienceMs(): number {
    const { patienceMs } = this.#options;
    return this.#answered ? patienceMs : Math.min(patienceMs, patienceWithSilenceMs);
  }

  /** The connection, ready for commands; `timeoutMs` is for the reply to a password. Throws a TribError: "connect", "auth", "timeout". */
  connect(timeoutMs = this.#options.replyTimeoutMs): Promise<Connection> {
    if (this.#connection?.closed === false) return Promise.resolve(this.#connection);
    this.#opening ??= this.#open(timeoutMs).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  close(): void {
    this.#closed = true;
    this.#connection?.close();
  }

  async #open(timeoutMs: number): Promise<Connection> {
    if (this.#closed)
      throw new ConnectionLost(`The connection to ${formatAddress(this.address)} was closed.`);
    const { credentials, connectTimeoutMs, tls } = this.#options;
    const connection = await Connection.open(this.address, this.#clock, connectTimeoutMs, tls);
    if (credentials !== undefined) await this.#authenticate(connection, credentials, timeoutMs);
    if (this.#closed) connection.close();
    this.#connection = connection;
    this.#wasThere = true;
    return connection;
  }

  async #authenticate(
    connection: Connection,
    { username, password }: Credentials,
    timeoutMs: number,
  ): Promise<void> {
    const command = username === undefined ? ['AUTH', password] : ['AUTH', username, password];
    const [reply] = await connection.send([command], timeoutMs);
    if (!(reply instanceof ReplyError)) {
      this.#usesPassword = true;
      return;
    }
    // A node without a password: it serves everybody, so the password is not missed.
    if (reply.message.includes('without any password configured')) return;
    connection.close();
    throw new TribError('auth', `${formatAddress(this.address)} refused the password (${reply.code}).`, {
      hint: 'Check --pass or REDISCLI_AUTH, and --user.',
    });
  }
}
