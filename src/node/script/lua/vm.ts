/**
 * Owns one Lua state in an instance of its own: texts in and out (latin1, one character a byte), functions of JavaScript that Lua
 * calls, errors raised in Lua. Never knows what a script is, nor which functions there are.
 * Source: the Lua 5.1 reference manual, "The Application Program Interface" and "The Auxiliary Library".
 */
import {
  asWasmFunction,
  instantiateLua,
  type LuaApi,
  type LuaThread,
  luaStatus,
  luaType,
  REGISTRY,
} from './wasm.ts';

/** As C functions of Lua are: takes its arguments from the stack, leaves its results there, and returns how many. */
export type LuaFunction = (L: LuaThread) => number;

/** Shorter texts are copied by hand: a call out of JavaScript costs more. */
const SHORT = 48;
/** Where texts are put before Lua copies them; longer ones get a place of their own. */
const SCRATCH_BYTES = 16 * 1024;
/** Of struct lua_Debug, in bytes. */
const RECORD_BYTES = 100;
const RECORD_CURRENT_LINE = 20;
const RECORD_WHAT = 12;
const RECORD_SOURCE = 16;
/** In struct lua_State: how many C calls are under way, and how many were when the thread was resumed. */
const STATE_C_CALLS = 52;
const STATE_BASE_C_CALLS = 54;
/** lua_gc: stops and starts the collector, a full collection, memory in kilobytes, a step. */
export const gc = { stop: 0, restart: 1, collect: 2, count: 3, step: 5 } as const;

export class LuaVm {
  readonly api: LuaApi;
  readonly main: LuaThread;
  #view: Buffer;
  readonly #scratch: number;
  readonly #lengthAddress: number;
  readonly #record: number;
  readonly #constants = new Map<string, number>();
  readonly #functions = new Map<LuaFunction, number>();

  /** Throws when there is no memory for an instance. */
  constructor(module: WebAssembly.Module, maxBytes: number) {
    const api = instantiateLua(module, maxBytes);
    this.api = api;
    this.#view = Buffer.from(api.memory.buffer);
    this.#scratch = api.malloc(SCRATCH_BYTES);
    this.#lengthAddress = api.malloc(8);
    this.#record = api.malloc(RECORD_BYTES);
    this.main = api.luaL_newstate();
    if (this.main === 0) throw new RangeError('no memory for a Lua state');
  }

  /** The instance's memory; to be asked for anew after every call, for it moves when it grows. */
  get bytes(): Buffer {
    if (this.#view.length === 0) this.#view = Buffer.from(this.api.memory.buffer);
    return this.#view;
  }

  get memoryBytes(): number {
    return this.api.memory.buffer.byteLength;
  }

  /** What Lua's values take. */
  get usedBytes(): number {
    return this.api.lua_gc(this.main, gc.count, 0) * 1024;
  }

  /** A constant as C string; kept for as long as the state, so not for texts from outside. */
  constant(text: string): number {
    let address = this.#constants.get(text);
    if (address === undefined) {
      address = this.api.malloc(text.length + 1);
      this.bytes.latin1Write(`${text}\0`, address);
      this.#constants.set(text, address);
    }
    return address;
  }

  /** A function of JavaScript as Lua's C functions are addressed; the same one each time. */
  define(fn: LuaFunction): number {
    let address = this.#functions.get(fn);
    if (address === undefined) {
      address = this.#add(asWasmFunction(fn as (...args: number[]) => number, 1, true));
      this.#functions.set(fn, address);
    }
    return address;
  }

  /** A hook: gets the thread. */
  defineHook(fn: (L: LuaThread) => void): number {
    return this.#add(asWasmFunction(fn as (...args: number[]) => undefined, 2, false));
  }

  #add(fn: unknown): number {
    const table = this.api.__indirect_function_table;
    const index = table.grow(1);
    table.set(index, fn);
    return index;
  }

  /** The C function at `index` of the stack, to be called with a thread whose stack is prepared. */
  functionAt(L: LuaThread, index: number): LuaFunction {
    const table = this.api.__indirect_function_table;
    return table.get(this.api.lua_tocfunction(L, index)) as LuaFunction;
  }

  pushFunction(L: LuaThread, fn: LuaFunction): void {
    this.api.lua_pushcclosure(L, this.define(fn), 0);
  }

  /** The characters `start` to `end` of a latin1 text as a Lua string. Raises a Lua error without memory. */
  push(L: LuaThread, text: string, start = 0, end = text.length): void {
    const length = end - start;
    const { api } = this;
    if (length > SCRATCH_BYTES) {
      this.#pushLong(L, start === 0 && end === text.length ? text : text.slice(start, end));
      return;
    }
    const address = this.#scratch;
    const { bytes } = this;
    if (length > SHORT) bytes.latin1Write(text.slice(start, end), address);
    else for (let i = 0; i < length; i++) bytes[address + i] = text.charCodeAt(start + i);
    api.lua_pushlstring(L, address, length);
  }

  #pushLong(L: LuaThread, text: string): void {
    const { api } = this;
    const address = api.malloc(text.length);
    if (address === 0) this.raise(L, 'not enough memory');
    try {
      this.bytes.latin1Write(text, address);
      api.lua_pushlstring(L, address, text.length);
    } finally {
      api.free(address);
    }
  }

  /** A text so many times, made at once. */
  pushRepeated(L: LuaThread, text: string, times: number): void {
    const { api } = this;
    const total = text.length * times;
    if (total <= SCRATCH_BYTES) {
      this.push(L, text.repeat(times));
      return;
    }
    const address = api.malloc(total);
    if (address === 0) this.raise(L, 'not enough memory');
    try {
      this.bytes.fill(text, address, address + total, 'latin1');
      api.lua_pushlstring(L, address, total);
    } finally {
      api.free(address);
    }
  }

  /** The string or number at `index` as text (a number becomes a string there); undefined for anything else. */
  text(L: LuaThread, index: number): string | undefined {
    const address = this.api.lua_tolstring(L, index, this.#lengthAddress);
    if (address === 0) return undefined;
    return this.#slice(address);
  }

  #slice(address: number): string {
    const { bytes } = this;
    const length = bytes.readUInt32LE(this.#lengthAddress);
    return bytes.latin1Slice(address, address + length);
  }

  /** The text of an argument; raises Lua's own error when it is none. */
  checkText(L: LuaThread, argument: number): string {
    return this.#slice(this.api.luaL_checklstring(L, argument, this.#lengthAddress));
  }

  /** The C string at an address. */
  cString(address: number): string {
    const { bytes } = this;
    return bytes.latin1Slice(address, bytes.indexOf(0, address));
  }

  /** Raises what lies on top of the stack. */
  raiseTop(L: LuaThread): never {
    this.api.lua_error(L);
    throw new Error('lua_error returned');
  }

  /** Raises a text as it is. */
  raise(L: LuaThread, text: string): never {
    this.push(L, text);
    return this.raiseTop(L);
  }

  /** Raises a text behind the place in the script, as luaL_error does. */
  raiseAt(L: LuaThread, text: string): never {
    this.api.luaL_where(L, 1);
    this.push(L, text);
    this.api.lua_concat(L, 2);
    return this.raiseTop(L);
  }

  /** "bad argument #n to 'f' (text)". */
  argumentError(L: LuaThread, argument: number, text: string): never {
    const address = this.api.stackAlloc(text.length + 1);
    this.bytes.latin1Write(`${text}\0`, address);
    this.api.luaL_argerror(L, argument, address);
    throw new Error('luaL_argerror returned');
  }

  /** Makes room for `slots` more values, or raises an error. */
  reserve(L: LuaThread, slots: number, what: string): void {
    if (this.api.lua_checkstack(L, slots) === 0) this.raiseAt(L, `stack overflow (${what})`);
  }

  /**
   * Compiles a text, and leaves the function on the stack. Otherwise returns why not, and leaves nothing. Compiled chunks are
   * refused as text that they are not: they could do anything.
   */
  load(L: LuaThread, code: string, name: string): string | undefined {
    const { api } = this;
    // What stands at the beginning of a compiled chunk is no character of the language, a space before it changes no line.
    const text = code.startsWith('\x1b') ? ` ${code}` : code;
    const address = api.malloc(text.length + 1);
    if (address === 0) return 'not enough memory';
    this.bytes.latin1Write(text, address);
    const nameAddress = api.malloc(name.length + 1);
    this.bytes.latin1Write(`${name}\0`, nameAddress);
    const status = api.luaL_loadbuffer(L, address, text.length, nameAddress);
    api.free(address);
    api.free(nameAddress);
    if (status === luaStatus.ok) return undefined;
    const reason = this.text(L, -1) ?? 'the script cannot be compiled';
    api.lua_settop(L, -2);
    return reason;
  }

  /** Compiles and runs a text of this program itself; leaves `results` values on the stack. */
  run(L: LuaThread, code: string, name: string, args: number, results: number): void {
    const reason = this.load(L, code, name);
    if (reason !== undefined) throw new Error(reason);
    this.api.lua_insert(L, -1 - args);
    if (this.api.lua_pcall(L, args, results, 0) !== luaStatus.ok)
      throw new Error(this.text(L, -1) ?? 'an error that is no text');
  }

  /** The function that a thread runs at a level (0: the innermost); undefined beyond the last. */
  place(
    L: LuaThread,
    level: number,
  ): { readonly isNative: boolean; readonly source: string; readonly line: number } | undefined {
    const { api } = this;
    if (api.lua_getstack(L, level, this.#record) === 0) return undefined;
    api.lua_getinfo(L, this.constant('Sl'), this.#record);
    const { bytes } = this;
    return {
      isNative: this.cString(bytes.readUInt32LE(this.#record + RECORD_WHAT)) === 'C',
      source: this.cString(bytes.readUInt32LE(this.#record + RECORD_SOURCE)),
      line: this.bytes.readInt32LE(this.#record + RECORD_CURRENT_LINE),
    };
  }

  /** Whether a thread runs anything at all. */
  isActive(L: LuaThread): boolean {
    return this.api.lua_getstack(L, 0, this.#record) !== 0;
  }

  /** Whether the thread could yield now: nothing of C stands between it and its resume. */
  canYield(L: LuaThread): boolean {
    const { bytes } = this;
    return bytes.readUInt16LE(L + STATE_C_CALLS) === bytes.readUInt16LE(L + STATE_BASE_C_CALLS);
  }

  /** Whether a table at `index` has a string under this constant name, without metamethods; leaves nothing. */
  rawText(L: LuaThread, index: number, name: string): string | undefined {
    const { api } = this;
    this.rawField(L, index, name);
    const text = api.lua_type(L, -1) === luaType.string ? this.text(L, -1) : undefined;
    api.lua_settop(L, -2);
    return text;
  }

  /** Pushes a table's value under a constant name, without metamethods. */
  rawField(L: LuaThread, index: number, name: string): void {
    const { api } = this;
    const at = index < 0 && index > REGISTRY ? index - 1 : index;
    api.lua_pushlstring(L, this.constant(name), name.length);
    api.lua_rawget(L, at);
  }

  /** Sets a field of the table at `index` to what lies on top, without metamethods. */
  setRawField(L: LuaThread, index: number, name: string): void {
    const { api } = this;
    const at = index < 0 && index > REGISTRY ? index - 1 : index;
    api.lua_pushlstring(L, this.constant(name), name.length);
    api.lua_insert(L, -2);
    api.lua_rawset(L, at);
  }
}
