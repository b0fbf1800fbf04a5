/**
 * Owns what a command handler sees: the client it serves, its database, and the node's parts. Never a socket.
 * One Context lives as long as the node; its fields are set before each command.
 */
import type { RespVersion } from '../../protocol/resp/encode.ts';
import type { Command } from '../command/table.ts';
import type { Database } from '../parts/keyspace.ts';
import type { NodeParts } from '../parts/node.ts';
import type { Session } from './session.ts';

export interface Context {
  readonly node: NodeParts;
  readonly client: Session;
  readonly db: Database;
  /** The row of the command that runs. */
  readonly row: Command;
  /** The client's protocol. */
  readonly resp: RespVersion;
  /** Unix time in ms; the same for a whole command, transaction or script. */
  readonly nowMs: number;
  /**
   * Replaces what this command sends to replicas and the AOF; several calls send several commands. Without a
   * call, a write command that changed something sends its own argv. Source: server.c alsoPropagate, rewriteClientCommandVector.
   */
  propagateAs(argv: readonly string[]): void;
  /** Sends nothing for this command. */
  preventPropagation(): void;
  /** Whether the handler may return BLOCKED: not inside a transaction or script, nor for the master's stream. */
  readonly mayBlock: boolean;
  /** The error that this command replies was counted already, by a command within it. */
  errorCounted(): void;
  /** Keeps an argument (a password) out of MONITOR and the slow log. */
  redact(index: number): void;
}
