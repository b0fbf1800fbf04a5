/**
 * Owns the way of a script's result to its client: a value of Lua becomes a reply, an error that ended a script an error
 * reply. Source: Redis script_lua.c luaReplyToRedisReply, luaExtractErrorInformation, luaCallFunction.
 */
import {
  array,
  boolean,
  bulk,
  error,
  integer,
  map,
  nullBulk,
  type RespVersion,
  set,
  simple,
  verbatim,
} from '../../protocol/resp/encode.ts';
import { formatDouble } from '../../protocol/text/double.ts';
import type { LuaVm } from './lua/vm.ts';
import { type LuaThread, luaType } from './lua/wasm.ts';

const INT64_MIN = -(2n ** 63n);

/** A script's number as C casts it to a long long. */
function truncated(value: number): string {
  if (Number.isSafeInteger(value)) return integer(value);
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 63) return integer(INT64_MIN);
  return integer(BigInt(Math.trunc(value)));
}

function cText(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** Without the line breaks at its end; `error` makes blanks of others. */
function errorReply(text: string): string {
  return error(cText(text).replace(/[\r\n]+$/, ''));
}

export interface Result {
  readonly reply: string;
  /** An error of a command, which was counted where it happened. */
  readonly counted: boolean;
}

/** A table whose elements are being read. On Lua's stack lie the table, for a map and a set also the one within it. */
interface Open {
  readonly kind: 'array' | 'map' | 'set';
  readonly items: string[];
}

export class ResultReader {
  readonly #vm: LuaVm;
  /** As redis.setresp left it: what booleans mean. */
  readonly #scriptResp: RespVersion;
  readonly #resp: RespVersion;
  #counted = false;

  constructor(vm: LuaVm, scriptResp: RespVersion, resp: RespVersion) {
    this.#vm = vm;
    this.#scriptResp = scriptResp;
    this.#resp = resp;
  }

  /** Takes the value from the top of the stack. Tables may be as deep as Lua's stack allows, which is deeper than JavaScript's. */
  take(L: LuaThread): Result {
    const open: Open[] = [];
    let reply = this.#enter(L, open);
    for (;;) {
      if (reply === undefined) {
        reply = this.#enter(L, open);
        continue;
      }
      const table = open.at(-1);
      if (table === undefined) return { reply, counted: this.#counted };
      table.items.push(reply);
      reply = this.#next(L, table) ? undefined : this.#close(L, open);
    }
  }

  /** The reply of the value on top, which it takes away; undefined for a table whose elements come now. */
  #enter(L: LuaThread, open: Open[]): string | undefined {
    const { api } = this.#vm;
    if (api.lua_checkstack(L, 4) === 0) {
      api.lua_settop(L, -2);
      return error('ERR reached lua stack limit');
    }
    const reply = api.lua_type(L, -1) === luaType.table ? this.#table(L) : this.#scalar(L);
    if (reply !== undefined) {
      api.lua_settop(L, -2);
      return reply;
    }
    const table: Open = { kind: this.#openTable(L), items: [] };
    open.push(table);
    return this.#next(L, table) ? undefined : this.#close(L, open);
  }

  #scalar(L: LuaThread): string {
    const { api } = this.#vm;
    switch (api.lua_type(L, -1)) {
      case luaType.string:
        return bulk(this.#vm.text(L, -1) ?? '');
      case luaType.boolean: {
        const value = api.lua_toboolean(L, -1) !== 0;
        if (this.#scriptResp === 3) return boolean(value, this.#resp);
        return value ? integer(1) : nullBulk(this.#resp);
      }
      case luaType.number:
        return truncated(api.lua_tonumber(L, -1));
      default:
        return nullBulk(this.#resp);
    }
  }

  /** What a table stands for by one of its fields; undefined for one with elements. */
  #table(L: LuaThread): string | undefined {
    const vm = this.#vm;
    const failure = vm.rawText(L, -1, 'err');
    if (failure !== undefined) {
      vm.rawField(L, -1, 'ignore_error_stats_update');
      if (vm.api.lua_toboolean(L, -1) !== 0) this.#counted = true;
      vm.api.lua_settop(L, -2);
      return errorReply(failure);
    }
    const status = vm.rawText(L, -1, 'ok');
    if (status !== undefined) return simple(cText(status).replace(/[\r\n]/g, ' '));
    return (
      this.#tagged(L, 'double', luaType.number, () => this.#double(vm.api.lua_tonumber(L, -1))) ??
      this.#tagged(L, 'big_number', luaType.string, () => this.#bigNumber(vm.text(L, -1) ?? '')) ??
      this.#tagged(L, 'verbatim_string', luaType.table, () => this.#verbatim(L))
    );
  }

  /** What `read` makes of a field that has this type; undefined otherwise. */
  #tagged(L: LuaThread, name: string, type: number, read: () => string | undefined): string | undefined {
    const { api } = this.#vm;
    this.#vm.rawField(L, -1, name);
    const reply = api.lua_type(L, -1) === type ? read() : undefined;
    api.lua_settop(L, -2);
    return reply;
  }

  #double(value: number): string {
    const text = formatDouble(value);
    return this.#resp === 2 ? bulk(text) : `,${text}\r\n`;
  }

  #bigNumber(text: string): string {
    const clean = text.replace(/[\r\n]/g, ' ');
    return this.#resp === 2 ? bulk(clean) : `(${clean}\r\n`;
  }

  #verbatim(L: LuaThread): string | undefined {
    const format = this.#vm.rawText(L, -1, 'format');
    const text = this.#vm.rawText(L, -1, 'string');
    if (format === undefined || text === undefined) return undefined;
    return verbatim(text, this.#resp, cText(format).slice(0, 3).padEnd(3, ' '));
  }

  /** Leaves on the stack what `#next` needs to find the first element. */
  #openTable(L: LuaThread): Open['kind'] {
    const { api } = this.#vm;
    for (const kind of ['map', 'set'] as const) {
      this.#vm.rawField(L, -1, kind);
      if (api.lua_type(L, -1) === luaType.table) {
        api.lua_pushnil(L);
        return kind;
      }
      api.lua_settop(L, -2);
    }
    return 'array';
  }

  /** Pushes the next element of the innermost table; false when there is none. A map's key comes before its value. */
  #next(L: LuaThread, { kind, items }: Open): boolean {
    const { api } = this.#vm;
    if (kind === 'array') {
      api.lua_rawgeti(L, -1, items.length + 1);
      if (api.lua_type(L, -1) !== luaType.nil) return true;
      api.lua_settop(L, -2);
      return false;
    }
    // Behind a key lies its value already.
    if (kind === 'map' && items.length % 2 === 1) return true;
    if (api.lua_next(L, -2) === 0) {
      api.lua_settop(L, -2);
      return false;
    }
    if (kind === 'set') api.lua_settop(L, -2);
    api.lua_pushvalue(L, kind === 'set' ? -1 : -2);
    return true;
  }

  /** The reply of the innermost table, whose elements have all been read. */
  #close(L: LuaThread, open: Open[]): string {
    const table = open.pop();
    this.#vm.api.lua_settop(L, -2);
    if (table === undefined) throw new Error('no table is open');
    if (table.kind === 'map') return map(table.items, this.#resp);
    return table.kind === 'set' ? set(table.items, this.#resp) : array(table.items);
  }
}

/**
 * The error that ended a run, on top of its thread, whose stack still stands. `name`: of the script in the text.
 */
export function failureOf(vm: LuaVm, L: LuaThread, name: string): Result {
  const { api } = vm;
  if (api.lua_type(L, -1) === luaType.string && vm.text(L, -1) === 'not enough memory')
    return { reply: errorReply(`ERR Error running script ${name}, not enough memory`), counted: false };
  const { text, counted } = errorText(vm, L);
  const place = placeInScript(vm, L);
  const where = place === undefined ? '' : ` script: ${name}, on ${place.source}:${place.line}.`;
  return { reply: errorReply(`${text}${where}`), counted };
}

/** Functions that are written in Lua, but not by the script. */
const ownSources = ['=library', '=caller'];

/** Where the script was: the function that failed, or who called it if that is not written in Lua, or not by the script. */
function placeInScript(vm: LuaVm, L: LuaThread): ReturnType<LuaVm['place']> {
  let level = 0;
  let place = vm.place(L, level);
  if (place?.isNative) place = vm.place(L, ++level);
  while (place !== undefined && ownSources.includes(place.source)) place = vm.place(L, ++level);
  return place;
}

/** The text of the error on top of a stack, with its code. */
export function errorText(vm: LuaVm, L: LuaThread): { readonly text: string; readonly counted: boolean } {
  const { api } = vm;
  if (api.lua_type(L, -1) !== luaType.table) return { text: `ERR ${shown(vm, L)}`, counted: false };
  vm.rawField(L, -1, 'err');
  const text = api.lua_isstring(L, -1) !== 0 ? vm.text(L, -1) : undefined;
  api.lua_settop(L, -2);
  vm.rawField(L, -1, 'ignore_error_stats_update');
  const counted = api.lua_type(L, -1) === luaType.boolean && api.lua_toboolean(L, -1) !== 0;
  api.lua_settop(L, -2);
  return { text: text ?? 'ERR unknown error', counted };
}

/** As tostring, without metamethods. */
function shown(vm: LuaVm, L: LuaThread): string {
  const { api } = vm;
  switch (api.lua_type(L, -1)) {
    case luaType.nil:
      return 'nil';
    case luaType.boolean:
      return api.lua_toboolean(L, -1) !== 0 ? 'true' : 'false';
    case luaType.string:
    case luaType.number:
      return vm.text(L, -1) ?? '';
    case luaType.function:
      return `function: 0x${api.lua_topointer(L, -1).toString(16)}`;
    case luaType.thread:
      return `thread: 0x${api.lua_topointer(L, -1).toString(16)}`;
    default:
      return `userdata: 0x${api.lua_topointer(L, -1).toString(16)}`;
  }
}
