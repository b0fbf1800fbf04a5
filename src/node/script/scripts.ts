/**
 * Owns the scripts of a node: those it keeps, the one that runs, and the interruption of one that runs for long, so that others
 * are answered meanwhile. Lua is only loaded when the first script comes.
 * Source: Redis eval.c evalGenericCommand, luaCreateFunction; functions.c fcallCommandGeneric; script.c scriptInterrupt, scriptKill.
 */
import { error, OK } from '../../protocol/resp/encode.ts';
import { BLOCKED, type Reply } from '../command/row.ts';
import type { Context } from '../dispatch/context.ts';
import type { Session } from '../dispatch/session.ts';
import type { SuspendedCall } from '../parts/dispatch.ts';
import type { NodeParts } from '../parts/node.ts';
import type { BusyScript, ScriptKind, Scripts, ScriptUsage } from '../parts/scripts.ts';
import { commandBits, scriptFlags } from './flags.ts';
import { Interpreter, type Judge } from './interpreter.ts';
import { readFunctionKeyCount, readKeyCount } from './key-count.ts';
import { Libraries } from './libraries.ts';
import { ScriptRandom } from './lua/random.ts';
import { compileLua } from './lua/wasm.ts';
import type { ApiHost } from './redis-api.ts';
import { Run, type RunOptions, refusalToRun } from './run.ts';
import { type CachedScript, ScriptCache } from './script-cache.ts';

const NO_SCRIPT = error('NOSCRIPT No matching script. Please use EVAL.');
const NOT_BUSY = error('NOTBUSY No scripts in execution right now.');
const UNKILLABLE_MASTER = error(
  'UNKILLABLE The busy script was sent by a master instance in the context of replication and cannot be killed.',
);
const UNKILLABLE = error(
  'UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the ' +
    'script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.',
);
const busyRefusals: Readonly<Record<ScriptKind, string>> = {
  eval: 'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  function: 'BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.',
};
const KILLED = 'ERR Script killed by user with SCRIPT KILL...';

/** How long a script that others wait for runs on before they have a turn. */
const SLICE_MS = 5;
/** How long a script may run on where it cannot be interrupted, when it should be. */
const UNINTERRUPTED_MS = 5000;

/** What is under way. */
interface Active {
  readonly run: Run;
  readonly interpreter: Interpreter;
  /** Monotonic ms at which it must pause or be ended. */
  sliceEndMs: number;
  suspended: SuspendedCall | undefined;
  /** Whether it may be interrupted at all: not where nobody waits for an answer. */
  readonly canWait: boolean;
}

export interface ScriptsDeps {
  readonly parts: NodeParts;
  /** A session of its own: scripts of EVAL and functions run under it. */
  readonly session: Session;
}

export class NodeScripts implements Scripts {
  readonly libraries: Libraries;
  allowsAnyCommand = false;
  readonly #deps: ScriptsDeps;
  readonly #cache = new ScriptCache();
  readonly #host: ApiHost;
  #module: WebAssembly.Module | undefined;
  #interpreter: Interpreter | undefined;
  #active: Active | undefined;
  #turn: NodeJS.Immediate | undefined;
  #busyThresholdMs = 0;

  constructor(deps: ScriptsDeps) {
    this.#deps = deps;
    const { parts } = deps;
    const scripts = this;
    this.#host = {
      random: new ScriptRandom(),
      get run() {
        return scripts.#active?.run;
      },
      log: (level, text) => parts.log(level, text),
      logs: () => true,
    };
    this.libraries = new Libraries({
      makeInterpreter: () => new Interpreter(this.#compiled(), this.#host, false),
      monotonicMs: () => parts.clock.monotonicMs(),
    });
    const readThreshold = (): void => {
      this.#busyThresholdMs = parts.config.number('busy-reply-threshold');
    };
    readThreshold();
    parts.config.onChange('busy-reply-threshold', readThreshold);
  }

  #compiled(): WebAssembly.Module {
    this.#module ??= compileLua();
    return this.#module;
  }

  #evalInterpreter(): Interpreter {
    this.#interpreter ??= new Interpreter(this.#compiled(), this.#host, true);
    return this.#interpreter;
  }

  /** The state of EVAL is given up: scripts are compiled again when they are called. */
  #dropEvalInterpreter(): void {
    this.#interpreter = undefined;
    this.#cache.forgetCompiled();
  }

  evaluate(
    context: Context,
    argv: readonly string[],
    { bySha, readOnly }: { readonly bySha: boolean; readonly readOnly: boolean },
  ): Reply {
    this.#monitor(context, argv);
    const [, body = '', countText = ''] = argv;
    if (bySha && body.length !== 40) return NO_SCRIPT;
    const count = readKeyCount(countText, argv.length - 3);
    if (typeof count === 'string') return count;
    const script = bySha ? this.#cache.bySha(body) : this.#scriptOf(body);
    if (script === undefined) return NO_SCRIPT;
    if (typeof script === 'string') return error(script);
    const options = this.#options(context, argv, count, readOnly, script.sha, 'eval', script.flags);
    const refusal = refusalToRun(options);
    if (refusal !== undefined) return error(refusal);
    try {
      const interpreter = this.#evalInterpreter();
      return this.#start(context, options, interpreter, this.#compile(interpreter, script));
    } catch (thrown) {
      return this.#crashed(options, thrown);
    }
  }

  callFunction(context: Context, argv: readonly string[], readOnly: boolean): Reply {
    this.#monitor(context, argv);
    const [, name = '', countText = ''] = argv;
    const fn = this.libraries.find(name);
    if (fn === undefined) return error('ERR Function not found');
    const count = readFunctionKeyCount(countText, argv.length - 3);
    if (typeof count === 'string') return count;
    const options = this.#options(context, argv, count, readOnly, fn.name, 'function', fn.flags);
    const refusal = refusalToRun(options);
    if (refusal !== undefined) return error(refusal);
    try {
      return this.#start(context, options, this.libraries.interpreter, fn.ref);
    } catch (thrown) {
      return this.#crashed(options, thrown);
    }
  }

  /** Before the commands that the script calls. */
  #monitor(context: Context, argv: readonly string[]): void {
    const { monitors } = context.node.server;
    if (monitors.any) monitors.feed(context.client, argv, context.nowMs);
  }

  #options(
    context: Context,
    argv: readonly string[],
    keyCount: number,
    readOnly: boolean,
    name: string,
    kind: ScriptKind,
    flags: number,
  ): RunOptions {
    const { parts, session } = this.#deps;
    const keys = argv.slice(3, 3 + keyCount);
    return { parts, session, client: context.client, name, kind, flags, readOnly, argv, keys };
  }

  /** The script with this body, kept; or why it cannot be one. */
  #scriptOf(body: string): CachedScript | string {
    const known = this.#cache.byBody(body);
    if (known !== undefined) return known;
    const script = this.#cache.read(body);
    if (typeof script === 'string') return script;
    let reason: string | undefined;
    try {
      reason = this.#tryCompile(this.#evalInterpreter(), script);
    } catch (thrown) {
      this.#dropEvalInterpreter();
      reason = thrown instanceof Error ? thrown.message : String(thrown);
    }
    if (reason !== undefined) return `ERR Error compiling script (new function): ${reason}`;
    this.#cache.add(script);
    return script;
  }

  /** Undefined when it is compiled. */
  #tryCompile(interpreter: Interpreter, script: CachedScript): string | undefined {
    if (script.ref !== undefined) return undefined;
    const compiled = interpreter.compile(script.body.slice(script.shebangLength), '@user_script');
    if ('error' in compiled) return compiled.error;
    script.ref = compiled.ref;
    return undefined;
  }

  #compile(interpreter: Interpreter, script: CachedScript): number {
    const reason = this.#tryCompile(interpreter, script);
    if (reason !== undefined || script.ref === undefined) throw new Error(reason);
    return script.ref;
  }

  /** Whatever goes wrong within a state of Lua ends that state, and the script with an error. */
  #crashed({ name, kind }: RunOptions, thrown: unknown): string {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    this.#deps.parts.log(
      'warning',
      `The script ${name} broke its state of Lua, which is made anew: ${reason}`,
    );
    this.#active = undefined;
    if (kind === 'eval') this.#dropEvalInterpreter();
    else this.libraries.renew();
    return error(`ERR Error running script ${name}, ${reason}`);
  }

  #start(context: Context, options: RunOptions, interpreter: Interpreter, ref: number): Reply {
    const run = new Run(options);
    const canWait = options.client.takesLateReplies;
    const active: Active = { run, interpreter, sliceEndMs: 0, suspended: undefined, canWait };
    this.#active = active;
    context.preventPropagation();
    const { keys, argv, kind } = options;
    const given = { keys, args: argv.slice(3 + keys.length), asGlobals: kind === 'eval' };
    const outcome = interpreter.start(ref, given, this.#judge);
    if (outcome === 'paused') {
      this.#suspend(active);
      return BLOCKED;
    }
    const { reply, counted } = this.#finish(active, outcome);
    if (counted) context.errorCounted();
    return reply;
  }

  readonly #judge: Judge = (canPause) => {
    const active = this.#active;
    if (active === undefined || this.#busyThresholdMs === 0 || !active.canWait) return 'go on';
    const { clock, log } = this.#deps.parts;
    const { run } = active;
    const nowMs = clock.monotonicMs();
    if (active.sliceEndMs === 0) {
      const elapsedMs = nowMs - run.startedMs;
      if (elapsedMs < this.#busyThresholdMs) return 'go on';
      const { kind, name } = run.options;
      log(
        'warning',
        `Slow script detected: still in execution after ${Math.trunc(elapsedMs)} milliseconds. ` +
          `You can try killing the script using the ${kind === 'eval' ? 'SCRIPT KILL' : 'FUNCTION KILL'} command. ` +
          `Script name is: ${name}.`,
      );
      active.sliceEndMs = nowMs;
    }
    if (nowMs < active.sliceEndMs) return 'go on';
    if (!canPause && nowMs - active.sliceEndMs > UNINTERRUPTED_MS)
      return { error: 'ERR the script runs for too long where it cannot be interrupted' };
    return 'pause';
  };

  #suspend(active: Active): void {
    const { dispatch } = this.#deps.parts;
    const { run } = active;
    active.suspended = dispatch.suspendCall(run.options.client);
    this.#planTurn(active);
  }

  #planTurn(active: Active): void {
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      this.#goOn(active);
    });
  }

  #goOn(active: Active): void {
    const { run, interpreter, suspended } = active;
    if (suspended === undefined) return;
    if (run.killed) {
      this.#deps.parts.log('warning', 'Lua script killed by user with SCRIPT KILL.');
      interpreter.abandon();
      this.#active = undefined;
      suspended.end(error(KILLED), false);
      return;
    }
    active.sliceEndMs = this.#deps.parts.clock.monotonicMs() + SLICE_MS;
    let ended: { readonly reply: string; readonly counted: boolean } | undefined;
    suspended.run(() => {
      try {
        const outcome = interpreter.go();
        if (outcome !== 'paused') ended = this.#finish(active, outcome);
      } catch (thrown) {
        ended = { reply: this.#crashed(run.options, thrown), counted: false };
      }
    });
    if (ended === undefined) this.#planTurn(active);
    else suspended.end(ended.reply, ended.counted);
  }

  #finish(active: Active, outcome: 'done' | 'failed'): { readonly reply: string; readonly counted: boolean } {
    const { run, interpreter } = active;
    const { name, client } = run.options;
    const result = interpreter.finish(outcome, name, run.resp, client.resp);
    this.#active = undefined;
    if (interpreter.isLarge) this.#renew(run.options.kind);
    return result;
  }

  #renew(kind: ScriptKind): void {
    if (kind === 'eval') this.#dropEvalInterpreter();
    else this.libraries.renew();
  }

  load(body: string): { readonly sha: string } | { readonly error: string } {
    const script = this.#scriptOf(body);
    return typeof script === 'string' ? { error: script } : { sha: script.sha };
  }

  exists(sha: string): boolean {
    return this.#cache.bySha(sha) !== undefined;
  }

  flush(): void {
    this.#cache.clear();
    this.#dropEvalInterpreter();
  }

  get busy(): BusyScript | undefined {
    const active = this.#active;
    if (active?.suspended === undefined) return undefined;
    const { kind, name, argv } = active.run.options;
    return { kind, name, argv, elapsedMs: active.run.elapsedMs, refusal: busyRefusals[kind] };
  }

  kill(kind: ScriptKind): string {
    const run = this.#active?.run;
    if (run === undefined) return NOT_BUSY;
    if (run.options.client.kind === 'master') return UNKILLABLE_MASTER;
    if (run.wrote) return UNKILLABLE;
    if (run.options.kind !== kind) return error(busyRefusals[run.options.kind]);
    run.killed = true;
    return OK;
  }

  evalBits(argv: readonly string[], bits: number, bySha: boolean): number {
    const body = argv[1] ?? '';
    const known = bySha ? this.#cache.bySha(body) : this.#cache.byBody(body);
    const flags = known?.flags ?? (bySha || !body.startsWith('#!') ? undefined : this.#cache.flagsOf(body));
    return flags === undefined ? bits : commandBits(bits, flags);
  }

  functionBits(argv: readonly string[], bits: number): number {
    const flags = this.libraries.find(argv[1] ?? '')?.flags;
    return flags === undefined ? bits : commandBits(bits, flags & ~scriptFlags.compatible);
  }

  get keptBytes(): number {
    return this.#cache.bytes + this.libraries.codeBytes;
  }

  get usage(): ScriptUsage {
    const { libraries } = this;
    return {
      scripts: this.#cache.size,
      evalStateBytes: this.#interpreter?.usedBytes ?? 0,
      functionStateBytes: libraries.stateBytes,
      scriptBytes: this.#cache.bytes,
      functionBytes: libraries.codeBytes,
      functions: libraries.functionCount,
      libraries: libraries.libraryCount,
    };
  }

  close(): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#active = undefined;
  }
}
