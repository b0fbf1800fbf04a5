/**
 * Owns a state of Lua with everything that scripts find in it, and the runs in it, one at a time. EVAL has one, the libraries of
 * functions have another. Whatever its methods throw, the state is of no use afterwards.
 * Source: Redis eval.c scriptingInit; function_lua.c luaEngineInitEngine; script_lua.c luaCallFunction.
 */
import type { RespVersion } from '../../protocol/resp/encode.ts';
import { bitFunctions } from './libraries/bit.ts';
import { Cjson } from './libraries/cjson.ts';
import { cmsgpackFunctions, cmsgpackTexts } from './libraries/cmsgpack.ts';
import { structFunctions } from './libraries/struct.ts';
import { Fibers, type Outcome, type Verdict } from './lua/fibers.ts';
import { Sandbox } from './lua/sandbox.ts';
import { LuaVm } from './lua/vm.ts';
import { GLOBALS, type LuaThread, luaType, REGISTRY } from './lua/wasm.ts';
import { failureOf, type Result, ResultReader } from './lua-to-reply.ts';
import { type ApiHost, RedisApi } from './redis-api.ts';

/** A state takes no more memory than this: Lua then says "not enough memory". */
const MAX_MEMORY_BYTES = 512 * 1024 * 1024;
/** Memory is never given back by a state: one that has taken so much is better made anew. */
const LARGE_BYTES = 64 * 1024 * 1024;

export interface ScriptArguments {
  readonly keys: readonly string[];
  readonly args: readonly string[];
  /** KEYS and ARGV are globals, as for EVAL; otherwise the two arguments of the function. */
  readonly asGlobals: boolean;
}

/** Asked every now and then while a script runs. */
export type Judge = (canPause: boolean) => Verdict;

export class Interpreter {
  readonly vm: LuaVm;
  readonly api: RedisApi;
  readonly #fibers: Fibers;
  readonly #sandbox: Sandbox;

  /** Throws when there is no memory for it. */
  constructor(module: WebAssembly.Module, host: ApiHost, forEval: boolean) {
    const vm = new LuaVm(module, MAX_MEMORY_BYTES);
    this.vm = vm;
    this.api = new RedisApi(vm, host);
    this.#fibers = new Fibers(vm);
    const cjson = new Cjson(vm);
    this.#sandbox = new Sandbox(vm, this.#fibers, {
      math: (L) => {
        vm.rawField(L, GLOBALS, 'math');
        this.api.setRandom(L);
      },
      redis: (L) => this.api.push(L, forEval),
      cjson: (L) => cjson.push(L),
      cmsgpack: (L) => {
        vm.api.lua_createtable(L, 0, 8);
        this.api.setFunctions(L, cmsgpackFunctions(vm));
        for (const [name, text] of Object.entries(cmsgpackTexts)) {
          vm.push(L, text);
          vm.setRawField(L, -2, name);
        }
      },
      struct: (L) => this.#pushLibrary(L, structFunctions(vm)),
      bit: (L) => this.#pushLibrary(L, bitFunctions(vm)),
    });
  }

  #pushLibrary(L: LuaThread, functions: Parameters<RedisApi['setFunctions']>[1]): void {
    this.vm.api.lua_createtable(L, 0, 16);
    this.api.setFunctions(L, functions);
  }

  get usedBytes(): number {
    return this.vm.usedBytes;
  }

  /** It has grown so much that it should be made anew when nothing runs. */
  get isLarge(): boolean {
    return this.vm.memoryBytes > LARGE_BYTES;
  }

  /** A reference to the compiled text, or why it cannot be compiled. */
  compile(code: string, name: string): { readonly ref: number } | { readonly error: string } {
    const { api, main } = this.vm;
    const reason = this.vm.load(main, code, name);
    return reason === undefined ? { ref: api.luaL_ref(main, REGISTRY) } : { error: reason };
  }

  /** Lets go of what `compile` or a library's function was referred to by. */
  release(ref: number): void {
    this.vm.api.luaL_unref(this.vm.main, REGISTRY, ref);
  }

  /** A reference to the value on top of a stack, which is taken away. */
  refer(L: LuaThread): number {
    return this.vm.api.luaL_ref(L, REGISTRY);
  }

  /** Puts a table in place of the globals while libraries load; it lies on top of the state's own stack. */
  keepLibraryApi(): number {
    const { main } = this.vm;
    this.#sandbox.protectLookups(main);
    this.#sandbox.pushFront(main);
    return this.refer(main);
  }

  /** Scripts find that table, or without one their globals again. */
  useGlobals(libraryApi: number | undefined): void {
    const { api, main } = this.vm;
    if (libraryApi !== undefined) api.lua_rawgeti(main, REGISTRY, libraryApi);
    this.#sandbox.lookInto(main, libraryApi !== undefined);
  }

  /** A table of the library API whose missing fields are errors, as globals are; lies on top of a stack. */
  protectTable(L: LuaThread): void {
    this.#sandbox.protectLookups(L);
    this.#sandbox.pushFront(L);
  }

  /** Runs what `ref` refers to. */
  start(ref: number, given: ScriptArguments | undefined, judge: Judge): Outcome {
    const { api } = this.vm;
    const L = this.#fibers.main;
    api.lua_settop(L, 0);
    // A function that is not written in Lua cannot begin a thread.
    api.lua_rawgeti(L, REGISTRY, ref);
    if (api.lua_iscfunction(L, -1) !== 0) {
      this.#fibers.pushCaller(L);
      api.lua_insert(L, -2);
    }
    if (given !== undefined) this.#pushArguments(L, given);
    return this.#fibers.start(api.lua_gettop(L) - 1, judge);
  }

  #pushArguments(L: LuaThread, { keys, args, asGlobals }: ScriptArguments): void {
    this.#pushTexts(L, keys);
    if (asGlobals) this.#sandbox.setGlobal(L, 'KEYS');
    this.#pushTexts(L, args);
    if (asGlobals) this.#sandbox.setGlobal(L, 'ARGV');
  }

  #pushTexts(L: LuaThread, texts: readonly string[]): void {
    const { api } = this.vm;
    api.lua_createtable(L, texts.length, 0);
    for (let i = 0; i < texts.length; i++) {
      this.vm.push(L, texts[i] as string);
      api.lua_rawseti(L, -2, i + 1);
    }
  }

  /** Goes on after a pause. */
  go(): Outcome {
    return this.#fibers.go();
  }

  /** The reply that a run ended with, and its end. `scriptResp`: what redis.setresp was told. */
  finish(outcome: 'done' | 'failed', name: string, scriptResp: RespVersion, resp: RespVersion): Result {
    const { api } = this.vm;
    const L = this.#fibers.main;
    let result: Result;
    if (outcome === 'failed') {
      result = failureOf(this.vm, L, name);
      this.#fibers.abandon();
    } else {
      // Only the first value is the result. Redis has its error handler below it, which counts where a stack ends.
      api.lua_settop(L, 1);
      api.lua_pushnil(L);
      api.lua_insert(L, 1);
      result = new ResultReader(this.vm, scriptResp, resp).take(L);
      api.lua_settop(L, 0);
    }
    this.#sandbox.afterRun();
    return result;
  }

  /** The text of the error that a run ended with. */
  failureText(read: (vm: LuaVm, L: LuaThread) => string): string {
    const text = read(this.vm, this.#fibers.main);
    this.#fibers.abandon();
    return text;
  }

  /** Ends a run that does not go on. */
  abandon(): void {
    this.#fibers.abandon();
    this.#sandbox.afterRun();
  }

  /** Whether the value at `index` is a function. */
  isFunction(L: LuaThread, index: number): boolean {
    return this.vm.api.lua_type(L, index) === luaType.function;
  }
}
