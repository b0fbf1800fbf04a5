/**
 * Owns the session under which the master's stream runs, and the commands of a file: it only knows of its connection, hears no reply, and is always
 * allowed. Source: Redis replication.c, CLIENT_MASTER.
 */
import type { User } from '../acl/user.ts';
import type { MasterConnection, MasterSession } from '../dispatch/session.ts';
import type { Database } from '../parts/keyspace.ts';
import { BaseSession } from './base-session.ts';

export class StreamSession extends BaseSession implements MasterSession {
  connection: MasterConnection | undefined;
  onResume: (() => void) | undefined;
  override readonly takesLateReplies: boolean;
  readonly blocked = false;
  readonly pendingBytes = 0;
  readonly gatheredBytes = 0;
  readonly queryBytes = 0;
  readonly #firstDatabase: Database;

  /** `takesLateReplies`: who runs its commands waits for `onResume` before the next. */
  constructor(firstDatabase: Database, user: User, nowMs: number, takesLateReplies = false) {
    super(0, firstDatabase, user, nowMs);
    this.takesLateReplies = takesLateReplies;
    this.#firstDatabase = firstDatabase;
    this.kind = 'master';
  }

  get address(): string {
    return this.connection?.address ?? '';
  }

  get localAddress(): string {
    return this.connection?.localAddress ?? '';
  }

  reset(): void {
    this.db = this.#firstDatabase;
    this.queue = undefined;
    this.queueBroken = false;
    this.watchBroken = false;
  }

  write(): void {}
  resume(): void {
    const { onResume } = this;
    this.onResume = undefined;
    onResume?.();
  }
  retry(): void {}
  destroy(): void {
    this.connection?.close();
  }
  end(): void {}
  onClose(): void {}
}
