/**
 * Owns the encoding of Lua's values as JSON. Source: Redis lua_cjson.c json_append_data and what it calls.
 */
import { formatSignificant } from '../../../protocol/text/double.ts';
import type { LuaVm } from '../lua/vm.ts';
import { type LuaThread, luaType } from '../lua/wasm.ts';
import { setting, settingOf } from './cjson.ts';

/** A longer text is not made. */
const MAX_CHARS = 1 << 28;
/** Nor one with more gaps: settings that allow sparse arrays could ask for endless ones. */
const MAX_GAPS = 1 << 20;

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
};

function quoted(text: string): string {
  const escaped = text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is escaped
    /[\x00-\x1f"\\/\x7f]/g,
    (char) => escapes[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped}"`;
}

const typeNames = [
  'nil',
  'boolean',
  'userdata',
  'number',
  'string',
  'table',
  'function',
  'userdata',
  'thread',
];

export class JsonEncoder {
  readonly #vm: LuaVm;
  readonly #L: LuaThread;
  readonly #parts: string[] = [];
  #chars = 0;
  #gaps = 0;
  readonly #maxDepth: number;
  readonly #invalidNumbers: number;
  readonly #precision: number;

  /** With the settings that are the upvalue of the function that runs. */
  constructor(vm: LuaVm, L: LuaThread) {
    this.#vm = vm;
    this.#L = L;
    this.#maxDepth = settingOf(vm, L, setting.encodeMaxDepth);
    this.#invalidNumbers = settingOf(vm, L, setting.encodeInvalidNumbers);
    this.#precision = settingOf(vm, L, setting.encodePrecision);
  }

  /** The value on top of the stack, which stays there. */
  encode(): string {
    this.#append(0);
    return this.#parts.join('');
  }

  #write(text: string): void {
    this.#chars += text.length;
    if (this.#chars > MAX_CHARS) this.#vm.raise(this.#L, 'not enough memory');
    this.#parts.push(text);
  }

  #append(depth: number): void {
    const vm = this.#vm;
    const L = this.#L;
    const { api } = vm;
    const type = api.lua_type(L, -1);
    switch (type) {
      case luaType.string:
        this.#write(quoted(vm.text(L, -1) ?? ''));
        return;
      case luaType.number:
        this.#write(this.#number(-1));
        return;
      case luaType.boolean:
        this.#write(api.lua_toboolean(L, -1) !== 0 ? 'true' : 'false');
        return;
      case luaType.table:
        this.#table(depth + 1);
        return;
      case luaType.nil:
        if (++this.#gaps > MAX_GAPS) vm.raise(L, 'not enough memory');
        this.#write('null');
        return;
      default:
        // The only light userdata there is stands for null.
        if (type === luaType.lightUserdata) {
          this.#write('null');
          return;
        }
        this.#refuse(-1, 'type not supported');
        return;
    }
  }

  #refuse(index: number, reason: string): never {
    const type = typeNames[this.#vm.api.lua_type(this.#L, index)] ?? 'no value';
    return this.#vm.raiseAt(this.#L, `Cannot serialise ${type}: ${reason}`);
  }

  #number(index: number): string {
    const value = this.#vm.api.lua_tonumber(this.#L, index);
    if (!Number.isFinite(value)) {
      if (this.#invalidNumbers === 0) this.#refuse(index, 'must not be NaN or Inf');
      if (this.#invalidNumbers === 2) return 'null';
    }
    return formatSignificant(value, this.#precision);
  }

  #table(depth: number): void {
    const vm = this.#vm;
    if (depth > this.#maxDepth || vm.api.lua_checkstack(this.#L, 3) === 0)
      vm.raiseAt(this.#L, `Cannot serialise, excessive nesting (${depth})`);
    const length = this.#arrayLength();
    if (length > 0) this.#array(depth, length);
    else this.#object(depth);
  }

  /** The largest index of a table that has nothing else than indexes; -1 for any other, and for one that is too sparse. */
  #arrayLength(): number {
    const L = this.#L;
    const { api } = this.#vm;
    let max = 0;
    let items = 0;
    api.lua_pushnil(L);
    while (api.lua_next(L, -2) !== 0) {
      const key = api.lua_type(L, -2) === luaType.number ? api.lua_tonumber(L, -2) : 0;
      if (Math.floor(key) !== key || !(key >= 1)) {
        api.lua_settop(L, -3);
        return -1;
      }
      max = Math.max(max, key);
      items++;
      api.lua_settop(L, -2);
    }
    const ratio = settingOf(this.#vm, L, setting.sparseRatio);
    if (ratio > 0 && max > items * ratio && max > settingOf(this.#vm, L, setting.sparseSafe)) {
      if (settingOf(this.#vm, L, setting.sparseConvert) === 0) this.#refuse(-1, 'excessively sparse array');
      return -1;
    }
    return max;
  }

  #array(depth: number, length: number): void {
    const L = this.#L;
    const { api } = this.#vm;
    this.#write('[');
    for (let i = 1; i <= length; i++) {
      if (i > 1) this.#write(',');
      api.lua_rawgeti(L, -1, i);
      this.#append(depth);
      api.lua_settop(L, -2);
    }
    this.#write(']');
  }

  #object(depth: number): void {
    const vm = this.#vm;
    const L = this.#L;
    const { api } = vm;
    this.#write('{');
    let first = true;
    api.lua_pushnil(L);
    while (api.lua_next(L, -2) !== 0) {
      if (!first) this.#write(',');
      first = false;
      const type = api.lua_type(L, -2);
      if (type === luaType.number) this.#write(`"${this.#number(-2)}":`);
      else if (type === luaType.string) this.#write(`${quoted(vm.text(L, -2) ?? '')}:`);
      else this.#refuse(-2, 'table key must be a number or string');
      this.#append(depth);
      api.lua_settop(L, -2);
    }
    this.#write('}');
  }
}
