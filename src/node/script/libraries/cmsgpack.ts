/**
 * Owns the library `cmsgpack`: MessagePack. Source: Redis deps/lua/src/lua_cmsgpack.c (0.4.0).
 */
import type { LuaFunction, LuaVm } from '../lua/vm.ts';
import type { LuaThread } from '../lua/wasm.ts';
import { packValue } from './cmsgpack-pack.ts';
import { unpackValues } from './cmsgpack-unpack.ts';

/** "bad argument #0": the one for all arguments. */
const ALL = 0;

function pack(vm: LuaVm, L: LuaThread): number {
  const { api } = vm;
  const count = api.lua_gettop(L);
  if (count === 0) vm.argumentError(L, ALL, 'MessagePack pack needs input.');
  if (api.lua_checkstack(L, count) === 0)
    vm.argumentError(L, ALL, 'Too many arguments for MessagePack pack.');
  const parts: string[] = [];
  for (let i = 1; i <= count; i++) {
    vm.reserve(L, 1, 'in function mp_check');
    api.lua_pushvalue(L, i);
    packValue(vm, L, parts, 0);
  }
  vm.push(L, parts.join(''));
  return 1;
}

/** At most `limit` values from `offset` on; all of them, without telling where they end, when both are 0. */
function unpack(vm: LuaVm, L: LuaThread, limit: number, offset: number): number {
  const { api } = vm;
  const text = vm.checkText(L, 1);
  if (offset < 0 || limit < 0)
    vm.raiseAt(L, `Invalid request to unpack with offset of ${offset} and limit of ${text.length}.`);
  if (offset > text.length) vm.raiseAt(L, `Start offset ${offset} greater than input length ${text.length}.`);
  const all = limit === 0 && offset === 0;
  const { count, end } = unpackValues(vm, L, text, offset, all ? Number.POSITIVE_INFINITY : limit);
  if (all) return count;
  vm.reserve(L, 1, 'in function mp_unpack_full');
  api.lua_pushnumber(L, end === text.length ? -1 : end);
  api.lua_insert(L, 2);
  return count + 1;
}

export function cmsgpackFunctions(vm: LuaVm): Readonly<Record<string, LuaFunction>> {
  const { api } = vm;
  return {
    pack: (L) => pack(vm, L),
    unpack: (L) => unpack(vm, L, 0, 0),
    unpack_one: (L) => {
      const offset = api.luaL_optinteger(L, 2, 0);
      api.lua_settop(L, 1);
      return unpack(vm, L, 1, offset);
    },
    unpack_limit: (L) => {
      const limit = api.luaL_checkinteger(L, 2);
      const offset = api.luaL_optinteger(L, 3, 0);
      api.lua_settop(L, 1);
      return unpack(vm, L, limit, offset);
    },
  };
}

export const cmsgpackTexts = {
  _NAME: 'cmsgpack',
  _VERSION: 'lua-cmsgpack 0.4.0',
  _COPYRIGHT: 'Copyright (C) 2012, Salvatore Sanfilippo',
  _DESCRIPTION: 'MessagePack C implementation for Lua',
} as const;
