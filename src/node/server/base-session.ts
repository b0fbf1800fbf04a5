/** Owns what all sessions have alike: the fields that commands set and CLIENT LIST shows. Source: server.h struct client. */
import type { RespVersion } from '../../protocol/resp/encode.ts';
import type { User } from '../acl/user.ts';
import type { Command } from '../command/table.ts';
import type { QueuedCall, ReplyMode, Session } from '../dispatch/session.ts';
import type { Database } from '../parts/keyspace.ts';
import type { Subscriptions } from '../parts/pubsub.ts';
import type { ClientTracking } from '../parts/tracking.ts';

/** As seen in V8: a session with its socket and its parser. */
export const SESSION_BYTES = 3000;

export abstract class BaseSession implements Session {
  readonly id: number;
  readonly createdAtMs: number;
  abstract readonly address: string;
  abstract readonly localAddress: string;
  name = '';
  db: Database;
  resp: RespVersion = 2;
  user: User;
  authenticated = true;
  kind: Session['kind'] = 'normal';
  asking = false;
  readonly = false;
  queue: QueuedCall[] | undefined;
  queuedBytes = 0;
  listenBytes = 0;
  queueBroken = false;
  watchBroken = false;
  watchCount = 0;
  monitor = false;
  subscriptions: Subscriptions | undefined;
  tracking: ClientTracking | undefined;
  noEvict = false;
  replyMode: ReplyMode = 'on';
  lastCommand: Command | undefined;
  lastInteractionMs: number;
  onUnblock: ((withError: boolean) => string) | undefined;

  constructor(id: number, db: Database, user: User, nowMs: number) {
    this.id = id;
    this.db = db;
    this.user = user;
    this.createdAtMs = nowMs;
    this.lastInteractionMs = nowMs;
  }

  readonly isScript: boolean = false;
  readonly isPlain: boolean = false;
  readonly takesLateReplies: boolean = false;
  abstract readonly blocked: boolean;
  abstract readonly pendingBytes: number;
  abstract readonly gatheredBytes: number;
  abstract readonly queryBytes: number;

  get memoryBytes(): number {
    return SESSION_BYTES + this.queryBytes + this.pendingBytes + this.queuedBytes + this.listenBytes;
  }

  abstract write(data: string | Uint8Array): void;
  abstract resume(reply: string): void;
  abstract retry(): void;
  abstract destroy(): void;
  abstract end(): void;
  abstract onClose(fn: () => void): void;
  setNoDelay(_noDelay: boolean): void {}
}
