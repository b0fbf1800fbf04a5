/**
 * Owns the way of a request: look-up, the gates in Redis's order, then queueing or the call (caller.ts); and transactions.
 * Never touches a socket. Source: Redis server.c processCommand; multi.c.
 */
import { array, error, nullArray, QUEUED } from '../../protocol/resp/encode.ts';
import { keysOf } from '../command/keys.ts';
import { BLOCKED, NO_REPLY, type Reply } from '../command/row.ts';
import { type Command, flagBits } from '../command/table.ts';
import type { Dispatch, PauseReason, Replay, SuspendedCall, WriteTargets } from '../parts/dispatch.ts';
import type { Database } from '../parts/keyspace.ts';
import type { NodeParts } from '../parts/node.ts';
import { textBytes } from '../types/memory.ts';
import { Caller, type CallerDeps } from './caller.ts';
import { protectedRefusal, stateRefusal, unknownCommand, wrongArity } from './gates.ts';
import { Holds } from './holds.ts';
import { Interruption } from './interruption.ts';
import { WaitingClients } from './key-waiters.ts';
import { memoryRefusal } from './memory-gate.ts';
import { FileReplay } from './replay.ts';
import type { MasterSession, QueuedCall, Session } from './session.ts';
import { WatchTable } from './watches.ts';

/** The command waits (a held key, a pause): the session keeps it and calls `execute` again in its `retry`. */
export const HELD = Symbol('held');

/** Commands that run at once inside a transaction. */
const unqueued: ReadonlySet<string> = new Set(['exec', 'discard', 'multi', 'watch', 'quit', 'reset']);

export class Dispatcher implements Dispatch {
  readonly master: MasterSession;
  readonly holds: Holds;
  readonly keyWaiters: WaitingClients;
  readonly #parts: NodeParts;
  readonly #caller: Caller;
  readonly #watches = new WatchTable();
  readonly #interruption: Interruption;
  readonly #fileSession: MasterSession;
  #minReplicas = 0;

  constructor(deps: CallerDeps) {
    this.#parts = deps.parts;
    this.#caller = new Caller(deps);
    this.master = deps.master;
    this.#fileSession = deps.file;
    this.holds = new Holds(deps.parts.clock);
    this.keyWaiters = new WaitingClients({
      clock: deps.parts.clock,
      databases: () => deps.parts.databases,
      cluster: () => deps.parts.cluster,
      call: (client, command, wait, key) => this.#caller.callWaiting(client, command, wait, key),
      failed: (client, command, reply) => this.#caller.countLateFailure(client, command, reply),
    });
    this.#interruption = new Interruption({
      caller: this.#caller,
      apply: (argv) => this.applyFromMaster(argv),
      serveWaiting: () => this.keyWaiters.serveReady(),
    });
    const { config } = deps.parts;
    this.#follow('min-replicas-to-write', () => {
      this.#minReplicas = config.number('min-replicas-to-write');
    });
  }

  #follow(name: string, read: () => void): void {
    read();
    this.#parts.config.onChange(name, read);
  }

  /** To be called when bytes have come, before the requests in them: takes the time. */
  begin(): void {
    this.#caller.begin();
  }

  /** To be called behind the last of these requests. */
  finish(): void {
    this.#caller.timer.settle();
  }

  /** Unix ms of the last `begin`. */
  get readAtMs(): number {
    return this.#caller.timer.readAtMs;
  }

  /** One request of a client. The caller has called `begin`. */
  execute(session: Session, argv: readonly string[]): Reply | typeof HELD {
    const parts = this.#parts;
    const command = parts.commands.lookup(argv);
    session.lastCommand = command;
    if (command === undefined) return this.#unknown(session, argv);
    if (wrongArity(command, argv.length))
      return this.#reject(
        session,
        command,
        `ERR wrong number of arguments for '${command.fullName}' command`,
      );
    const queue = session.queue;
    let bits = bitsOf(command, parts, argv);
    if ((bits & flagBits.protected) !== 0) {
      const refusal = protectedRefusal(command, session, parts);
      if (refusal !== undefined) return this.#reject(session, command, refusal);
    }
    if (!session.authenticated && parts.acl.requiresAuth && (bits & flagBits.no_auth) === 0)
      return this.#reject(session, command, 'NOAUTH Authentication required.');
    let allBits = bits;
    const isExec = queue !== undefined && command.name === 'exec';
    if (queue !== undefined) {
      if ((bits & flagBits.no_multi) !== 0)
        return this.#reject(session, command, 'ERR Command not allowed inside a transaction');
      if (isExec) {
        for (const call of queue) {
          const callBits = bitsOf(call.row, parts, call.argv);
          bits |= callBits;
          allBits &= callBits;
        }
      }
    }
    if (!session.user.unrestricted) {
      const refusal = parts.acl.refusal(session, command, argv);
      if (refusal !== undefined) return this.#reject(session, command, refusal);
    }
    if (parts.cluster !== undefined && session.kind !== 'master' && (command.hasKeys || isExec)) {
      const redirection = this.#route(session, command, argv, isExec ? queue : undefined, bits);
      if (redirection !== undefined) return this.#redirected(session, command, redirection, isExec);
    }
    const { replication, persistence, eviction, clientEviction, tracking } = parts;
    if (clientEviction.limitBytes > 0 && clientEviction.run(session)) return NO_REPLY;
    if (eviction.limited && !this.#interruption.active) {
      const refusal = memoryRefusal(parts, session, command, bits);
      if (refusal !== undefined) return this.#reject(session, command, refusal);
    }
    if (tracking.clientCount > 0) tracking.keepToLimit();
    if (
      replication.role !== 'master' ||
      replication.loading ||
      persistence.loading ||
      persistence.refusal !== undefined ||
      session.kind !== 'normal' ||
      this.#minReplicas !== 0
    ) {
      const refusal = stateRefusal(parts, session, command, bits, allBits);
      if (refusal !== undefined) return this.#reject(session, command, refusal);
      if (persistence.refusal !== undefined && session.kind === 'master' && (bits & flagBits.write) !== 0)
        persistence.masterWrites();
    }
    if (this.#interruption.active && (bits & flagBits.allow_busy) === 0)
      return this.#reject(session, command, parts.scripts.busy?.refusal ?? 'BUSY Redis is busy');
    if ((this.holds.pausedWrites || this.holds.anyKey) && this.#mustWait(session, command, argv, bits)) {
      this.holds.wait(session);
      return HELD;
    }
    if (queue !== undefined && !unqueued.has(command.name)) {
      // A transaction that will fail anyway need not be kept.
      if (!session.queueBroken && !session.watchBroken) enqueue(session, queue, command, argv);
      return QUEUED;
    }
    const reply = this.#carryOut(session, command, argv);
    if (session.asking || session.tracking !== undefined) this.#forgetBriefStates(session, command);
    return reply;
  }

  #carryOut(session: Session, command: Command, argv: readonly string[]): Reply {
    const outer = this.#caller.requester;
    this.#caller.requester = session;
    const reply = this.#caller.call(session, command, argv, true);
    if (this.keyWaiters.anyReady && !this.#interruption.active) this.keyWaiters.serveReady();
    this.#caller.requester = outer;
    // There will be a reply only when the wait is over; that of a script that is interrupted comes first.
    if (reply === BLOCKED && session.tracking !== undefined && !this.#interruption.active)
      this.#parts.tracking.sendPending(session);
    return reply;
  }

  /** What ASKING and CLIENT CACHING say holds for the next command, or transaction. Source: networking.c resetClient. */
  #forgetBriefStates(session: Session, command: Command | undefined): void {
    if (session.queue !== undefined) return;
    if (command?.name !== 'asking') session.asking = false;
    if (session.tracking !== undefined && command?.container?.name !== 'client')
      session.tracking.caching = false;
  }

  #route(
    session: Session,
    command: Command,
    argv: readonly string[],
    queue: readonly QueuedCall[] | undefined,
    bits: number,
  ): string | undefined {
    const cluster = this.#parts.cluster;
    if (cluster === undefined) return undefined;
    const writes = (bits & flagBits.write) !== 0;
    if (queue !== undefined) return cluster.route(session, queue, writes);
    if (command.keyIndex > 0)
      return cluster.routeKey(session, { row: command, argv }, argv[command.keyIndex] as string, writes);
    return cluster.route(session, [{ row: command, argv }], writes);
  }

  #redirected(session: Session, command: Command, reply: string, isExec: boolean): string {
    if (isExec) this.discard(session);
    else if (session.queue !== undefined) session.queueBroken = true;
    command.stats.rejectedCalls++;
    this.#caller.countError(session, command, reply);
    this.#forgetBriefStates(session, command);
    return reply;
  }

  #unknown(session: Session, argv: readonly string[]): Reply {
    const name = (argv[0] as string).toLowerCase();
    if (name === 'host:' || name === 'post') {
      this.#parts.log(
        'warning',
        'Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. ' +
          `This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. Connection from ${session.address} aborted.`,
      );
      session.destroy();
      return NO_REPLY;
    }
    return this.#reject(session, undefined, unknownCommand(this.#parts.commands, argv));
  }

  /** `text` begins with its code. EXEC that is refused ends the transaction. */
  #reject(session: Session, command: Command | undefined, text: string): string {
    if (command) command.stats.rejectedCalls++;
    let reply: string;
    if (session.queue !== undefined && command?.name === 'exec') {
      this.discard(session);
      reply = error(`EXECABORT Transaction discarded because of: ${text.replace(/^ERR /, '')}`);
    } else {
      if (session.queue !== undefined) session.queueBroken = true;
      reply = error(text);
    }
    this.#caller.countError(session, command, reply);
    this.#forgetBriefStates(session, command);
    return reply;
  }

  /** Whether a pause or a held key keeps the command back. Replicas and the master never wait. */
  #mustWait(session: Session, command: Command, argv: readonly string[], bits: number): boolean {
    if (session.kind === 'replica' || session.kind === 'master') return false;
    if (this.holds.pausedAll) return true;
    const mayWrite = (bits & (flagBits.write | flagBits.may_replicate)) !== 0;
    if (this.holds.pausedWrites && mayWrite) return true;
    if (!this.holds.anyKey) return false;
    const queue = session.queue;
    if (queue !== undefined && command.name === 'exec')
      return queue.some((call) => this.#touchesHeld(session, call.row, call.argv));
    return queue === undefined && this.#touchesHeld(session, command, argv);
  }

  /** Writes without keys (FLUSHALL) would reach held keys too. */
  #touchesHeld(session: Session, command: Command, argv: readonly string[]): boolean {
    if (!command.hasKeys) return (command.bits & flagBits.write) !== 0;
    return keysOf(command, argv).some((key) => this.holds.isHeld(session.db.index, key));
  }

  exec(client: Session): Reply {
    const queue = client.queue;
    if (queue === undefined) return error('ERR EXEC without MULTI');
    if (this.#watches.anyExpired(client)) client.watchBroken = true;
    if (client.queueBroken) {
      this.discard(client);
      return error('EXECABORT Transaction discarded because of previous errors.');
    }
    if (client.watchBroken) {
      this.discard(client);
      return nullArray(client.resp);
    }
    this.#watches.unwatch(client);
    return this.#runQueue(client, queue, []);
  }

  /** Runs those of the queue that have no reply yet. */
  #runQueue(client: Session, queue: readonly QueuedCall[], replies: string[]): Reply {
    while (replies.length < queue.length) {
      const { row, argv } = queue[replies.length] as QueuedCall;
      const reply = this.#refusedInExec(client, row, argv) ?? this.#caller.call(client, row, argv, false);
      if (reply === BLOCKED && this.#interruption.active) {
        this.#interruption.keepTransaction((late) => {
          replies.push(late);
          return this.#runQueue(client, queue, replies);
        });
        return BLOCKED;
      }
      // A handler that would wait here has not looked at mayBlock.
      replies.push(typeof reply === 'string' ? reply : reply === BLOCKED ? nullArray(client.resp) : '');
    }
    this.discard(client);
    return array(replies);
  }

  /** Rights may have changed since the command was queued. */
  #refusedInExec(client: Session, command: Command, argv: readonly string[]): string | undefined {
    if (client.user.unrestricted) return undefined;
    const refusal = this.#parts.acl.refusalInExec(client, command, argv);
    if (refusal === undefined) return undefined;
    const reply = error(refusal);
    this.#caller.countError(client, command, reply);
    return reply;
  }

  callFromScript(session: Session, command: Command, argv: readonly string[], targets: WriteTargets): string {
    session.lastCommand = command;
    const reply = this.#caller.callFromScript(session, command, argv, targets);
    // A handler that would wait here has not looked at mayBlock.
    return typeof reply === 'string' ? reply : nullArray(session.resp);
  }

  refusedFromScript(session: Session, command: Command | undefined, text: string): void {
    if (command !== undefined) command.stats.rejectedCalls++;
    this.#caller.countError(session, command, text.startsWith('-') ? text : `-ERR ${text}`);
  }

  suspendCall(client: Session): SuspendedCall {
    return this.#interruption.suspend(client);
  }

  discard(client: Session): void {
    client.queue = undefined;
    client.queuedBytes = 0;
    client.queueBroken = false;
    client.watchBroken = false;
    this.#watches.unwatch(client);
  }

  watch(client: Session, keys: readonly string[]): void {
    for (const key of keys) this.#watches.watch(client, key);
  }

  unwatch(client: Session): void {
    this.#watches.unwatch(client);
    client.watchBroken = false;
  }

  keyTouched(dbIndex: number, key: string): void {
    this.#watches.touched(dbIndex, key);
    const { tracking } = this.#parts;
    if (tracking.clientCount > 0) tracking.touched(key, this.#caller.author);
  }

  keyGone(key: string): void {
    const { tracking } = this.#parts;
    if (tracking.clientCount > 0) tracking.touched(key, undefined);
  }

  databaseTouched(dbIndex: number): void {
    this.#watches.flushed(dbIndex);
    this.keyWaiters.allReady(dbIndex);
  }

  databasesFlushed(): void {
    this.#parts.tracking.flushed();
  }

  databasesSwapped(a: Database, b: Database): void {
    this.#watches.swapped(a, b);
    for (const { index } of [a, b]) this.keyWaiters.allReady(index);
  }

  applyFromMaster(argv: readonly string[]): void {
    if (this.#interruption.active) {
      this.#interruption.holdFromMaster(argv);
      return;
    }
    const alone = !this.#caller.busy;
    if (alone) this.begin();
    this.execute(this.master, argv);
    if (alone) this.finish();
  }

  replay(): Replay {
    return new FileReplay(this.#parts.commands, this.#caller, this.#fileSession);
  }

  endWait(client: Session, withError: boolean): boolean {
    const { onUnblock, lastCommand } = client;
    if (onUnblock === undefined || lastCommand === undefined) return false;
    const reply = onUnblock(withError);
    this.#caller.countLateFailure(client, lastCommand, reply);
    client.resume(reply);
    return true;
  }

  get requester(): Session | undefined {
    return this.#caller.requester;
  }

  nowMs(): number {
    return this.#caller.nowMs();
  }

  get servingMaster(): boolean {
    return this.#caller.servingMaster;
  }

  holdKeys(dbIndex: number, keys: readonly string[]): () => void {
    return this.holds.holdKeys(dbIndex, keys);
  }

  pause(reason: PauseReason, what: 'write' | 'all', untilMs: number): void {
    this.holds.pause(reason, what, untilMs);
  }

  unpause(reason: PauseReason): void {
    this.holds.unpause(reason);
  }

  get writesPaused(): boolean {
    return this.holds.pausedWrites || this.#interruption.active;
  }

  pausedFor(reason: PauseReason): boolean {
    return this.holds.pausedFor(reason);
  }
}

function enqueue(session: Session, queue: QueuedCall[], row: Command, argv: readonly string[]): void {
  queue.push({ row, argv });
  for (const arg of argv) session.queuedBytes += textBytes(arg);
}

function bitsOf(command: Command, parts: NodeParts, argv: readonly string[]): number {
  return command.bitsOf === undefined ? command.bits : command.bitsOf(parts, argv, command.bits);
}
