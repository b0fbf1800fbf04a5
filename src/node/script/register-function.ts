/**
 * Owns redis.register_function, and what a library sees while it loads instead of the globals.
 * Source: Redis function_lua.c luaRegisterFunction and what it calls.
 */
import { flagNames } from './flags.ts';
import type { Interpreter } from './interpreter.ts';
import { nameError } from './library-code.ts';
import { type LuaThread, luaType } from './lua/wasm.ts';
import { raiseError } from './lua-errors.ts';

export interface Registered {
  readonly name: string;
  readonly description: string | undefined;
  readonly flags: number;
  /** Refers to the function in its state. */
  readonly ref: number;
}

export class FunctionRegistrar {
  readonly #interpreter: Interpreter;
  readonly #libraryApi: number;
  /** Of the library that is being loaded. Names of functions are told apart by the case of letters here. */
  #registered: Map<string, Registered> | undefined;

  constructor(interpreter: Interpreter) {
    this.#interpreter = interpreter;
    const { vm } = interpreter;
    const { api, main } = vm;
    api.lua_createtable(main, 0, 1);
    interpreter.api.pushLog(main);
    interpreter.api.setFunctions(main, { register_function: (L) => this.#register(L) });
    interpreter.protectTable(main);
    vm.setRawField(main, -2, 'redis');
    this.#libraryApi = interpreter.keepLibraryApi();
  }

  /** A library is about to load. */
  begin(): void {
    this.#registered = new Map();
    this.#interpreter.useGlobals(this.#libraryApi);
  }

  /** What it registered; nothing when called again. */
  end(): ReadonlyMap<string, Registered> {
    const registered = this.#registered ?? new Map<string, Registered>();
    if (this.#registered !== undefined) this.#interpreter.useGlobals(undefined);
    this.#registered = undefined;
    return registered;
  }

  #register(L: LuaThread): number {
    const { vm } = this.#interpreter;
    const registered = this.#registered;
    if (registered === undefined)
      return raiseError(vm, L, 'redis.register_function can only be called on FUNCTION LOAD command');
    const count = vm.api.lua_gettop(L);
    if (count < 1 || count > 2)
      return raiseError(vm, L, 'wrong number of arguments to redis.register_function');
    const fn = count === 1 ? this.#readNamed(L) : this.#readPositional(L);
    const problem =
      nameError(fn.name) ?? (registered.has(fn.name) ? 'Function already exists in the library' : undefined);
    if (problem !== undefined) {
      this.#interpreter.release(fn.ref);
      return raiseError(vm, L, problem);
    }
    registered.set(fn.name, fn);
    return 0;
  }

  #readPositional(L: LuaThread): Registered {
    const { vm } = this.#interpreter;
    const name = vm.text(L, 1);
    if (name === undefined)
      return raiseError(vm, L, 'first argument to redis.register_function must be a string');
    if (!this.#interpreter.isFunction(L, 2))
      return raiseError(vm, L, 'second argument to redis.register_function must be a function');
    return { name, description: undefined, flags: 0, ref: this.#interpreter.refer(L) };
  }

  #readNamed(L: LuaThread): Registered {
    const { vm } = this.#interpreter;
    const { api } = vm;
    if (api.lua_type(L, 1) !== luaType.table)
      return raiseError(
        vm,
        L,
        'calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).',
      );
    let name: string | undefined;
    let description: string | undefined;
    let flags = 0;
    let ref: number | undefined;
    const fail = (text: string): never => {
      if (ref !== undefined) this.#interpreter.release(ref);
      return raiseError(vm, L, text);
    };
    api.lua_pushnil(L);
    while (api.lua_next(L, 1) !== 0) {
      if (api.lua_isstring(L, -2) === 0)
        fail('named argument key given to redis.register_function is not a string');
      // A copy: making a text of a number in its place would confuse the iteration.
      api.lua_pushvalue(L, -2);
      const key = (vm.text(L, -1) ?? '').toLowerCase();
      api.lua_settop(L, -2);
      if (key === 'function_name')
        name =
          vm.text(L, -1) ?? fail('function_name argument given to redis.register_function must be a string');
      else if (key === 'description')
        description =
          vm.text(L, -1) ?? fail('description argument given to redis.register_function must be a string');
      else if (key === 'callback') {
        if (!this.#interpreter.isFunction(L, -1))
          fail('callback argument given to redis.register_function must be a function');
        api.lua_pushvalue(L, -1);
        ref = this.#interpreter.refer(L);
      } else if (key === 'flags') {
        if (api.lua_type(L, -1) !== luaType.table)
          fail('flags argument to redis.register_function must be a table representing function flags');
        flags = this.#readFlags(L) ?? fail('unknown flag given');
      } else fail('unknown argument given to redis.register_function');
      api.lua_settop(L, -2);
    }
    if (name === undefined) return fail('redis.register_function must get a function name argument');
    if (ref === undefined) return fail('redis.register_function must get a callback argument');
    return { name, description, flags, ref };
  }

  /** Of the table on top; undefined where one is unknown. */
  #readFlags(L: LuaThread): number | undefined {
    const { vm } = this.#interpreter;
    const { api } = vm;
    let flags = 0;
    for (let i = 1; ; i++) {
      api.lua_rawgeti(L, -1, i);
      const isEnd = api.lua_type(L, -1) === luaType.nil;
      const text = isEnd ? undefined : vm.text(L, -1)?.toLowerCase();
      api.lua_settop(L, -2);
      if (isEnd) return flags;
      const flag = flagNames.find(([name]) => name === text)?.[1];
      if (flag === undefined) return undefined;
      flags |= flag;
    }
  }
}
