/**
 * Owns what scripts find around them: the libraries of Lua without whatever reaches out, tables that cannot be changed, and
 * the error for a global that is not there. Redis's Lua knows tables that are read-only; here a script sees an empty table in
 * front of each, and what would pass by its metatable is asked first.
 * Source: Redis script_lua.c luaLoadLibraries, luaSetErrorMetatable, luaSetTableProtectionRecursively; the lists of globals.
 */
import type { Fibers } from './fibers.ts';
import { longFormat, longToNumber } from './long-integers.ts';
import type { LuaFunction, LuaVm } from './vm.ts';
import { gc } from './vm.ts';
import { GLOBALS, type LuaThread, luaType, REGISTRY } from './wasm.ts';

const READ_ONLY = 'Attempt to modify a readonly table';

/** What scripts may know of Lua's own globals. Source: script_lua.c lua_builtins_allow_list. */
const builtins = [
  'assert',
  'collectgarbage',
  'coroutine',
  'error',
  'gcinfo',
  'getmetatable',
  'ipairs',
  'load',
  'loadstring',
  'math',
  'next',
  'pairs',
  'pcall',
  'rawequal',
  'rawget',
  'rawset',
  'select',
  'setmetatable',
  'string',
  'table',
  'tonumber',
  'tostring',
  'type',
  'unpack',
  'xpcall',
  '_VERSION',
];

/** No text that a script makes is longer, as no value of Redis is. */
const MAX_TEXT_BYTES = 512 * 1024 * 1024;

/** Written in Lua, for they call back. `protect` is pcall with errors as they are. */
const libraryInLua = `
local protect, create, resume, loadstring, select, error, type, table_concat = ...
local function returned(ok, ...)
  if ok then return ... end
  error((...), 3)
end
local function handled(handler, ok, ...)
  if ok then return true, ... end
  local done, result = protect(handler, (...))
  if done then return false, result end
  return false, 'error in error handling'
end
local lua = {}
function lua.wrap(f)
  local thread = create(f)
  return function(...) return returned(resume(thread, ...)) end
end
function lua.xpcall(...)
  if select('#', ...) < 2 then error("bad argument #2 to 'xpcall' (value expected)", 2) end
  local f, handler = ...
  return handled(handler, protect(f))
end
function lua.load(reader, name)
  if type(reader) ~= 'function' then
    error("bad argument #1 to 'load' (function expected, got " .. (reader == nil and 'no value' or type(reader)) .. ')', 2)
  end
  local parts = {}
  while true do
    local part = reader()
    if part == nil or part == '' then break end
    if type(part) ~= 'string' then error('reader function must return a string', 2) end
    parts[#parts + 1] = part
  end
  return loadstring(table_concat(parts), name or '=(load)')
end
return lua
`;

export class Sandbox {
  readonly #vm: LuaVm;
  /** Addresses of the tables in front, with a reference to what is behind. */
  readonly #fronts = new Map<number, number>();
  /** The other way round: references to the front of a table and to its metatable, by the address of what is behind. */
  readonly #frontOf = new Map<number, { readonly front: number; readonly metatable: number }>();
  /** What getmetatable gives of a table in front; nothing for most. */
  readonly #shownMetatables = new Map<number, number>();
  /** References: the globals themselves, the metatable of the table before them. */
  readonly #globalsRef: number;
  readonly #frontMetatableRef: number;
  #stringMetatableRef = 0;
  readonly #readOnly: number;
  readonly #noSuchGlobal: number;
  readonly #nextFront: number;
  /** collectgarbage has changed how the collector works. */
  #tampered = false;

  /** `more`: pushes onto the state's stack the tables that are globals beside Lua's own, by name. */
  constructor(vm: LuaVm, fibers: Fibers, more: Readonly<Record<string, (L: LuaThread) => void>>) {
    this.#vm = vm;
    const { api, main } = vm;
    this.#readOnly = vm.define((L) => vm.raiseAt(L, READ_ONLY));
    this.#noSuchGlobal = vm.define((L) => this.#missing(L));
    this.#nextFront = vm.define((L) => this.#next(L));
    for (const open of [api.luaopen_base, api.luaopen_table, api.luaopen_string, api.luaopen_math])
      open(main);
    api.lua_settop(main, 0);
    this.#replaceFunctions(fibers);
    this.#hideStringMetatable();
    // The globals: what may be known of Lua's own, each table behind its front.
    api.lua_createtable(main, 0, 64);
    for (const name of builtins) {
      vm.rawField(main, GLOBALS, name);
      if (api.lua_type(main, -1) === luaType.table) this.pushFront(main);
      vm.setRawField(main, -2, name);
    }
    for (const [name, push] of Object.entries(more)) {
      push(main);
      if (api.lua_type(main, -1) === luaType.table) this.pushFront(main);
      vm.setRawField(main, -2, name);
    }
    this.#setErrorMetatable(main);
    api.lua_pushvalue(main, -1);
    this.#globalsRef = api.luaL_ref(main, REGISTRY);
    // What scripts get as their globals is the front, which is in there too.
    this.#frontMetatableRef = this.pushFront(main);
    const front = api.lua_topointer(main, -1);
    api.lua_getmetatable(main, -1);
    this.pushFront(main);
    this.#shownMetatables.set(front, api.luaL_ref(main, REGISTRY));
    api.lua_rawgeti(main, REGISTRY, this.#globalsRef);
    api.lua_pushvalue(main, -2);
    vm.setRawField(main, -2, '_G');
    api.lua_settop(main, -2);
    api.lua_replace(main, GLOBALS);
  }

  /** Sets a global to what lies on top of a stack. */
  setGlobal(L: LuaThread, name: string): void {
    const { api } = this.#vm;
    api.lua_rawgeti(L, REGISTRY, this.#globalsRef);
    api.lua_insert(L, -2);
    this.#vm.setRawField(L, -2, name);
    api.lua_settop(L, -2);
  }

  /** Lets scripts find the table on top of a stack in place of their globals; without one, those again. */
  lookInto(L: LuaThread, other: boolean): void {
    const { api } = this.#vm;
    if (!other) api.lua_rawgeti(L, REGISTRY, this.#globalsRef);
    api.lua_rawgeti(L, REGISTRY, this.#frontMetatableRef);
    api.lua_insert(L, -2);
    this.#vm.setRawField(L, -2, '__index');
    api.lua_settop(L, -2);
  }

  /** Puts the front in place of the table on top; returns a reference to the front's metatable. */
  pushFront(L: LuaThread): number {
    const { api } = this.#vm;
    const behind = api.lua_topointer(L, -1);
    const known = this.#frontOf.get(behind);
    if (known !== undefined) {
      api.lua_settop(L, -2);
      api.lua_rawgeti(L, REGISTRY, known.front);
      return known.metatable;
    }
    api.lua_createtable(L, 0, 0);
    const address = api.lua_topointer(L, -1);
    api.lua_createtable(L, 0, 2);
    api.lua_pushvalue(L, -3);
    this.#vm.setRawField(L, -2, '__index');
    api.lua_pushcclosure(L, this.#readOnly, 0);
    this.#vm.setRawField(L, -2, '__newindex');
    api.lua_pushvalue(L, -1);
    const metatable = api.luaL_ref(L, REGISTRY);
    api.lua_setmetatable(L, -2);
    api.lua_insert(L, -2);
    this.#fronts.set(address, api.luaL_ref(L, REGISTRY));
    // A front is never collected: its address must not become another table's.
    api.lua_pushvalue(L, -1);
    this.#frontOf.set(behind, { front: api.luaL_ref(L, REGISTRY), metatable });
    return metatable;
  }

  /** Asking the table on top for what it does not have is an error, as for a global. */
  #setErrorMetatable(L: LuaThread): void {
    const { api } = this.#vm;
    api.lua_createtable(L, 0, 1);
    api.lua_pushcclosure(L, this.#noSuchGlobal, 0);
    this.#vm.setRawField(L, -2, '__index');
    api.lua_setmetatable(L, -2);
  }

  /** The same for a table of the library API. */
  protectLookups(L: LuaThread): void {
    this.#setErrorMetatable(L);
  }

  /** After each run: what a script did to the collector ends with it. */
  afterRun(): void {
    if (!this.#tampered) return;
    this.#tampered = false;
    const { api, main } = this.#vm;
    // The collector's defaults: a pause of 200 %, steps of 200 %.
    api.lua_gc(main, 6, 200);
    api.lua_gc(main, 7, 200);
    api.lua_gc(main, gc.restart, 0);
  }

  #missing(L: LuaThread): never {
    const vm = this.#vm;
    if (vm.api.lua_gettop(L) !== 2) vm.raiseAt(L, 'Wrong number of arguments to luaProtectedTableError');
    if (vm.api.lua_isstring(L, -1) === 0)
      vm.raiseAt(L, 'Second argument to luaProtectedTableError must be a string or number');
    const name = vm.text(L, -1) ?? '';
    return vm.raiseAt(L, `Script attempted to access nonexistent global variable '${name}'`);
  }

  /** A reference to what is behind the table at `index`, if that is a front. */
  #behind(L: LuaThread, index: number): number | undefined {
    if (this.#vm.api.lua_type(L, index) !== luaType.table) return undefined;
    return this.#fronts.get(this.#vm.api.lua_topointer(L, index));
  }

  /** What is behind takes the place of the front at `index`. */
  #lookBehind(L: LuaThread, index: number): boolean {
    const ref = this.#behind(L, index);
    if (ref === undefined) return false;
    this.#vm.api.lua_rawgeti(L, REGISTRY, ref);
    this.#vm.api.lua_replace(L, index);
    return true;
  }

  /** next() of a front. */
  #next(L: LuaThread): number {
    const { api } = this.#vm;
    this.#lookBehind(L, 1);
    api.lua_settop(L, 2);
    if (api.lua_next(L, 1) !== 0) return 2;
    api.lua_pushnil(L);
    return 1;
  }

  /** Puts functions that know the fronts in place of Lua's own, which they call. */
  #replaceFunctions(fibers: Fibers): void {
    const vm = this.#vm;
    const { api, main } = vm;
    const wrapIn = (
      library: string | undefined,
      name: string,
      make: (own: LuaFunction) => LuaFunction,
    ): void => {
      if (library === undefined) api.lua_pushvalue(main, GLOBALS);
      else vm.rawField(main, GLOBALS, library);
      vm.rawField(main, -1, name);
      const own = vm.functionAt(main, -1);
      api.lua_settop(main, -2);
      vm.pushFunction(main, make(own));
      vm.setRawField(main, -2, name);
      api.lua_settop(main, -2);
    };
    const reads =
      (own: LuaFunction): LuaFunction =>
      (L) => {
        this.#lookBehind(L, 1);
        return own(L);
      };
    const writes =
      (own: LuaFunction): LuaFunction =>
      (L) => {
        if (this.#behind(L, 1) !== undefined) vm.raise(L, READ_ONLY);
        return own(L);
      };
    vm.rawField(main, GLOBALS, 'next');
    const next = api.lua_tocfunction(main, -1);
    api.lua_settop(main, -2);
    wrapIn(undefined, 'pairs', (own) => (L) => this.#pairs(L, own, next));
    for (const name of ['rawget', 'next']) wrapIn(undefined, name, reads);
    for (const name of ['rawset', 'setmetatable']) wrapIn(undefined, name, writes);
    for (const name of ['foreach', 'foreachi', 'getn', 'maxn']) wrapIn('table', name, reads);
    wrapIn('table', 'insert', writes);
    wrapIn(undefined, 'getmetatable', (own) => (L) => this.#getMetatable(L, own));
    wrapIn(undefined, 'loadstring', () => (L) => this.#loadString(L));
    wrapIn(undefined, 'collectgarbage', (own) => (L) => this.#collectGarbage(L, own));
    wrapIn(undefined, 'pcall', () => fibers.pcall);
    wrapIn('coroutine', 'resume', () => fibers.resume);
    wrapIn('coroutine', 'yield', () => fibers.yield);
    wrapIn('coroutine', 'status', () => fibers.status);
    wrapIn('coroutine', 'running', () => fibers.running);
    wrapIn('string', 'rep', () => (L) => this.#repeat(L));
    wrapIn('string', 'format', (own) => longFormat(vm, own));
    wrapIn(undefined, 'tonumber', (own) => longToNumber(vm, own));
    this.#replaceInLua(fibers);
  }

  #replaceInLua(fibers: Fibers): void {
    const vm = this.#vm;
    const { api, main } = vm;
    vm.pushFunction(main, fibers.protect);
    vm.rawField(main, GLOBALS, 'coroutine');
    vm.rawField(main, -1, 'create');
    vm.rawField(main, -2, 'resume');
    api.lua_remove(main, -3);
    for (const name of ['loadstring', 'select', 'error', 'type']) vm.rawField(main, GLOBALS, name);
    vm.rawField(main, GLOBALS, 'table');
    vm.rawField(main, -1, 'concat');
    api.lua_remove(main, -2);
    vm.run(main, libraryInLua, '=library', 8, 1);
    for (const name of ['xpcall', 'load']) {
      vm.rawField(main, -1, name);
      vm.setRawField(main, GLOBALS, name);
    }
    vm.rawField(main, GLOBALS, 'coroutine');
    vm.rawField(main, -2, 'wrap');
    vm.setRawField(main, -2, 'wrap');
    api.lua_settop(main, 0);
  }

  /** The methods of strings are found through a metatable that all strings share: only a front of it is shown. */
  #hideStringMetatable(): void {
    const vm = this.#vm;
    const { api, main } = vm;
    api.lua_createtable(main, 0, 1);
    vm.rawField(main, GLOBALS, 'string');
    this.pushFront(main);
    vm.setRawField(main, -2, '__index');
    this.pushFront(main);
    this.#stringMetatableRef = api.luaL_ref(main, REGISTRY);
  }

  /** Lua's own has `next` in its closure, which is not there when it is called through another. */
  #pairs(L: LuaThread, own: LuaFunction, next: number): number {
    const { api } = this.#vm;
    const isFront = this.#behind(L, 1) !== undefined;
    // For what it raises of what is no table.
    if (!isFront) own(L);
    api.lua_pushcclosure(L, isFront ? this.#nextFront : next, 0);
    api.lua_pushvalue(L, 1);
    api.lua_pushnil(L);
    return 3;
  }

  #getMetatable(L: LuaThread, own: LuaFunction): number {
    const { api } = this.#vm;
    const type = api.lua_type(L, 1);
    if (type === luaType.string) {
      api.lua_rawgeti(L, REGISTRY, this.#stringMetatableRef);
      return 1;
    }
    if (this.#behind(L, 1) === undefined) return own(L);
    const shown = this.#shownMetatables.get(api.lua_topointer(L, 1));
    if (shown === undefined) api.lua_pushnil(L);
    else api.lua_rawgeti(L, REGISTRY, shown);
    return 1;
  }

  #loadString(L: LuaThread): number {
    const vm = this.#vm;
    const code = vm.checkText(L, 1);
    const name =
      vm.api.lua_gettop(L) >= 2 && vm.api.lua_type(L, 2) !== luaType.nil ? vm.checkText(L, 2) : code;
    const reason = vm.load(L, code, name);
    if (reason === undefined) return 1;
    vm.api.lua_pushnil(L);
    vm.push(L, reason);
    return 2;
  }

  #collectGarbage(L: LuaThread, own: LuaFunction): number {
    const option = this.#vm.api.lua_type(L, 1) === luaType.string ? this.#vm.text(L, 1) : undefined;
    if (option !== undefined && option !== 'collect' && option !== 'count' && option !== 'step')
      this.#tampered = true;
    return own(L);
  }

  /** string.rep at once: Lua would go round for each repetition, though nothing may come of it. */
  #repeat(L: LuaThread): number {
    const vm = this.#vm;
    const text = vm.checkText(L, 1);
    const times = Math.max(0, vm.api.luaL_checkinteger(L, 2));
    if (text.length * times > MAX_TEXT_BYTES) vm.raise(L, 'not enough memory');
    if (text === '') vm.push(L, '');
    else vm.pushRepeated(L, text, times);
    return 1;
  }
}
