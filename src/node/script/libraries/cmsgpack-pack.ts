/**
 * Owns the encoding of Lua's values as MessagePack. Source: Redis lua_cmsgpack.c mp_encode_lua_type and what it calls.
 */
import type { LuaVm } from '../lua/vm.ts';
import { type LuaThread, luaType } from '../lua/wasm.ts';

/** Tables deeper than this become nil, as do those that contain themselves. */
const MAX_NESTING = 16;

function bytes(size: number, write: (buffer: Buffer) => void): string {
  const buffer = Buffer.allocUnsafe(size);
  write(buffer);
  return buffer.latin1Slice(0, size);
}

/** A type byte and a big-endian number of 1, 2 or 4 bytes. */
function tagged(type: number, value: number, size: 1 | 2 | 4): string {
  return bytes(size + 1, (buffer) => {
    buffer[0] = type;
    buffer.writeUIntBE(value, 1, size);
  });
}

function integer(value: number): string {
  if (value >= 0) {
    if (value <= 0x7f) return String.fromCharCode(value);
    if (value <= 0xff) return tagged(0xcc, value, 1);
    if (value <= 0xffff) return tagged(0xcd, value, 2);
    if (value <= 0xffffffff) return tagged(0xce, value, 4);
    return wide(0xcf, value);
  }
  if (value >= -32) return String.fromCharCode(value & 0xff);
  if (value >= -0x80) return tagged(0xd0, value & 0xff, 1);
  if (value >= -0x8000) return tagged(0xd1, value & 0xffff, 2);
  if (value >= -0x80000000) return tagged(0xd2, value >>> 0, 4);
  return wide(0xd3, value);
}

function wide(type: number, value: number): string {
  return bytes(9, (buffer) => {
    buffer[0] = type;
    buffer.writeBigInt64BE(BigInt(value), 1);
  });
}

function double(value: number): string {
  if (Math.fround(value) === value)
    return bytes(5, (buffer) => {
      buffer[0] = 0xca;
      buffer.writeFloatBE(value, 1);
    });
  return bytes(9, (buffer) => {
    buffer[0] = 0xcb;
    buffer.writeDoubleBE(value, 1);
  });
}

function number(value: number): string {
  const isInt64 = Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63;
  return isInt64 ? integer(value) : double(value);
}

function header(length: number, short: number, shortest: number, types: readonly [number, number]): string {
  if (length <= shortest) return String.fromCharCode(short | length);
  return length <= 0xffff ? tagged(types[0], length, 2) : tagged(types[1], length, 4);
}

function text(value: string): string {
  const { length } = value;
  const head =
    length >= 32 && length <= 0xff ? tagged(0xd9, length, 1) : header(length, 0xa0, 31, [0xda, 0xdb]);
  return head + value;
}

/** Whether the table on top has the keys from 1 to their number, and no others. */
function isArray(vm: LuaVm, L: LuaThread): boolean {
  const { api } = vm;
  const top = api.lua_gettop(L);
  let count = 0;
  let max = 0;
  vm.reserve(L, 2, 'in function table_is_an_array');
  api.lua_pushnil(L);
  while (api.lua_next(L, -2) !== 0) {
    api.lua_settop(L, -2);
    const key = api.lua_type(L, -1) === luaType.number ? api.lua_tonumber(L, -1) : 0;
    if (key <= 0 || !Number.isInteger(key) || key > 0x7fffffff) {
      api.lua_settop(L, top);
      return false;
    }
    max = Math.max(max, key);
    count++;
  }
  api.lua_settop(L, top);
  return max === count;
}

function packTable(vm: LuaVm, L: LuaThread, parts: string[], level: number): void {
  const { api } = vm;
  if (isArray(vm, L)) {
    const length = api.lua_objlen(L, -1);
    parts.push(header(length, 0x90, 15, [0xdc, 0xdd]));
    vm.reserve(L, 1, 'in function mp_encode_lua_table_as_array');
    for (let i = 1; i <= length; i++) {
      api.lua_rawgeti(L, -1, i);
      packValue(vm, L, parts, level + 1);
    }
    return;
  }
  vm.reserve(L, 3, 'in function mp_encode_lua_table_as_map');
  const place = parts.push('') - 1;
  let length = 0;
  api.lua_pushnil(L);
  while (api.lua_next(L, -2) !== 0) {
    api.lua_pushvalue(L, -2);
    packValue(vm, L, parts, level + 1);
    packValue(vm, L, parts, level + 1);
    length++;
  }
  parts[place] = header(length, 0x80, 15, [0xde, 0xdf]);
}

/** Takes the value from the top of the stack, and appends its bytes. */
export function packValue(vm: LuaVm, L: LuaThread, parts: string[], level: number): void {
  const { api } = vm;
  switch (api.lua_type(L, -1)) {
    case luaType.string:
      parts.push(text(vm.text(L, -1) ?? ''));
      break;
    case luaType.boolean:
      parts.push(api.lua_toboolean(L, -1) !== 0 ? '\xc3' : '\xc2');
      break;
    case luaType.number:
      parts.push(number(api.lua_tonumber(L, -1)));
      break;
    case luaType.table:
      if (level === MAX_NESTING) parts.push('\xc0');
      else packTable(vm, L, parts, level);
      break;
    default:
      parts.push('\xc0');
  }
  api.lua_settop(L, -2);
}
