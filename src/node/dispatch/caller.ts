/**
 * Owns the call of a command that has passed its gates, and what follows it: counters, propagation, the slow log, MONITOR; and
 * the time that a command sees. Source: Redis server.c call, afterErrorReply.
 */
import { error, isError } from '../../protocol/resp/encode.ts';
import { BLOCKED, type Reply } from '../command/row.ts';
import { type Command, flagBits } from '../command/table.ts';
import { quote } from '../config/value.ts';
import type { NodeStats } from '../observe/stats.ts';
import type { KeyWait, WriteTargets } from '../parts/dispatch.ts';
import type { NodeParts } from '../parts/node.ts';
import type { Tracking } from '../parts/tracking.ts';
import type { PropagationStream } from '../propagate/stream.ts';
import { CallContext } from './call-context.ts';
import { CallTimer } from './call-timer.ts';
import type { MasterSession, Session } from './session.ts';

/** Slower than this no brief command is. */
const briefMicroseconds = 1000;

/** What the dispatcher tells to whoever looks in: MONITOR, the slow log, LATENCY. */
export interface Observer {
  /** MONITOR has readers. */
  readonly monitoring: boolean;
  monitor(session: Session, argv: readonly string[]): void;
  /** Microseconds from which on a command is slow; Infinity for never. */
  readonly slowFromMicroseconds: number;
  slow(session: Session, argv: readonly string[], microseconds: number): void;
  /** Microseconds from which on a delay counts; Infinity for never. */
  readonly delayFromMicroseconds: number;
  delay(event: string, microseconds: number): void;
}

export interface CallerDeps {
  readonly parts: NodeParts;
  readonly stats: NodeStats;
  readonly propagation: PropagationStream;
  readonly observer: Observer;
  /** Made by the server room: a session that is no connection. */
  readonly master: MasterSession;
  /** The same, for commands that are read from a file. */
  readonly file: MasterSession;
}

/** A text of JavaScript has a longest length: 24 bytes less than the longest string of Redis. */
const REPLY_TOO_LONG = error('ERR the reply is longer than the 512 MB that this node can send at once');

function isTooLong(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  return (
    thrown.message === 'Invalid string length' || ('code' in thrown && thrown.code === 'ERR_STRING_TOO_LONG')
  );
}

export class Caller {
  readonly timer: CallTimer;
  readonly #deps: CallerDeps;
  readonly #parts: NodeParts;
  readonly #stats: NodeStats;
  readonly #propagation: PropagationStream;
  readonly #context: CallContext;
  readonly #tracking: Tracking;
  /** Whose request is being carried out, with all that it brings about. */
  requester: Session | undefined;
  /** How many calls are under way, one inside another. */
  #depth = 0;
  /** Whether nobody looks at single commands so closely that brief ones would be seen. */
  #calm = true;

  constructor(deps: CallerDeps) {
    this.#deps = deps;
    this.#parts = deps.parts;
    this.#stats = deps.stats;
    this.#propagation = deps.propagation;
    this.#tracking = deps.parts.tracking;
    this.timer = new CallTimer(deps.parts.clock);
    this.#context = new CallContext(deps.parts, deps.master, deps.parts.commands.rows[0] as Command);
    const { config } = deps.parts;
    const read = (): void => {
      this.timer.tracksLatency = config.flag('latency-tracking');
    };
    read();
    config.onChange('latency-tracking', read);
  }

  /** Whether a command runs at the moment. */
  get busy(): boolean {
    return this.#depth > 0;
  }

  /** Unix ms; while a command, transaction or script runs, the same all the time. */
  nowMs(): number {
    return this.#depth > 0 ? this.#context.nowMs : this.#parts.clock.nowMs();
  }

  get servingMaster(): boolean {
    return this.#depth > 0 && this.#context.client.kind === 'master';
  }

  /** The client whose command runs: for those of a script, the script's own. */
  get author(): Session | undefined {
    return this.#depth > 0 ? this.#context.client : undefined;
  }

  /** Runs a command that has passed its gates; nested for those of a transaction. */
  call(session: Session, command: Command, argv: readonly string[], mayBlock: boolean): Reply {
    const context = this.#context;
    const stats = this.#stats;
    const outerClient = context.client;
    const outerRow = context.row;
    const outerArgv = context.argv;
    const outerMayBlock = context.mayBlock;
    const outerRewritten = context.rewritten;
    const timer = this.timer;
    const brief = command.brief && this.#depth === 0 && this.#calm;
    if (!brief) timer.settle();
    const startedMs = timer.markMs;
    context.client = session;
    context.row = command;
    context.argv = argv;
    context.resp = session.resp;
    context.mayBlock = mayBlock && session.kind !== 'master';
    context.rewritten = undefined;
    context.redacted = undefined;
    context.errorIsCounted = false;
    if (this.#depth === 0) context.nowMs = timer.unixMs();
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
    if (this.#tracking.clientCount > 0)
      this.#rememberKeys(session, command, argv, outerClient, outerRow, outerArgv);
    this.#depth--;
    this.#propagation.leave((command.bits & flagBits.touches_arbitrary_keys) === 0);
    const redacted = context.redacted as number[] | undefined;
    context.client = outerClient;
    context.row = outerRow;
    context.argv = outerArgv;
    context.mayBlock = outerMayBlock;
    context.rewritten = outerRewritten;
    if (failed) {
      command.stats.failedCalls++;
      if (!context.errorIsCounted) this.countError(session, command, reply as string);
    }
    stats.commandsProcessed++;
    if (brief) timer.brief(command.stats);
    else {
      this.#account(session, command, argv, redacted, startedMs, reply === BLOCKED);
      this.#lookAround();
    }
    return reply;
  }

  /** Of a script that reads anything, its client remembers all keys that the script was given. Source: server.c call. */
  #rememberKeys(
    session: Session,
    command: Command,
    argv: readonly string[],
    outerClient: Session,
    outerRow: Command,
    outerArgv: readonly string[],
  ): void {
    // EVAL_RO and its like: what they call tells whether they read.
    if ((command.bits & flagBits.readonly) === 0 || command.group === 'scripting') return;
    if (session.isScript) this.#tracking.remember(outerClient, outerRow, outerArgv);
    else this.#tracking.remember(session, command, argv);
  }

  /** Runs a command that a script calls; `targets`: who reads what it writes. */
  callFromScript(session: Session, command: Command, argv: readonly string[], targets: WriteTargets): Reply {
    if (targets === 3) return this.call(session, command, argv, false);
    const outer = this.#propagation.targets;
    this.#propagation.targets = targets;
    try {
      return this.call(session, command, argv, false);
    } finally {
      this.#propagation.targets = outer;
    }
  }

  /** The command that runs is interrupted: it stays open, with the time that it sees, until `leave`. */
  suspend(): { readonly command: Command; run(part: () => void): void; leave(): void } {
    const context = this.#context;
    const { client, row: command, argv, nowMs } = context;
    // Twice: between its parts the stream is that of a command within another, so that no snapshot is taken of half of it.
    this.#propagation.enter();
    this.#propagation.enter();
    return {
      command,
      run: (part) => {
        const outerClient = context.client;
        const outerRequester = this.requester;
        this.requester = client;
        context.client = client;
        context.row = command;
        context.argv = argv;
        context.resp = client.resp;
        context.mayBlock = false;
        context.nowMs = nowMs;
        // What it propagates is what its commands do.
        context.rewritten = [];
        this.begin();
        this.#depth++;
        try {
          part();
        } finally {
          this.#depth--;
          context.client = outerClient;
          this.requester = outerRequester;
          this.timer.settle();
        }
      },
      leave: () => {
        this.#propagation.leave();
        this.#propagation.leave();
      },
    };
  }

  /**
   * Runs `serve` for a client whose command waits, as a part of that command. Never from within another. Undefined: it goes
   * on waiting. Source: blocked.c serveClientsBlockedOnListKey, updateStatsOnUnblock.
   */
  callWaiting(session: Session, command: Command, wait: KeyWait, key: string): string | undefined {
    const context = this.#context;
    const { timer } = this;
    timer.settle();
    const startedMs = timer.markMs;
    const outerClient = context.client;
    context.client = session;
    context.row = command;
    context.resp = session.resp;
    context.rewritten = undefined;
    context.nowMs = timer.unixMs();
    this.#depth++;
    this.#propagation.enter();
    let reply: string | undefined;
    try {
      reply = wait.serve(key);
    } catch (thrown) {
      reply = this.#crashed(command, thrown);
    }
    const rewritten = context.rewritten as (readonly string[])[] | undefined;
    for (const own of rewritten ?? []) this.#propagation.feed(session.db.index, own);
    this.#depth--;
    this.#propagation.leave();
    context.client = outerClient;
    if (reply === undefined) return undefined;
    if (isError(reply)) this.countLateFailure(session, command, reply);
    const microseconds = timer.served(command.stats, startedMs);
    const { observer } = this.#deps;
    if (microseconds >= observer.slowFromMicroseconds)
      observer.slow(session, wait.argv, Math.trunc(microseconds));
    if (microseconds >= observer.delayFromMicroseconds) observer.delay('command-unblocking', microseconds);
    return reply;
  }

  /**
   * Runs a command that a file holds: it is not counted, and nothing of it is sent on (the stream is muted meanwhile).
   * Source: aof.c loadSingleAppendOnlyFile.
   */
  replay(session: Session, command: Command, argv: readonly string[]): Reply {
    const context = this.#context;
    this.timer.begin();
    context.client = session;
    context.row = command;
    context.resp = session.resp;
    context.mayBlock = false;
    context.rewritten = undefined;
    context.redacted = undefined;
    context.nowMs = this.timer.unixMs();
    this.#depth++;
    try {
      return (command.handler as NonNullable<Command['handler']>)(context, argv);
    } catch (thrown) {
      return this.#crashed(command, thrown);
    } finally {
      this.#depth--;
    }
  }

  /** Bytes have come: the first request in them begins now. */
  begin(): void {
    this.timer.begin();
    this.#lookAround();
  }

  #lookAround(): void {
    const { observer } = this.#deps;
    this.#calm = !observer.monitoring && observer.slowFromMicroseconds >= briefMicroseconds;
  }

  /** Time, the slow log, LATENCY, MONITOR. */
  #account(
    session: Session,
    command: Command,
    argv: readonly string[],
    redacted: readonly number[] | undefined,
    startedMs: number,
    blocked: boolean,
  ): void {
    const microseconds = this.timer.timed(command.stats, startedMs, !blocked);
    const observer = this.#deps.observer;
    if (microseconds >= observer.delayFromMicroseconds)
      observer.delay((command.bits & flagBits.fast) !== 0 ? 'fast-command' : 'command', microseconds);
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
    if (isTooLong(thrown)) return REPLY_TOO_LONG;
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    this.#parts.log('warning', `The command '${command.fullName}' failed unexpectedly: ${text}`);
    return error('ERR internal error, see the log of the node');
  }

  /** A command that was counted when its wait began has failed. Source: blocked.c updateStatsOnUnblock. */
  countLateFailure(session: Session, command: Command, reply: string): void {
    command.stats.failedCalls++;
    if (isError(reply)) this.countError(session, command, reply);
  }

  /** An error reply is about to be sent. `command` is undefined when the request named none. */
  countError(session: Session, command: Command | undefined, reply: string): void {
    const stats = this.#stats;
    stats.errorReplies++;
    const space = reply.slice(0, 33).indexOf(' ');
    const code = space > 0 ? reply.slice(1, space) : 'ERR';
    stats.errors.set(code, (stats.errors.get(code) ?? 0) + 1);
    if (session.kind === 'master' || session.kind === 'replica')
      this.#unexpectedError(session, command, reply);
  }

  #unexpectedError(session: Session, command: Command | undefined, reply: string): void {
    const fromMaster = session.kind === 'master';
    const [from, to] = fromMaster ? ['replica', 'master'] : ['master', 'replica'];
    this.tellOfError(from, to, command, reply);
    if (!fromMaster) return;
    const { config, log, replication } = this.#parts;
    const latest = replication.service.latestBacklog();
    if (latest !== undefined) log('warning', `Latest backlog is: '${quote(latest)}'`);
    // A writable replica differs from its master by design.
    if (!config.flag('replica-read-only') || config.text('propagation-error-behavior') === 'ignore') return;
    this.#parts.fatal(
      `This ${from} panicked sending an error to its ${to} after processing the command '${command?.fullName ?? '<unknown>'}'`,
    );
  }

  /** Between a master and its replica, or from a file, there should be none: data may differ from now on. */
  tellOfError(from: string, to: string, command: Command | undefined, reply: string): void {
    this.#stats.unexpectedErrorReplies++;
    this.#parts.log(
      'warning',
      `== CRITICAL == This ${from} is sending an error to its ${to}: '${reply.slice(0, 4096).trimEnd()}' ` +
        `after processing the command '${command?.fullName ?? '<unknown>'}'`,
    );
  }
}
