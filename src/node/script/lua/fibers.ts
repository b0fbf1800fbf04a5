/**
 * Owns the threads of a Lua state: pcall, xpcall and the coroutine library, made so that a script can be interrupted anywhere
 * and go on later. A protected call runs in a thread of its own; when the hook interrupts, every thread of the chain yields, and
 * `go` resumes them from the innermost outwards, each with the results of the one inside it.
 * Within C functions that call back (table.sort, string.gsub, metamethods, iterators) Lua cannot be interrupted: there the hook
 * tries again soon, and after a while ends the script.
 * Source: Lua 5.1 lbaselib.c auxresume, luaB_pcall, costatus; ldo.c lua_resume, lua_yield; Redis script_lua.c luaRedisPcall.
 */
import type { LuaVm } from './vm.ts';
import { type LuaThread, luaStatus, luaType, REGISTRY } from './wasm.ts';

/** What the hook is told: run on, pause as soon as possible, or end with this error text. */
export type Verdict = 'go on' | 'pause' | { readonly error: string };

/** How a run stands. */
export type Outcome = 'done' | 'failed' | 'paused';

interface Frame {
  /** `pcall` gives the text of an error that Redis made; `protect` gives it as it is. */
  readonly kind: 'pcall' | 'protect' | 'resume';
  readonly parent: LuaThread;
  readonly child: LuaThread;
}

interface Thread {
  readonly L: LuaThread;
  /** What keeps it from being collected. */
  readonly ref: number;
}

const HOOK_ON_COUNT = 8;
const HOOK_ON_LINE = 4;
/** Instructions between two looks at the time. Source: script_lua.c luaCallFunction. */
const COUNT = 100000;
/** Where a pause is wanted but impossible: odd, so that a loop is met at every place of it. */
const IMPATIENT_COUNT = 997;
/** Protected calls and coroutines within each other; Lua itself allows about as many calls of C. */
const MAX_DEPTH = 180;
const POOL_SIZE = 16;

const NO_YIELD = 'attempt to yield across metamethod/C-call boundary';

export class Fibers {
  readonly #vm: LuaVm;
  readonly #hook: number;
  readonly #frames: Frame[] = [];
  readonly #pool: Thread[] = [];
  /** Threads of protected calls, by address. */
  readonly #own = new Map<LuaThread, Thread>();
  readonly #callerRef: number;
  #main: Thread;
  #paused = false;
  /** A pause is wanted, but was not possible yet. */
  #impatient = false;
  #ending: string | undefined;
  /** Whether every thread from the innermost frame outwards could yield when it called. */
  #chainYields: boolean[] = [];
  /** Asked by the hook; set while something runs. */
  #judge: ((canPause: boolean) => Verdict) | undefined;

  constructor(vm: LuaVm) {
    this.#vm = vm;
    this.#hook = vm.defineHook((L) => this.#onHook(L));
    this.#main = this.#newThread();
    vm.run(vm.main, 'return function(f, ...) return f(...) end', '=caller', 0, 1);
    this.#callerRef = vm.api.luaL_ref(vm.main, REGISTRY);
  }

  /** The thread for the next run: its function and arguments are to be pushed onto it. */
  get main(): LuaThread {
    return this.#main.L;
  }

  /** Runs the function below `args` arguments on `main`. `judge` is asked every now and then how to go on. */
  start(args: number, judge: (canPause: boolean) => Verdict): Outcome {
    this.#judge = judge;
    this.#ending = undefined;
    this.#impatient = false;
    return this.#settle(this.#vm.api.lua_resume(this.#main.L, args));
  }

  /** Goes on after a pause. */
  go(): Outcome {
    this.#paused = false;
    const { api } = this.#vm;
    let args = 0;
    for (;;) {
      const frame = this.#frames.at(-1);
      const status = api.lua_resume(frame?.child ?? this.#main.L, args);
      if (status === luaStatus.yield && this.#paused) return 'paused';
      if (frame === undefined) return this.#settle(status);
      if (this.#ending !== undefined) {
        // Who called is paused: no error can be raised in it. The whole is given up instead.
        const text = this.#ending;
        this.abandon();
        this.#vm.push(this.#main.L, text);
        return 'failed';
      }
      args = this.#deliver(frame, status);
    }
  }

  /** Ends a paused or failed run: `main` is another thread afterwards. */
  abandon(): void {
    for (const { child } of this.#frames) this.#forget(child);
    this.#frames.length = 0;
    this.#chainYields.length = 0;
    this.#paused = false;
    this.#judge = undefined;
    this.#vm.api.luaL_unref(this.#vm.main, REGISTRY, this.#main.ref);
    this.#main = this.#newThread();
  }

  #settle(status: number): Outcome {
    if (status === luaStatus.yield && this.#paused) return 'paused';
    this.#judge = undefined;
    // A coroutine.yield of the script itself never gets here: `yield` refuses it.
    return status === luaStatus.ok ? 'done' : 'failed';
  }

  #newThread(): Thread {
    const { api, main } = this.#vm;
    const L = api.lua_newthread(main);
    const ref = api.luaL_ref(main, REGISTRY);
    api.lua_sethook(L, this.#hook, HOOK_ON_COUNT, COUNT);
    return { L, ref };
  }

  #take(): LuaThread {
    const thread = this.#pool.pop() ?? this.#newThread();
    this.#own.set(thread.L, thread);
    return thread.L;
  }

  /** A thread that has ended well can be used again. */
  #giveBack(L: LuaThread): void {
    const thread = this.#own.get(L);
    if (thread === undefined) return;
    if (this.#pool.length >= POOL_SIZE) {
      this.#forget(L);
      return;
    }
    this.#own.delete(L);
    this.#vm.api.lua_settop(L, 0);
    this.#pool.push(thread);
  }

  #forget(L: LuaThread): void {
    const thread = this.#own.get(L);
    if (thread === undefined) return;
    this.#own.delete(L);
    this.#vm.api.luaL_unref(this.#vm.main, REGISTRY, thread.ref);
  }

  #onHook(L: LuaThread): void {
    const { api } = this.#vm;
    if (this.#judge === undefined) return;
    const canPause = this.#vm.canYield(L) && !this.#chainYields.includes(false);
    const verdict = this.#judge(canPause);
    if (verdict === 'go on') return;
    if (verdict === 'pause') {
      if (canPause) {
        if (this.#impatient) api.lua_sethook(L, this.#hook, HOOK_ON_COUNT, COUNT);
        this.#impatient = false;
        this.#paused = true;
        api.lua_yield(L, 0);
      } else {
        this.#impatient = true;
        api.lua_sethook(L, this.#hook, HOOK_ON_COUNT, IMPATIENT_COUNT);
      }
      return;
    }
    // On every line from now on: the script must not catch the error and go on.
    this.#ending = verdict.error;
    api.lua_sethook(L, this.#hook, HOOK_ON_LINE, 0);
    this.#vm.raise(L, verdict.error);
  }

  /** Runs `child`, which has `args` arguments on it, inside a function that `parent` called. */
  #enter(frame: Frame, args: number): number {
    const { api } = this.#vm;
    const { parent } = frame;
    this.#frames.push(frame);
    this.#chainYields.push(this.#vm.canYield(parent));
    const status = api.lua_resume(frame.child, args);
    if (status === luaStatus.yield && this.#paused) return api.lua_yield(parent, 0);
    if (this.#ending !== undefined) {
      this.#leave();
      this.#forget(frame.child);
      this.#vm.raise(parent, this.#ending);
    }
    return this.#deliver(frame, status);
  }

  #leave(): void {
    this.#frames.pop();
    this.#chainYields.pop();
  }

  /** The innermost frame is over: puts its results onto its caller, and returns how many. */
  #deliver(frame: Frame, status: number): number {
    const { api } = this.#vm;
    const { parent, child, kind } = frame;
    this.#leave();
    if (status === luaStatus.ok || (kind === 'resume' && status === luaStatus.yield)) {
      const count = api.lua_gettop(child);
      if (api.lua_checkstack(parent, count + 1) === 0) {
        api.lua_settop(child, 0);
        return this.#failure(parent, 'too many results to resume');
      }
      api.lua_pushboolean(parent, 1);
      api.lua_xmove(child, parent, count);
      this.#giveBack(child);
      return count + 1;
    }
    api.lua_pushboolean(parent, 0);
    api.lua_xmove(child, parent, 1);
    this.#forget(child);
    if (kind === 'pcall' && api.lua_type(parent, -1) === luaType.table) {
      this.#vm.rawField(parent, -1, 'err');
      if (api.lua_isstring(parent, -1) !== 0) api.lua_remove(parent, -2);
      else api.lua_settop(parent, -2);
    }
    return 2;
  }

  #failure(L: LuaThread, text: string): number {
    this.#vm.api.lua_pushboolean(L, 0);
    this.#vm.push(L, text);
    return 2;
  }

  /** pcall(f, ...): of an error that Redis made only the text. */
  readonly pcall = (L: LuaThread): number => this.#protected(L, 'pcall');

  /** The same with errors as they are. */
  readonly protect = (L: LuaThread): number => this.#protected(L, 'protect');

  #protected(L: LuaThread, kind: 'pcall' | 'protect'): number {
    const { api } = this.#vm;
    api.luaL_checkany(L, 1);
    const count = api.lua_gettop(L);
    if (this.#frames.length >= MAX_DEPTH) return this.#failure(L, 'stack overflow');
    const child = this.#take();
    if (api.lua_checkstack(child, count + 1) === 0) return this.#failure(L, 'stack overflow');
    if (this.#mustBeCalled(L, 1)) this.pushCaller(child);
    api.lua_xmove(L, child, count);
    const extra = api.lua_gettop(child) - count;
    return this.#enter({ kind, parent: L, child }, count - 1 + extra);
  }

  /** Whether what is at `index` cannot begin a thread: one that yields must have begun with a function of Lua. */
  #mustBeCalled(L: LuaThread, index: number): boolean {
    const { api } = this.#vm;
    if (api.lua_iscfunction(L, index) !== 0) {
      const address = api.lua_tocfunction(L, index);
      return [this.pcall, this.protect, this.resume].some((fn) => this.#vm.define(fn) === address);
    }
    if (api.lua_type(L, index) === luaType.function || api.lua_getmetatable(L, index) === 0) return false;
    api.lua_settop(L, -2);
    return true;
  }

  /** Pushes the function (f, ...) that returns f(...). */
  pushCaller(L: LuaThread): void {
    this.#vm.api.lua_rawgeti(L, REGISTRY, this.#callerRef);
  }

  /** coroutine.resume. */
  readonly resume = (L: LuaThread): number => {
    const { api } = this.#vm;
    const child = this.#coroutine(L);
    const args = api.lua_gettop(L) - 1;
    if (api.lua_checkstack(child, args) === 0) this.#vm.raiseAt(L, 'too many arguments to resume');
    const status = this.#statusOf(child);
    if (status !== 'suspended') {
      api.lua_settop(L, 0);
      return this.#failure(L, `cannot resume ${status} coroutine`);
    }
    if (this.#frames.length >= MAX_DEPTH) return this.#failure(L, 'C stack overflow');
    api.lua_xmove(L, child, args);
    return this.#enter({ kind: 'resume', parent: L, child }, args);
  };

  /** coroutine.yield. */
  readonly yield = (L: LuaThread): number => {
    const { api } = this.#vm;
    const isCoroutine = this.#frames.at(-1)?.kind === 'resume' && this.#frames.at(-1)?.child === L;
    if (!isCoroutine || !this.#vm.canYield(L)) this.#vm.raise(L, NO_YIELD);
    return api.lua_yield(L, api.lua_gettop(L));
  };

  /** coroutine.status. */
  readonly status = (L: LuaThread): number => {
    this.#vm.push(L, this.#statusOf(this.#coroutine(L)));
    return 1;
  };

  /** coroutine.running: the script itself is none. */
  readonly running = (L: LuaThread): number => {
    const { api } = this.#vm;
    const current = this.#current();
    if (current === undefined) {
      api.lua_pushnil(L);
    } else {
      api.lua_pushthread(current);
      if (current !== L) api.lua_xmove(current, L, 1);
    }
    return 1;
  };

  /** The innermost coroutine of the script's own. */
  #current(): LuaThread | undefined {
    return this.#frames.findLast(({ kind }) => kind === 'resume')?.child;
  }

  #coroutine(L: LuaThread): LuaThread {
    const thread = this.#vm.api.lua_tothread(L, 1);
    if (thread === 0) this.#vm.argumentError(L, 1, 'coroutine expected');
    return thread;
  }

  #statusOf(thread: LuaThread): 'running' | 'normal' | 'suspended' | 'dead' {
    const { api } = this.#vm;
    if (thread === this.#current()) return 'running';
    if (this.#frames.some(({ child }) => child === thread)) return 'normal';
    switch (api.lua_status(thread)) {
      case luaStatus.yield:
        return 'suspended';
      case luaStatus.ok:
        if (this.#vm.isActive(thread)) return 'normal';
        return api.lua_gettop(thread) === 0 ? 'dead' : 'suspended';
      default:
        return 'dead';
    }
  }
}
