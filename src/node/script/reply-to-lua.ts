/**
 * Owns the way of a reply into a script: what a command answered becomes a value of Lua.
 * Source: Redis script_lua.c redisProtocolToLuaType and its callbacks; resp_parser.c.
 */

import type { LuaVm } from './lua/vm.ts';
import type { LuaThread } from './lua/wasm.ts';
import { pushCountedError } from './lua-errors.ts';

/** Slots of Lua's stack that one value needs while it is made. */
const SLOTS = 5;

/** Reads one reply; as it is encoded (protocol/resp/encode.ts), so it is well formed. */
export class ReplyReader {
  readonly #vm: LuaVm;
  readonly #reply: string;
  #at = 0;

  constructor(vm: LuaVm, reply: string) {
    this.#vm = vm;
    this.#reply = reply;
  }

  /** Pushes the value. */
  push(L: LuaThread): void {
    const vm = this.#vm;
    const { api } = vm;
    vm.reserve(L, SLOTS, 'reply of redis.call');
    const kind = this.#reply.charAt(this.#at);
    const line = this.#line();
    switch (kind) {
      case ':':
        api.lua_pushnumber(L, Number(line));
        return;
      case '$':
        this.#pushBulk(L, Number(line));
        return;
      case '+':
        this.#pushTagged(L, 'ok', line);
        return;
      case '-':
        pushCountedError(vm, L, `-${line}`);
        return;
      case '*':
      case '>':
        this.#pushArray(L, Number(line));
        return;
      case '_':
        api.lua_pushnil(L);
        return;
      case '#':
        api.lua_pushboolean(L, line === 't' ? 1 : 0);
        return;
      case '%':
        this.#pushMap(L, Number(line));
        return;
      case '~':
        this.#pushSet(L, Number(line));
        return;
      case ',':
        this.#pushDouble(L, line);
        return;
      case '(':
        this.#pushTagged(L, 'big_number', line);
        return;
      case '=':
        this.#pushVerbatim(L, Number(line));
        return;
      case '|':
        // Attributes are not shown to scripts.
        for (let i = 0; i < 2 * Number(line); i++) this.#skip(L);
        this.push(L);
        return;
      default:
        throw new Error(`a reply of unknown kind "${kind}"`);
    }
  }

  #line(): string {
    const end = this.#reply.indexOf('\r\n', this.#at);
    const line = this.#reply.slice(this.#at + 1, end);
    this.#at = end + 2;
    return line;
  }

  #skip(L: LuaThread): void {
    this.push(L);
    this.#vm.api.lua_settop(L, -2);
  }

  #pushBulk(L: LuaThread, length: number): void {
    const vm = this.#vm;
    if (length < 0) {
      vm.api.lua_pushboolean(L, 0);
      return;
    }
    vm.push(L, this.#reply, this.#at, this.#at + length);
    this.#at += length + 2;
  }

  #pushTagged(L: LuaThread, name: string, text: string): void {
    const vm = this.#vm;
    vm.api.lua_createtable(L, 0, 1);
    vm.push(L, text);
    vm.setRawField(L, -2, name);
  }

  #pushArray(L: LuaThread, length: number): void {
    const { api } = this.#vm;
    if (length < 0) {
      api.lua_pushboolean(L, 0);
      return;
    }
    api.lua_createtable(L, length, 0);
    for (let i = 1; i <= length; i++) {
      this.push(L);
      api.lua_rawseti(L, -2, i);
    }
  }

  #pushMap(L: LuaThread, length: number): void {
    const { api } = this.#vm;
    api.lua_createtable(L, 0, 1);
    api.lua_createtable(L, 0, length);
    for (let i = 0; i < length; i++) {
      this.push(L);
      this.push(L);
      api.lua_settable(L, -3);
    }
    this.#vm.setRawField(L, -2, 'map');
  }

  #pushSet(L: LuaThread, length: number): void {
    const { api } = this.#vm;
    api.lua_createtable(L, 0, 1);
    api.lua_createtable(L, 0, length);
    for (let i = 0; i < length; i++) {
      this.push(L);
      api.lua_pushboolean(L, 1);
      api.lua_settable(L, -3);
    }
    this.#vm.setRawField(L, -2, 'set');
  }

  #pushDouble(L: LuaThread, text: string): void {
    const { api } = this.#vm;
    api.lua_createtable(L, 0, 1);
    const value = text === 'inf' ? Infinity : text === '-inf' ? -Infinity : Number(text);
    api.lua_pushnumber(L, value);
    this.#vm.setRawField(L, -2, 'double');
  }

  #pushVerbatim(L: LuaThread, length: number): void {
    const vm = this.#vm;
    const text = this.#reply.slice(this.#at, this.#at + length);
    this.#at += length + 2;
    vm.api.lua_createtable(L, 0, 1);
    vm.api.lua_createtable(L, 0, 2);
    vm.push(L, text, 4);
    vm.setRawField(L, -2, 'string');
    vm.push(L, text, 0, 3);
    vm.setRawField(L, -2, 'format');
    vm.setRawField(L, -2, 'verbatim_string');
  }
}
