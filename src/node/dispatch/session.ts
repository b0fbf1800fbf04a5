/**
 * Owns what the node knows of one client. The socket stays in server/; handlers and the parts only see this.
 * Source: Redis server.h struct client.
 */
import type { RespVersion } from '../../protocol/resp/encode.ts';
import type { CommandRow } from '../command/row.ts';
import type { Database } from '../parts.ts';

export interface QueuedCommand {
  readonly row: CommandRow;
  readonly argv: readonly string[];
}

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
  authenticated: boolean;
  /** What the client is, besides an ordinary one. */
  kind: 'normal' | 'replica' | 'master' | 'pubsub';
  /** ASKING was sent; holds for the next command only. */
  asking: boolean;
  /** READONLY was sent: reads of slots of our master are served here. */
  readonly: boolean;
  /** Between MULTI and EXEC: what is queued. */
  queue: QueuedCommand[] | undefined;
  /** A command was refused while queueing, so that EXEC must fail. */
  queueBroken: boolean;
  /** A watched key has changed. */
  watchBroken: boolean;
  /** Writes bytes out of turn (push messages, the replication stream): a latin1 string, or raw bytes. */
  write(data: string | Uint8Array): void;
  /** Bytes that the socket has not taken yet. */
  readonly pendingBytes: number;
  /** The reply of a command that returned BLOCKED; then the next requests of this client go on. */
  resume(reply: string): void;
  /** Ends the connection at once. */
  destroy(): void;
  /** Ends the connection when everything written is sent. */
  end(): void;
  /** Called once when the connection has ended, however it did. */
  onClose(fn: () => void): void;
}
