/**
 * Owns what the node knows of one client. The socket stays in server/; handlers and the parts only see this.
 * Source: Redis server.h struct client.
 */
import type { RespVersion } from '../../protocol/resp/encode.ts';
import type { User } from '../acl/user.ts';
import type { CommandRow } from '../command/row.ts';
import type { Command } from '../command/table.ts';
import type { Database } from '../parts/keyspace.ts';
import type { Subscriptions } from '../parts/pubsub.ts';
import type { ClientTracking } from '../parts/tracking.ts';

export interface QueuedCommand {
  readonly row: CommandRow;
  readonly argv: readonly string[];
}

/** As the dispatcher queues it between MULTI and EXEC. */
export interface QueuedCall extends QueuedCommand {
  readonly row: Command;
}

/** CLIENT REPLY: 'skip next' leaves out the reply of the next command, 'skip' holds while that one runs. */
export type ReplyMode = 'on' | 'off' | 'skip next' | 'skip';

export interface Session {
  /** Never reused within a node. */
  readonly id: number;
  /** "ip:port", or "" for a client that is no connection. */
  readonly address: string;
  readonly localAddress: string;
  readonly createdAtMs: number;
  name: string;
  db: Database;
  resp: RespVersion;
  /** Whose rights it has; see `authenticated`. */
  user: User;
  authenticated: boolean;
  /** What the client is, besides an ordinary one. */
  kind: 'normal' | 'replica' | 'master' | 'pubsub';
  /** ASKING was sent; holds for the next command only. */
  asking: boolean;
  /** READONLY was sent: reads of slots of our master are served here. */
  readonly: boolean;
  /** Between MULTI and EXEC: what is queued. */
  queue: QueuedCall[] | undefined;
  /** What is queued takes so much. */
  queuedBytes: number;
  /** What it watches, and has subscribed to, takes so much. */
  listenBytes: number;
  /** A command was refused while queueing, so that EXEC must fail. */
  queueBroken: boolean;
  /** A watched key has changed. */
  watchBroken: boolean;
  /** How many keys it watches. */
  watchCount: number;
  /** MONITOR was sent: it sees every command of the others. */
  monitor: boolean;
  /** Present from the first subscription on. */
  subscriptions: Subscriptions | undefined;
  /** Present from the first CLIENT TRACKING ON on. */
  tracking: ClientTracking | undefined;
  /** CLIENT NO-EVICT. */
  noEvict: boolean;
  replyMode: ReplyMode;
  /** The last command it sent, for CLIENT LIST. */
  lastCommand: Command | undefined;
  /** Unix ms of the last bytes from it. */
  lastInteractionMs: number;
  /** It is a connection, and one without TLS. */
  readonly isPlain: boolean;
  /** It is no client, but what the commands of a script run under. */
  readonly isScript: boolean;
  /** A script that it runs may be interrupted when it takes long: the reply comes later. */
  readonly takesLateReplies: boolean;
  /** Waits for the reply of a command that returned BLOCKED. */
  readonly blocked: boolean;
  /**
   * Set by a command that returns BLOCKED and may be ended by CLIENT UNBLOCK: ends its wait, and gives what it replies then.
   * Also called, without need of the reply, when the connection ends.
   */
  onUnblock: ((withError: boolean) => string) | undefined;
  /** Writes bytes out of turn (push messages, the replication stream): a latin1 string, or raw bytes. */
  write(data: string | Uint8Array): void;
  /** Bytes that the socket has not taken yet. */
  readonly pendingBytes: number;
  /** Of those, the replies that were not even handed to the socket: what was, TLS may count among them for a turn longer. */
  readonly gatheredBytes: number;
  /** Bytes received that are no complete request yet. */
  readonly queryBytes: number;
  /** What it takes, and its buffers. */
  readonly memoryBytes: number;
  /** The reply of a command that returned BLOCKED; then the next requests of this client go on. */
  resume(reply: string): void;
  /** Runs its held-back command again, then its next requests. Called by the dispatcher when a hold or pause ends. */
  retry(): void;
  /** Whether small writes go out at once, or may wait for others (TCP_NODELAY). */
  setNoDelay(noDelay: boolean): void;
  /** Ends the connection at once. */
  destroy(): void;
  /** Ends the connection when everything written is sent. */
  end(): void;
  /** Called once when the connection has ended, however it did. */
  onClose(fn: () => void): void;
}

/** The connection that the master's stream comes from. */
export interface MasterConnection {
  readonly address: string;
  readonly localAddress: string;
  close(): void;
}

/** The session of the master's stream. */
export interface MasterSession extends Session {
  /** Present while the stream is up: the session is then listed as a client, and can be killed. */
  connection: MasterConnection | undefined;
  /** Called once when a command that returned BLOCKED has got its reply. */
  onResume: (() => void) | undefined;
  /** Database 0 and no open transaction: another stream begins. */
  reset(): void;
}
