/**
 * Owns errors as scripts see them: tables with the text in the field `err`. Source: Redis script_lua.c luaPushErrorBuff.
 */
import type { LuaVm } from './lua/vm.ts';
import type { LuaThread } from './lua/wasm.ts';

/** `text` begins with its code behind a '-', or is a description alone, which gets the code ERR. */
export function pushError(vm: LuaVm, L: LuaThread, text: string): void {
  vm.api.lua_createtable(L, 0, 2);
  const clean = text.replace(/^[\r\n]+|[\r\n]+$/g, '');
  const hasCode = clean.startsWith('-') && clean.includes(' ');
  vm.push(L, hasCode ? clean.slice(1) : `ERR ${clean.startsWith('-') ? clean.slice(1) : clean}`);
  vm.setRawField(L, -2, 'err');
}

/** The same for an error that is counted already. */
export function pushCountedError(vm: LuaVm, L: LuaThread, text: string): void {
  pushError(vm, L, text);
  vm.api.lua_pushboolean(L, 1);
  vm.setRawField(L, -2, 'ignore_error_stats_update');
}

export function raiseError(vm: LuaVm, L: LuaThread, text: string): never {
  pushError(vm, L, text);
  return vm.raiseTop(L);
}
