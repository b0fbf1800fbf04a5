/**
 * Owns the table `redis` that scripts see. What a function asks of the node it asks of the run that is under way.
 * Source: Redis script_lua.c luaRegisterRedisAPI and the functions there; eval.c for those of EVAL only.
 */
import { formatDouble } from '../../protocol/text/double.ts';
import { redisVersion } from '../observe/version.ts';
import type { LogLevel } from '../parts/basics.ts';
import { RANDOM_MAX, type ScriptRandom } from './lua/random.ts';
import type { LuaFunction, LuaVm } from './lua/vm.ts';
import { type LuaThread, luaType } from './lua/wasm.ts';
import { pushCountedError, pushError, raiseError } from './lua-errors.ts';
import { ReplyReader } from './reply-to-lua.ts';
import { sha1Hex } from './sha1.ts';

/** The run of a script as its redis.* functions see it. */
export interface RunApi {
  /** Runs a command. An encoded reply, or why it may not be called (an error text as pushError takes it). */
  call(argv: readonly string[]): { readonly reply: string } | { readonly refused: string };
  setResp(version: 2 | 3): void;
  /** Where writes go from now on. */
  setReplication(targets: Replicated): void;
  /** Whether the user may run a command; undefined when there is no such command. */
  mayRun(argv: readonly string[]): boolean | undefined;
}

/** As the constants redis.REPL_*: 1 for the AOF, 2 for replicas. */
export type Replicated = 0 | 1 | 2 | 3;

/** What the functions of a state need. */
export interface ApiHost {
  /** Undefined while none is under way. */
  readonly run: RunApi | undefined;
  readonly random: ScriptRandom;
  log(level: LogLevel, text: string): void;
  /** From which level on there is a log. */
  logs(level: LogLevel): boolean;
}

const levels: readonly LogLevel[] = ['debug', 'verbose', 'notice', 'warning'];
const replication = { REPL_NONE: 0, REPL_AOF: 1, REPL_SLAVE: 2, REPL_REPLICA: 2, REPL_ALL: 3 };

/** "7.0.15" as 0x00070000f. */
function versionNumber(): number {
  const [major = 0, minor = 0, patch = 0] = redisVersion.split('.').map(Number);
  return (major << 16) | (minor << 8) | patch;
}

export class RedisApi {
  readonly #vm: LuaVm;
  readonly #host: ApiHost;

  constructor(vm: LuaVm, host: ApiHost) {
    this.#vm = vm;
    this.#host = host;
  }

  /** Pushes the table; `forEval` with what only EVAL's has. */
  push(L: LuaThread, forEval: boolean): void {
    this.pushLog(L);
    const functions: Record<string, LuaFunction> = {
      call: (thread) => this.#call(thread, true),
      pcall: (thread) => this.#call(thread, false),
      setresp: (thread) => this.#setResp(thread),
      sha1hex: (thread) => this.#sha1(thread),
      error_reply: (thread) => this.#errorReply(thread),
      status_reply: (thread) => this.#statusReply(thread),
      set_repl: (thread) => this.#setReplication(thread),
      acl_check_cmd: (thread) => this.#mayRun(thread),
      ...(forEval && {
        breakpoint: (thread) => this.#boolean(thread, false),
        debug: () => 0,
        replicate_commands: (thread) => this.#boolean(thread, true),
      }),
    };
    this.setFunctions(L, functions);
    this.#setNumbers(L, replication);
  }

  /** Pushes a table with what a library may use while it loads: the log, and the version. */
  pushLog(L: LuaThread): void {
    const vm = this.#vm;
    vm.api.lua_createtable(L, 0, 24);
    this.setFunctions(L, { log: (thread) => this.#log(thread) });
    this.#setNumbers(L, { REDIS_VERSION_NUM: versionNumber() });
    this.#setNumbers(L, Object.fromEntries(levels.map((level, i) => [`LOG_${level.toUpperCase()}`, i])));
    vm.push(L, redisVersion);
    vm.setRawField(L, -2, 'REDIS_VERSION');
  }

  setFunctions(L: LuaThread, functions: Readonly<Record<string, LuaFunction>>): void {
    for (const [name, fn] of Object.entries(functions)) {
      this.#vm.pushFunction(L, fn);
      this.#vm.setRawField(L, -2, name);
    }
  }

  #setNumbers(L: LuaThread, numbers: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(numbers)) {
      this.#vm.api.lua_pushnumber(L, value);
      this.#vm.setRawField(L, -2, name);
    }
  }

  /** math.random and math.randomseed, for the table on top. */
  setRandom(L: LuaThread): void {
    this.setFunctions(L, {
      random: (thread) => this.#random(thread),
      randomseed: (thread) => this.#randomSeed(thread),
    });
  }

  #boolean(L: LuaThread, value: boolean): number {
    this.#vm.api.lua_pushboolean(L, value ? 1 : 0);
    return 1;
  }

  #running(L: LuaThread, name: string): RunApi {
    return this.#host.run ?? raiseError(this.#vm, L, `${name} can only be called inside a script invocation`);
  }

  /** The arguments of redis.call; an error text when they are none. */
  #arguments(L: LuaThread): string[] | string {
    const { api } = this.#vm;
    const count = api.lua_gettop(L);
    if (count === 0) return 'Please specify at least one argument for this redis lib call';
    const argv: string[] = [];
    for (let i = 1; i <= count; i++) {
      const text =
        api.lua_type(L, i) === luaType.number ? formatDouble(api.lua_tonumber(L, i)) : this.#vm.text(L, i);
      if (text === undefined) return 'Lua redis lib command arguments must be strings or integers';
      argv.push(text);
    }
    return argv;
  }

  #call(L: LuaThread, raises: boolean): number {
    const vm = this.#vm;
    const run = this.#running(L, 'redis.call/pcall');
    const argv = this.#arguments(L);
    vm.api.lua_settop(L, 0);
    if (typeof argv === 'string') {
      pushError(vm, L, argv);
      return raises ? vm.raiseTop(L) : 1;
    }
    const answer = run.call(argv);
    if ('refused' in answer) {
      pushCountedError(vm, L, answer.refused);
      return raises ? vm.raiseTop(L) : 1;
    }
    new ReplyReader(vm, answer.reply).push(L);
    return raises && answer.reply.charCodeAt(0) === 45 ? vm.raiseTop(L) : 1;
  }

  #setResp(L: LuaThread): number {
    const vm = this.#vm;
    const run = this.#running(L, 'redis.setresp');
    if (vm.api.lua_gettop(L) !== 1) raiseError(vm, L, 'redis.setresp() requires one argument.');
    const version = Math.trunc(vm.api.lua_tonumber(L, 1));
    if (version !== 2 && version !== 3) return raiseError(vm, L, 'RESP version must be 2 or 3.');
    run.setResp(version);
    return 0;
  }

  #sha1(L: LuaThread): number {
    const vm = this.#vm;
    if (vm.api.lua_gettop(L) !== 1) raiseError(vm, L, 'wrong number of arguments');
    vm.push(L, sha1Hex(vm.text(L, 1) ?? ''));
    return 1;
  }

  /** The one text that error_reply and status_reply take; undefined after an error was pushed. */
  #oneText(L: LuaThread): string | undefined {
    const vm = this.#vm;
    if (vm.api.lua_gettop(L) === 1 && vm.api.lua_type(L, 1) === luaType.string) return vm.text(L, 1);
    pushError(vm, L, 'wrong number or type of arguments');
    return undefined;
  }

  #errorReply(L: LuaThread): number {
    const text = this.#oneText(L);
    if (text !== undefined) pushError(this.#vm, L, text.startsWith('-') ? text : `-${text}`);
    return 1;
  }

  #statusReply(L: LuaThread): number {
    const vm = this.#vm;
    if (this.#oneText(L) === undefined) return 1;
    vm.api.lua_createtable(L, 0, 1);
    vm.api.lua_pushvalue(L, 1);
    vm.setRawField(L, -2, 'ok');
    return 1;
  }

  #setReplication(L: LuaThread): number {
    const vm = this.#vm;
    const run = this.#running(L, 'redis.set_repl');
    if (vm.api.lua_gettop(L) !== 1) raiseError(vm, L, 'redis.set_repl() requires two arguments.');
    const targets = Math.trunc(vm.api.lua_tonumber(L, 1));
    if (targets !== 0 && targets !== 1 && targets !== 2 && targets !== 3)
      return raiseError(
        vm,
        L,
        'Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.',
      );
    run.setReplication(targets);
    return 0;
  }

  #mayRun(L: LuaThread): number {
    const vm = this.#vm;
    const run = this.#running(L, 'redis.acl_check_cmd');
    const argv = this.#arguments(L);
    if (typeof argv === 'string') return raiseError(vm, L, argv);
    const may = run.mayRun(argv);
    if (may === undefined) return raiseError(vm, L, 'Invalid command passed to redis.acl_check_cmd()');
    return this.#boolean(L, may);
  }

  #log(L: LuaThread): number {
    const vm = this.#vm;
    const { api } = vm;
    const count = api.lua_gettop(L);
    if (count < 2) raiseError(vm, L, 'redis.log() requires two arguments or more.');
    if (api.lua_isnumber(L, 1) === 0) raiseError(vm, L, 'First argument must be a number (log level).');
    const level = levels[Math.trunc(api.lua_tonumber(L, 1))];
    if (level === undefined) return raiseError(vm, L, 'Invalid debug level.');
    if (!this.#host.logs(level)) return 0;
    const texts: string[] = [];
    for (let i = 2; i <= count; i++) {
      const text = vm.text(L, i);
      if (text !== undefined) texts.push(text);
    }
    this.#host.log(level, texts.join(' '));
    return 0;
  }

  #random(L: LuaThread): number {
    const vm = this.#vm;
    const { api } = vm;
    if (this.#host.run === undefined)
      vm.raiseAt(L, 'math.random can only be called inside a script invocation');
    const part = (this.#host.random.next() % RANDOM_MAX) / RANDOM_MAX;
    switch (api.lua_gettop(L)) {
      case 0:
        api.lua_pushnumber(L, part);
        return 1;
      case 1: {
        const upper = api.luaL_checkinteger(L, 1);
        if (upper < 1) vm.argumentError(L, 1, 'interval is empty');
        api.lua_pushnumber(L, Math.floor(part * upper) + 1);
        return 1;
      }
      case 2: {
        const lower = api.luaL_checkinteger(L, 1);
        const upper = api.luaL_checkinteger(L, 2);
        if (lower > upper) vm.argumentError(L, 2, 'interval is empty');
        api.lua_pushnumber(L, Math.floor(part * ((upper - lower + 1) | 0)) + lower);
        return 1;
      }
      default:
        return vm.raiseAt(L, 'wrong number of arguments');
    }
  }

  #randomSeed(L: LuaThread): number {
    const vm = this.#vm;
    if (this.#host.run === undefined)
      vm.raiseAt(L, 'math.randomseed can only be called inside a script invocation');
    this.#host.random.seed(vm.api.luaL_checkinteger(L, 1));
    return 0;
  }
}
