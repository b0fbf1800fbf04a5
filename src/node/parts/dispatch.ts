/** Owns what the parts may ask of the way of a request, besides running what clients send. */
import type { Reply } from '../command/row.ts';
import type { Command } from '../command/table.ts';
import type { MasterSession, Session } from '../dispatch/session.ts';
import type { CollectionName } from '../keyspace/value.ts';
import type { Database } from './keyspace.ts';

/** What the parts may ask of the dispatcher, besides running what clients send. */
export interface Dispatch {
  /**
   * Keeps clients away from keys while something asynchronous works on them (MIGRATE): a command or transaction
   * that names one of them waits, and with it the later requests of its client, until the returned function is
   * called. The master's stream does not wait. Waiting commands go on in the order in which they came.
   */
  holdKeys(dbIndex: number, keys: readonly string[]): () => void;
  /**
   * Runs one request of the master's stream (SELECT, MULTI and EXEC included): no reply, none of the gates meant
   * for clients. An error reply is logged.
   */
  applyFromMaster(argv: readonly string[]): void;
  /** The session under which `applyFromMaster` runs; `reset()` it when another stream begins. */
  readonly master: MasterSession;
  /** For the commands of a file, from its beginning; one file at a time. Clients must be kept out, and the stream muted. */
  replay(): Replay;
  /**
   * From the keyspace's gate: the value or the time to live of a key changed. Breaks the transactions that watch it, and makes
   * out of date what clients keep of it.
   */
  keyTouched(dbIndex: number, key: string): void;
  /** Behind that, where no client did it: the key had expired, or was evicted. */
  keyGone(key: string): void;
  /** From the keyspace's gate: a whole database was emptied or replaced. */
  databaseTouched(dbIndex: number): void;
  /** Where databases are emptied or replaced, once for all of them: what clients keep is out of date. */
  databasesFlushed(): void;
  /** WATCH, and its end. */
  watch(client: Session, keys: readonly string[]): void;
  unwatch(client: Session): void;
  /** Two databases change places: called before they do. */
  databasesSwapped(a: Database, b: Database): void;
  /** EXEC: runs what the client queued, or tells why not. */
  exec(client: Session): Reply;
  /** Ends the client's transaction without running it. */
  discard(client: Session): void;
  /** Unix ms; while a command, transaction or script runs, the same all the time. */
  nowMs(): number;
  /** A command that the script under way calls, as a part of it; the script's own gates let it pass. */
  callFromScript(session: Session, command: Command, argv: readonly string[], targets: WriteTargets): string;
  /** The script may not call a command (undefined: there is none of that name): counts it. */
  refusedFromScript(session: Session, command: Command | undefined, text: string): void;
  /** To be called by the handler of a script that is interrupted, before it returns BLOCKED. */
  suspendCall(client: Session): SuspendedCall;
  /** CLIENT UNBLOCK: ends the wait of a client's command, which counts as failed. False when it does not wait. */
  endWait(client: Session, withError: boolean): boolean;
  /** Whose request is being carried out at the moment, with all that it brings about. */
  readonly requester: Session | undefined;
  /** Whether the command that runs comes from the master. */
  readonly servingMaster: boolean;
  /** Holds back the commands of clients (CLIENT PAUSE, a failover) until `untilMs`, Unix ms. Replicas go on. */
  pause(reason: PauseReason, what: 'write' | 'all', untilMs: number): void;
  unpause(reason: PauseReason): void;
  /** Whether writes of clients are held back at the moment. */
  readonly writesPaused: boolean;
  pausedFor(reason: PauseReason): boolean;
}

/** Runs the commands that a file holds, one after another. Errors are logged. */
export interface Replay {
  /** False when there is no such command. */
  run(argv: readonly string[]): boolean;
  /** Behind MULTI, before EXEC. */
  readonly inTransaction: boolean;
  /** Present while the last command goes on, a script that takes long: the next one has to wait for it. */
  readonly waiting: Promise<void> | undefined;
}

/** Who reads a write: 1 the AOF, 2 replicas, 3 both. */
export type WriteTargets = 0 | 1 | 2 | 3;

/** A script that was interrupted: others are told that it is busy, until it ends. */
export interface SuspendedCall {
  /** Goes on with it, as the command that it was. */
  run(part: () => void): void;
  /** It has ended with this reply; `counted`: an error that was counted where it happened. */
  end(reply: string, counted: boolean): void;
}

/** Who asked for a pause; each reason has its own end. Source: server.h pause_purpose. */
export type PauseReason = 'client' | 'failover' | 'shutdown';

/** What a client waits for with BLPOP, BLMOVE, BZPOPMIN, XREAD BLOCK and their like. */
export interface KeyWait {
  /** Of the client's database, at least one; whichever can be served first. In a cluster all are of one slot. */
  readonly keys: readonly string[];
  /** What a key must hold to be looked at. */
  readonly type: CollectionName;
  /** 0 waits for ever. */
  readonly timeoutMs: number;
  /** What the client gets when its time is over. */
  readonly timeoutReply: string;
  /** What it gets when a key is gone or has become of another type; without it, it goes on waiting (all but XREADGROUP). */
  readonly goneReply?: string;
  /** The command as it was sent, for the slow log. */
  readonly argv: readonly string[];
  /**
   * Called when a key may have what is waited for, after the command, transaction or script that wrote it. Returns the
   * encoded reply, or undefined to go on waiting. It runs as the command of the waiting client: the Context is the
   * client's, and what it writes is propagated by `context.propagateAs`.
   */
  serve(key: string): string | undefined;
}

/** Clients that wait for keys. Source: Redis blocked.c. */
export interface KeyWaiters {
  /** The handler returns BLOCKED after this. Only where context.mayBlock. */
  wait(client: Session, request: KeyWait): void;
  /**
   * A key may have what somebody waits for. Keys that are created or replaced tell by themselves; only what is added to a
   * stream that is there already has to be told.
   */
  ready(dbIndex: number, key: string): void;
  /** Sends those away who wait for keys that another node of the cluster serves by now. */
  redirect(): void;
}
