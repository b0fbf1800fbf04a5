/**
 * Owns the session under which a script's commands run: it takes what it needs from the client that runs the script, and nobody
 * reads what is written to it. Source: Redis eval.c scriptingInit, CLIENT_SCRIPT.
 */
import type { User } from '../acl/user.ts';
import type { Database } from '../parts/keyspace.ts';
import { BaseSession } from './base-session.ts';

export class ScriptSession extends BaseSession {
  /** As MONITOR shows who called. */
  readonly address = 'lua';
  readonly localAddress = '';
  override readonly isScript = true;
  readonly blocked = false;
  readonly pendingBytes = 0;
  readonly gatheredBytes = 0;
  readonly queryBytes = 0;

  constructor(firstDatabase: Database, user: User, nowMs: number) {
    super(0, firstDatabase, user, nowMs);
  }

  write(): void {}
  resume(): void {}
  retry(): void {}
  destroy(): void {}
  end(): void {}
  onClose(): void {}
}
