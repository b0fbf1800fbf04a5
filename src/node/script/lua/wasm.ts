/**
 * Owns Lua 5.1 as WebAssembly: its C API with types, what the module asks of its host, and the limit of its memory. It has no
 * files, no clock and no process: whoever would reach out is refused. Never knows what a script is.
 * Source: the Lua 5.1 reference manual, "The Application Program Interface"; Emscripten's ABI for setjmp and longjmp.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** Address of a lua_State: a thread of Lua. */
export type LuaThread = number;

/** Status of a resume or a protected call. */
export const luaStatus = { ok: 0, yield: 1, runtimeError: 2, syntaxError: 3, memoryError: 4 } as const;

/** As lua_type gives it. */
export const luaType = {
  none: -1,
  nil: 0,
  boolean: 1,
  lightUserdata: 2,
  number: 3,
  string: 4,
  table: 5,
  function: 6,
  userdata: 7,
  thread: 8,
} as const;

export const REGISTRY = -10000;
export const GLOBALS = -10002;

/** The C API as the module exports it; addresses are offsets in its memory, C strings end with a zero byte. */
export interface LuaApi {
  readonly memory: WebAssembly.Memory;
  readonly __indirect_function_table: WebAssembly.Table;
  __wasm_call_ctors(): void;
  emscripten_stack_init(): void;
  stackSave(): number;
  stackRestore(at: number): void;
  stackAlloc(bytes: number): number;
  setThrew(threw: number, value: number): void;
  malloc(bytes: number): number;
  free(address: number): void;
  luaL_newstate(): LuaThread;
  luaopen_base(L: LuaThread): number;
  luaopen_table(L: LuaThread): number;
  luaopen_string(L: LuaThread): number;
  luaopen_math(L: LuaThread): number;
  lua_gettop(L: LuaThread): number;
  lua_settop(L: LuaThread, index: number): void;
  lua_pushvalue(L: LuaThread, index: number): void;
  lua_remove(L: LuaThread, index: number): void;
  lua_insert(L: LuaThread, index: number): void;
  lua_replace(L: LuaThread, index: number): void;
  lua_checkstack(L: LuaThread, slots: number): number;
  lua_xmove(from: LuaThread, to: LuaThread, count: number): void;
  lua_type(L: LuaThread, index: number): number;
  lua_isnumber(L: LuaThread, index: number): number;
  lua_isstring(L: LuaThread, index: number): number;
  lua_iscfunction(L: LuaThread, index: number): number;
  lua_tonumber(L: LuaThread, index: number): number;
  lua_toboolean(L: LuaThread, index: number): number;
  lua_tolstring(L: LuaThread, index: number, lengthAddress: number): number;
  lua_tothread(L: LuaThread, index: number): LuaThread;
  lua_tocfunction(L: LuaThread, index: number): number;
  lua_topointer(L: LuaThread, index: number): number;
  lua_objlen(L: LuaThread, index: number): number;
  lua_pushnil(L: LuaThread): void;
  lua_pushnumber(L: LuaThread, value: number): void;
  lua_pushboolean(L: LuaThread, value: number): void;
  lua_pushlstring(L: LuaThread, address: number, length: number): void;
  lua_pushcclosure(L: LuaThread, fn: number, upvalues: number): void;
  lua_pushlightuserdata(L: LuaThread, address: number): void;
  lua_pushthread(L: LuaThread): number;
  lua_gettable(L: LuaThread, index: number): void;
  lua_settable(L: LuaThread, index: number): void;
  lua_setfield(L: LuaThread, index: number, name: number): void;
  lua_rawget(L: LuaThread, index: number): void;
  lua_rawset(L: LuaThread, index: number): void;
  lua_rawgeti(L: LuaThread, index: number, n: number): void;
  lua_rawseti(L: LuaThread, index: number, n: number): void;
  lua_createtable(L: LuaThread, arraySlots: number, hashSlots: number): void;
  lua_getmetatable(L: LuaThread, index: number): number;
  lua_setmetatable(L: LuaThread, index: number): number;
  lua_next(L: LuaThread, index: number): number;
  lua_concat(L: LuaThread, count: number): void;
  lua_error(L: LuaThread): number;
  lua_pcall(L: LuaThread, args: number, results: number, handler: number): number;
  lua_newthread(L: LuaThread): LuaThread;
  lua_resume(L: LuaThread, args: number): number;
  lua_yield(L: LuaThread, results: number): number;
  lua_status(L: LuaThread): number;
  lua_gc(L: LuaThread, what: number, data: number): number;
  lua_getstack(L: LuaThread, level: number, record: number): number;
  lua_getinfo(L: LuaThread, what: number, record: number): number;
  lua_sethook(L: LuaThread, fn: number, mask: number, count: number): number;
  luaL_loadbuffer(L: LuaThread, code: number, length: number, name: number): number;
  luaL_ref(L: LuaThread, table: number): number;
  luaL_unref(L: LuaThread, table: number, ref: number): void;
  luaL_where(L: LuaThread, level: number): void;
  luaL_argerror(L: LuaThread, argument: number, message: number): number;
  luaL_typerror(L: LuaThread, argument: number, type: number): number;
  luaL_checkany(L: LuaThread, argument: number): void;
  luaL_checktype(L: LuaThread, argument: number, type: number): void;
  luaL_checknumber(L: LuaThread, argument: number): number;
  luaL_checkinteger(L: LuaThread, argument: number): number;
  luaL_optinteger(L: LuaThread, argument: number, otherwise: number): number;
  luaL_checklstring(L: LuaThread, argument: number, lengthAddress: number): number;
}

const PAGE_BYTES = 65536;
/** "Not implemented", as the system calls of the module say it. */
const ENOSYS = 52;

/** Compiles the module; a few milliseconds. */
export function compileLua(): WebAssembly.Module {
  const path = createRequire(import.meta.url).resolve('wasmoon-lua5.1/dist/liblua5.1.wasm');
  return new WebAssembly.Module(readFileSync(path));
}

/**
 * What longjmp throws: a number tells it from every other exception. Those pass through the frames of the module, whose state is
 * of no use afterwards.
 */
const LONGJMP = Number.POSITIVE_INFINITY;

/** An instance of its own memory, which never grows beyond `maxBytes`; Lua then says "not enough memory". */
export function instantiateLua(module: WebAssembly.Module, maxBytes: number): LuaApi {
  const api = (): LuaApi => instance.exports as unknown as LuaApi;
  const env: Record<string, WebAssembly.ImportValue> = {
    _emscripten_throw_longjmp() {
      throw LONGJMP;
    },
    invoke_vii(fn: number, a: number, b: number) {
      const lua = api();
      const stack = lua.stackSave();
      try {
        lua.__indirect_function_table.get(fn)(a, b);
      } catch (thrown) {
        lua.stackRestore(stack);
        if (thrown !== LONGJMP) throw thrown;
        lua.setThrew(1, 0);
      }
    },
    emscripten_memcpy_js(target: number, source: number, bytes: number) {
      new Uint8Array(api().memory.buffer).copyWithin(target, source, source + bytes);
    },
    emscripten_resize_heap(wantedBytes: number) {
      const { memory } = api();
      const wanted = wantedBytes >>> 0;
      const hasBytes = memory.buffer.byteLength;
      if (wanted > maxBytes) return 0;
      // A little more than is asked for: each growth moves the whole.
      const bytes = Math.min(maxBytes, Math.max(wanted, hasBytes * 1.25));
      try {
        memory.grow(Math.ceil((bytes - hasBytes) / PAGE_BYTES));
        return 1;
      } catch {
        return 0;
      }
    },
  };
  const imports: WebAssembly.Imports = { env, wasi_snapshot_preview1: {} };
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const given = imports[from] as Record<string, WebAssembly.ImportValue>;
    given[name] ??= () => ENOSYS;
  }
  const instance = new WebAssembly.Instance(module, imports);
  api().emscripten_stack_init();
  api().__wasm_call_ctors();
  return api();
}

const I32 = 0x7f;

/** A JavaScript function as WebAssembly sees it: of `parameters` numbers of 32 bits, with such a result or without. */
export function asWasmFunction(
  fn: (...args: number[]) => number | undefined,
  parameters: number,
  hasResult: boolean,
): unknown {
  const results = hasResult ? [I32] : [];
  const signature = [0x60, parameters, ...Array<number>(parameters).fill(I32), results.length, ...results];
  const bytes = [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    // One type, the import "e" "f" of that type, and its export as "f".
    ...[1, signature.length + 1, 1, ...signature],
    ...[2, 7, 1, 1, 0x65, 1, 0x66, 0, 0],
    ...[7, 5, 1, 1, 0x66, 0, 0],
  ];
  const module = new WebAssembly.Module(new Uint8Array(bytes));
  return new WebAssembly.Instance(module, { e: { f: fn } }).exports['f'];
}
