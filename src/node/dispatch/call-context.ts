/** Owns the one Context of a node: what the running handler sees, and what it says about propagation. */
import type { RespVersion } from '../../protocol/resp/encode.ts';
import type { Command } from '../command/table.ts';
import type { Database } from '../parts/keyspace.ts';
import type { NodeParts } from '../parts/node.ts';
import type { Context } from './context.ts';
import type { Session } from './session.ts';

export class CallContext implements Context {
  readonly node: NodeParts;
  client: Session;
  row: Command;
  /** The words of the command. */
  argv: readonly string[] = [];
  resp: RespVersion = 2;
  nowMs = 0;
  mayBlock = true;
  /** What to send in place of the command; undefined: its own argv if it changed something. */
  rewritten: (readonly string[])[] | undefined;
  /** The error in the reply was counted where it happened. */
  errorIsCounted = false;
  /** Arguments that are not to be shown. */
  redacted: number[] | undefined;

  constructor(node: NodeParts, client: Session, row: Command) {
    this.node = node;
    this.client = client;
    this.row = row;
  }

  get db(): Database {
    return this.client.db;
  }

  propagateAs(argv: readonly string[]): void {
    if (this.rewritten === undefined) this.rewritten = [argv];
    else this.rewritten.push(argv);
  }

  preventPropagation(): void {
    this.rewritten = [];
  }

  errorCounted(): void {
    this.errorIsCounted = true;
  }

  redact(index: number): void {
    if (this.redacted === undefined) this.redacted = [index];
    else this.redacted.push(index);
  }
}
