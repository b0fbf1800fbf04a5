/**
 * Owns the session under which the master's stream runs: it has no connection of its own, hears no reply, and is always
 * allowed. Source: Redis replication.c, CLIENT_MASTER.
 */
import type { MasterSession } from '../dispatch/session.ts';
import type { Database } from '../parts.ts';
import { BaseSession } from './base-session.ts';

export class StreamSession extends BaseSession implements MasterSession {
  readonly address = '';
  readonly localAddress = '';
  readonly blocked = false;
  readonly pendingBytes = 0;
  readonly queryBytes = 0;
  readonly #firstDatabase: Database;

  constructor(firstDatabase: Database, nowMs: number) {
    super(0, firstDatabase, nowMs);
    this.#firstDatabase = firstDatabase;
    this.kind = 'master';
  }

  reset(): void {
    this.db = this.#firstDatabase;
    this.queue = undefined;
    this.queueBroken = false;
    this.watchBroken = false;
  }

  write(): void {}
  resume(): void {}
  retry(): void {}
  destroy(): void {}
  end(): void {}
  onClose(): void {}
}
