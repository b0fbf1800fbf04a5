/**
 * Owns the library `cjson` and its settings. Source: Redis deps/lua/src/lua_cjson.c (2.1.0).
 */
import type { LuaFunction, LuaVm } from '../lua/vm.ts';
import { GLOBALS, type LuaThread, luaType } from '../lua/wasm.ts';
import { JsonDecoder } from './cjson-decode.ts';
import { JsonEncoder } from './cjson-encode.ts';

/** Where the settings are in the table that all functions of a module share as their upvalue. */
export const setting = {
  sparseConvert: 1,
  sparseRatio: 2,
  sparseSafe: 3,
  encodeMaxDepth: 4,
  /** 0: an error; 1: as they are; 2: null. */
  encodeInvalidNumbers: 5,
  encodePrecision: 6,
  encodeKeepBuffer: 7,
  decodeInvalidNumbers: 8,
  decodeMaxDepth: 9,
} as const;

const defaults = [0, 2, 10, 1000, 0, 14, 1, 1, 1000];

const SETTINGS = GLOBALS - 1;
const INT_MAX = 2147483647;

export function settingOf(vm: LuaVm, L: LuaThread, index: number): number {
  vm.api.lua_rawgeti(L, SETTINGS, index);
  const value = vm.api.lua_tonumber(L, -1);
  vm.api.lua_settop(L, -2);
  return value;
}

export class Cjson {
  readonly #vm: LuaVm;
  /** Addresses of the functions, by name. */
  readonly #functions: readonly (readonly [name: string, fn: number])[];

  constructor(vm: LuaVm) {
    this.#vm = vm;
    const functions: Record<string, LuaFunction> = {
      encode: (L) => this.#encode(L),
      decode: (L) => this.#decode(L),
      encode_sparse_array: (L) => this.#sparseArray(L),
      encode_max_depth: (L) => this.#one(L, () => this.#integer(L, 1, setting.encodeMaxDepth, 1, INT_MAX)),
      decode_max_depth: (L) => this.#one(L, () => this.#integer(L, 1, setting.decodeMaxDepth, 1, INT_MAX)),
      encode_number_precision: (L) => this.#one(L, () => this.#integer(L, 1, setting.encodePrecision, 1, 14)),
      encode_keep_buffer: (L) => this.#one(L, () => this.#choice(L, 1, setting.encodeKeepBuffer)),
      encode_invalid_numbers: (L) =>
        this.#one(L, () => this.#choice(L, 1, setting.encodeInvalidNumbers, ['off', 'on', 'null'])),
      decode_invalid_numbers: (L) => this.#one(L, () => this.#choice(L, 1, setting.decodeInvalidNumbers)),
      new: (L) => {
        this.push(L);
        return 1;
      },
    };
    this.#functions = Object.entries(functions).map(([name, fn]) => [name, vm.define(fn)]);
  }

  /** Pushes a module with settings of its own. */
  push(L: LuaThread): void {
    const vm = this.#vm;
    const { api } = vm;
    api.lua_createtable(L, 0, 16);
    api.lua_createtable(L, defaults.length, 0);
    for (const [i, value] of defaults.entries()) {
      api.lua_pushnumber(L, value);
      api.lua_rawseti(L, -2, i + 1);
    }
    for (const [name, fn] of this.#functions) {
      api.lua_pushvalue(L, -1);
      api.lua_pushcclosure(L, fn, 1);
      vm.setRawField(L, -3, name);
    }
    api.lua_settop(L, -2);
    api.lua_pushlightuserdata(L, 0);
    vm.setRawField(L, -2, 'null');
    for (const [name, text] of [
      ['_NAME', 'cjson'],
      ['_VERSION', '2.1.0'],
    ] as const) {
      vm.push(L, text);
      vm.setRawField(L, -2, name);
    }
  }

  #encode(L: LuaThread): number {
    const vm = this.#vm;
    if (vm.api.lua_gettop(L) !== 1) vm.argumentError(L, 1, 'expected 1 argument');
    const text = new JsonEncoder(vm, L).encode();
    vm.push(L, text);
    return 1;
  }

  #decode(L: LuaThread): number {
    const vm = this.#vm;
    if (vm.api.lua_gettop(L) !== 1) vm.argumentError(L, 1, 'expected 1 argument');
    const text = vm.checkText(L, 1);
    if (text.length >= 2 && (text.charCodeAt(0) === 0 || text.charCodeAt(1) === 0))
      vm.raiseAt(L, 'JSON parser does not support UTF-16 or UTF-32');
    new JsonDecoder(vm, L, text).decode();
    return 1;
  }

  #arguments(L: LuaThread, count: number): void {
    const { api } = this.#vm;
    if (api.lua_gettop(L) > count) this.#vm.argumentError(L, count + 1, 'found too many arguments');
    api.lua_settop(L, count);
  }

  #one(L: LuaThread, set: () => void): number {
    this.#arguments(L, 1);
    set();
    return 1;
  }

  #sparseArray(L: LuaThread): number {
    this.#arguments(L, 3);
    this.#choice(L, 1, setting.sparseConvert);
    this.#integer(L, 2, setting.sparseRatio, 0, INT_MAX);
    this.#integer(L, 3, setting.sparseSafe, 0, INT_MAX);
    return 3;
  }

  #set(L: LuaThread, index: number, value: number): void {
    this.#vm.api.lua_pushnumber(L, value);
    this.#vm.api.lua_rawseti(L, SETTINGS, index);
  }

  /** Sets it if the argument is given; pushes it. */
  #integer(L: LuaThread, argument: number, index: number, min: number, max: number): void {
    const vm = this.#vm;
    if (vm.api.lua_type(L, argument) !== luaType.nil) {
      const value = vm.api.luaL_checkinteger(L, argument);
      if (value < min || value > max) vm.argumentError(L, 1, `expected integer between ${min} and ${max}`);
      this.#set(L, index, value);
    }
    vm.api.lua_pushnumber(L, settingOf(vm, L, index));
  }

  /** A boolean, or a word: its place in the list. */
  #choice(L: LuaThread, argument: number, index: number, words: readonly string[] = ['off', 'on']): void {
    const vm = this.#vm;
    const type = vm.api.lua_type(L, argument);
    if (type === luaType.boolean) {
      this.#set(L, index, vm.api.lua_toboolean(L, argument));
    } else if (type !== luaType.nil) {
      const word = vm.checkText(L, argument);
      const place = words.indexOf(word);
      if (place < 0) vm.argumentError(L, argument, `invalid option '${word}'`);
      this.#set(L, index, place);
    }
    const value = settingOf(vm, L, index);
    if (value <= 1) vm.api.lua_pushboolean(L, value);
    else vm.push(L, words[value] as string);
  }
}
