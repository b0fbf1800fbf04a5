/**
 * Owns the way of a request: look-up, the gates in Redis's order, then queueing or the call, and what follows a call:
 * counters, propagation. Never touches a socket. Source: Redis server.c processCommand, call; multi.c.
 */
import { array, error, isError, nullArray, QUEUED } from '../../protocol/resp/encode.ts';
import { keysOf } from '../command/keys.ts';
import { BLOCKED, NO_REPLY, type Reply } from '../command/row.ts';
import { type Command, flagBits } from '../command/table.ts';
import { Histogram } from '../observe/histogram.ts';
import type { NodeStats } from '../observe/stats.ts';
import type { Database, Dispatch, NodeParts, PauseReason } from '../parts.ts';
import type { PropagationStream } from '../propagate/stream.ts';
import { CallContext } from './call-context.ts';
import { protectedRefusal, stateRefusal, unknownCommand, wrongArity } from './gates.ts';
import { Holds } from './holds.ts';
import type { MasterSession, QueuedCall, Session } from './session.ts';
import { WatchTable } from './watches.ts';

/** The command waits (a held key, a pause): the session keeps it and calls `execute` again in its `retry`. */
export const HELD = Symbol('held');

/** Commands that run at once inside a transaction. */
const unqueued: ReadonlySet<string> = new Set(['exec', 'discard', 'multi', 'watch', 'quit', 'reset']);

/** What the dispatcher tells to whoever looks in: MONITOR, the slow log. */
export interface Observer {
  /** MONITOR has readers. */
  readonly monitoring: boolean;
  monitor(session: Session, argv: readonly string[]): void;
  /** Microseconds from which on a command is slow; Infinity for never. */
  readonly slowFromMicroseconds: number;
  slow(session: Session, argv: readonly string[], microseconds: number): void;
}

export interface DispatcherDeps {
  readonly parts: NodeParts;
  readonly stats: NodeStats;
  readonly propagation: PropagationStream;
  readonly observer: Observer;
  /** Made by the server room: a session that is no connection. */
  readonly master: MasterSession;
}

export class Dispatcher implements Dispatch {
  readonly master: MasterSession;
  readonly holds: Holds;
  readonly #deps: DispatcherDeps;
  readonly #parts: NodeParts;
  readonly #stats: NodeStats;
  readonly #propagation: PropagationStream;
  readonly #watches = new WatchTable();
  readonly #context: CallContext;
  /** How many calls are under way, one inside another. */
  #depth = 0;
  /** Unix ms of the last `begin`. */
  readAtMs = 0;
  /** Time of the end of the last command, which is the beginning of the next one of the same read. */
  #markMs = 0;
  /** Add to the monotonic time for Unix time. */
  #wallOffsetMs = 0;
  #requirePassword = false;
  #minReplicas = 0;
  #trackLatency = true;

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
    this.#parts = deps.parts;
    this.#stats = deps.stats;
    this.#propagation = deps.propagation;
    this.master = deps.master;
    this.holds = new Holds(deps.parts.clock);
    this.#context = new CallContext(deps.parts, deps.master, deps.parts.commands.rows[0] as Command);
    const { config } = deps.parts;
    this.#follow('requirepass', () => {
      this.#requirePassword = config.text('requirepass') !== '';
    });
    this.#follow('min-replicas-to-write', () => {
      this.#minReplicas = config.number('min-replicas-to-write');
    });
    this.#follow('latency-tracking', () => {
      this.#trackLatency = config.flag('latency-tracking');
    });
  }

  #follow(name: string, read: () => void): void {
    read();
    this.#parts.config.onChange(name, read);
  }

  /** To be called when bytes have come, before the requests in them: takes the time. */
  begin(): void {
    const clock = this.#parts.clock;
    this.#markMs = clock.monotonicMs();
    this.readAtMs = clock.nowMs();
    this.#wallOffsetMs = this.readAtMs - this.#markMs;
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
    let bits = command.bits;
    if ((bits & flagBits.protected) !== 0) {
      const refusal = protectedRefusal(command, session, parts);
      if (refusal !== undefined) return this.#reject(session, command, refusal);
    }
    if (!session.authenticated && this.#requirePassword && (bits & flagBits.no_auth) === 0)
      return this.#reject(session, command, 'NOAUTH Authentication required.');
    let allBits = bits;
    const isExec = queue !== undefined && command.name === 'exec';
    if (queue !== undefined) {
      if ((bits & flagBits.no_multi) !== 0)
        return this.#reject(session, command, 'ERR Command not allowed inside a transaction');
      if (isExec) {
        for (const call of queue) {
          bits |= call.row.bits;
          allBits &= call.row.bits;
        }
      }
    }
    if (parts.cluster !== undefined && session.kind !== 'master' && (command.hasKeys || isExec)) {
      const redirection = this.#route(session, command, argv, isExec ? queue : undefined);
      if (redirection !== undefined) return this.#redirected(session, command, redirection, isExec);
    }
    const { replication } = parts;
    if (
      replication.role !== 'master' ||
      replication.loading ||
      session.kind !== 'normal' ||
      this.#minReplicas !== 0
    ) {
      const refusal = stateRefusal(parts, session, command, bits, allBits);
      if (refusal !== undefined) return this.#reject(session, command, refusal);
    }
    if ((this.holds.pausedWrites || this.holds.anyKey) && this.#mustWait(session, command, argv, bits)) {
      this.holds.wait(session);
      return HELD;
    }
    if (queue !== undefined && !unqueued.has(command.name)) {
      // A transaction that will fail anyway need not be kept.
      if (!session.queueBroken && !session.watchBroken) queue.push({ row: command, argv });
      return QUEUED;
    }
    const reply = this.#call(session, command, argv, true);
    if (session.asking && session.queue === undefined && command.name !== 'asking') session.asking = false;
    return reply;
  }

  #route(
    session: Session,
    command: Command,
    argv: readonly string[],
    queue: readonly QueuedCall[] | undefined,
  ): string | undefined {
    const cluster = this.#parts.cluster;
    if (cluster === undefined) return undefined;
    if (queue !== undefined) return cluster.route(session, queue);
    if (command.keyIndex > 0)
      return cluster.routeKey(session, { row: command, argv }, argv[command.keyIndex] as string);
    return cluster.route(session, [{ row: command, argv }]);
  }

  #redirected(session: Session, command: Command, reply: string, isExec: boolean): string {
    if (isExec) this.discard(session);
    else if (session.queue !== undefined) session.queueBroken = true;
    command.stats.rejectedCalls++;
    this.#countError(reply);
    if (session.queue === undefined) session.asking = false;
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
    this.#countError(reply);
    if (session.kind === 'master' || session.kind === 'replica')
      this.#unexpectedError(session, command, reply);
    if (session.queue === undefined) session.asking = false;
    return reply;
  }

  #countError(reply: string): void {
    const stats = this.#stats;
    stats.errorReplies++;
    const space = reply.slice(0, 33).indexOf(' ');
    const code = space > 0 ? reply.slice(1, space) : 'ERR';
    stats.errors.set(code, (stats.errors.get(code) ?? 0) + 1);
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

  /** Runs a command that has passed its gates; nested for those of a transaction. */
  #call(session: Session, command: Command, argv: readonly string[], mayBlock: boolean): Reply {
    const context = this.#context;
    const stats = this.#stats;
    const outerClient = context.client;
    const outerRow = context.row;
    const outerMayBlock = context.mayBlock;
    const outerRewritten = context.rewritten;
    const startedMs = this.#markMs;
    context.client = session;
    context.row = command;
    context.resp = session.resp;
    context.mayBlock = mayBlock && session.kind !== 'master';
    context.rewritten = undefined;
    context.redacted = undefined;
    if (this.#depth === 0) context.nowMs = Math.floor(startedMs + this.#wallOffsetMs);
    const dirtyBefore = stats.dirty;
    const dbIndex = session.db.index;
    this.#depth++;
    this.#propagation.enter();
    let reply: Reply;
    try {
      reply = (command.handler as NonNullable<Command['handler']>)(context, argv);
    } catch (thrown) {
      reply = this.#crashed(command, thrown);
    }
    const failed = typeof reply === 'string' && isError(reply);
    const rewritten = context.rewritten as (readonly string[])[] | undefined;
    if (this.#propagation.wanted && command.name !== 'exec') {
      if (rewritten !== undefined) for (const own of rewritten) this.#propagation.feed(dbIndex, own);
      else if (stats.dirty > dirtyBefore) this.#propagation.feed(dbIndex, argv);
    }
    this.#depth--;
    this.#propagation.leave((command.bits & flagBits.touches_arbitrary_keys) === 0);
    const redacted = context.redacted as number[] | undefined;
    context.client = outerClient;
    context.row = outerRow;
    context.mayBlock = outerMayBlock;
    context.rewritten = outerRewritten;
    if (failed) {
      command.stats.failedCalls++;
      this.#countError(reply as string);
      if (session.kind === 'master' || session.kind === 'replica')
        this.#unexpectedError(session, command, reply as string);
    }
    this.#account(session, command, argv, redacted, startedMs, reply === BLOCKED);
    return reply;
  }

  /** Time, counters, the slow log, MONITOR. */
  #account(
    session: Session,
    command: Command,
    argv: readonly string[],
    redacted: readonly number[] | undefined,
    startedMs: number,
    blocked: boolean,
  ): void {
    const endMs = this.#parts.clock.monotonicMs();
    const microseconds = (endMs - startedMs) * 1000;
    this.#markMs = endMs;
    const counters = command.stats;
    counters.calls++;
    counters.microseconds += microseconds;
    this.#stats.commandsProcessed++;
    if (this.#trackLatency && !blocked) {
      counters.latency ??= new Histogram();
      counters.latency.record(microseconds);
    }
    const observer = this.#deps.observer;
    const slow =
      microseconds >= observer.slowFromMicroseconds && (command.bits & flagBits.skip_slowlog) === 0;
    if (!observer.monitoring && !slow) return;
    const shown =
      redacted === undefined ? argv : argv.map((arg, i) => (redacted.includes(i) ? '(redacted)' : arg));
    if (observer.monitoring && (command.bits & (flagBits.skip_monitor | flagBits.admin)) === 0)
      observer.monitor(session, shown);
    if (slow && !blocked) observer.slow(session, shown, Math.trunc(microseconds));
  }

  #crashed(command: Command, thrown: unknown): string {
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    this.#parts.log('warning', `The command '${command.fullName}' failed unexpectedly: ${text}`);
    return error('ERR internal error, see the log of the node');
  }

  /** Between a master and its replica there should be none: data may differ from now on. */
  #unexpectedError(session: Session, command: Command | undefined, reply: string): void {
    this.#stats.unexpectedErrorReplies++;
    const [from, to] = session.kind === 'master' ? ['replica', 'master'] : ['master', 'replica'];
    this.#parts.log(
      'warning',
      `== CRITICAL == This ${from} is sending an error to its ${to}: '${reply.slice(0, 4096).trimEnd()}' ` +
        `after processing the command '${command?.fullName ?? '<unknown>'}'`,
    );
  }

  exec(client: Session): string {
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
    const replies: string[] = [];
    for (const { row, argv } of queue) {
      const reply = this.#call(client, row, argv, false);
      // A handler that would wait here has not looked at mayBlock.
      replies.push(typeof reply === 'string' ? reply : reply === BLOCKED ? nullArray(client.resp) : '');
    }
    this.discard(client);
    return array(replies);
  }

  discard(client: Session): void {
    client.queue = undefined;
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
  }

  databaseTouched(dbIndex: number): void {
    this.#watches.flushed(dbIndex);
  }

  databasesSwapped(a: Database, b: Database): void {
    this.#watches.swapped(a, b);
  }

  applyFromMaster(argv: readonly string[]): void {
    if (this.#depth === 0) this.begin();
    this.execute(this.master, argv);
  }

  nowMs(): number {
    return this.#depth > 0 ? this.#context.nowMs : this.#parts.clock.nowMs();
  }

  get servingMaster(): boolean {
    return this.#depth > 0 && this.#context.client.kind === 'master';
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
    return this.holds.pausedWrites;
  }
}
