/**
 * Owns the reading of JSON into Lua's values, as tolerant and as strict as Redis's. Source: Redis lua_cjson.c json_next_token,
 * json_process_value and what they call.
 */
import { parseNumberPrefix } from '../../../protocol/text/double.ts';
import type { LuaVm } from '../lua/vm.ts';
import type { LuaThread } from '../lua/wasm.ts';
import { setting, settingOf } from './cjson.ts';

type Token =
  | { readonly type: 'T_STRING'; readonly at: number; readonly text: string }
  | { readonly type: 'T_NUMBER'; readonly at: number; readonly value: number }
  | { readonly type: 'T_BOOLEAN'; readonly at: number; readonly value: boolean }
  | { readonly type: Punctuation | 'T_NULL' | 'T_END'; readonly at: number }
  | { readonly type: 'T_ERROR'; readonly at: number; readonly text: string };

type Punctuation = 'T_OBJ_BEGIN' | 'T_OBJ_END' | 'T_ARR_BEGIN' | 'T_ARR_END' | 'T_COLON' | 'T_COMMA';

const punctuation: Readonly<Record<string, Punctuation>> = {
  '{': 'T_OBJ_BEGIN',
  '}': 'T_OBJ_END',
  '[': 'T_ARR_BEGIN',
  ']': 'T_ARR_END',
  ':': 'T_COLON',
  ',': 'T_COMMA',
};

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
};

const blanks = /[ \t\n\r]*/y;
/** Up to the end of the string, an escape, or the end of the text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a zero byte ends a text of C
const plainChars = /[^"\\\x00]*/y;

/** The bytes of a code point, each as a character. */
function utf8(codePoint: number): string {
  return Buffer.from(String.fromCodePoint(codePoint), 'utf8').toString('latin1');
}

export class JsonDecoder {
  readonly #vm: LuaVm;
  readonly #L: LuaThread;
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #invalidNumbers: boolean;
  #at = 0;
  #depth = 0;

  /** With the settings that are the upvalue of the function that runs. */
  constructor(vm: LuaVm, L: LuaThread, text: string) {
    this.#vm = vm;
    this.#L = L;
    this.#text = text;
    this.#maxDepth = settingOf(vm, L, setting.decodeMaxDepth);
    this.#invalidNumbers = settingOf(vm, L, setting.decodeInvalidNumbers) !== 0;
  }

  /** Pushes the one value of the text. */
  decode(): void {
    this.#value(this.#next());
    const token = this.#next();
    if (token.type !== 'T_END') this.#unexpected('the end', token);
  }

  #unexpected(expected: string, token: Token): never {
    const found = token.type === 'T_ERROR' ? token.text : token.type;
    return this.#vm.raiseAt(this.#L, `Expected ${expected} but found ${found} at character ${token.at + 1}`);
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #next(): Token {
    this.#skip(blanks);
    const at = this.#at;
    const char = this.#text[at] ?? '\0';
    // The text ends at a zero byte, wherever that is.
    if (char === '\0') return { type: 'T_END', at };
    const mark = punctuation[char];
    if (mark !== undefined) {
      this.#at++;
      return { type: mark, at };
    }
    if (char === '"') return this.#string();
    if (char === '-' || (char >= '0' && char <= '9')) {
      if (!this.#invalidNumbers && this.#isInvalidNumber()) return this.#error('invalid number');
      return this.#number();
    }
    if (!'fiInNt+'.includes(char)) return this.#error('invalid token');
    for (const [word, token] of [
      ['true', { type: 'T_BOOLEAN', at, value: true }],
      ['false', { type: 'T_BOOLEAN', at, value: false }],
      ['null', { type: 'T_NULL', at }],
    ] as const) {
      if (!this.#text.startsWith(word, at)) continue;
      this.#at += word.length;
      return token;
    }
    if (this.#invalidNumbers && this.#isInvalidNumber()) return this.#number();
    return this.#error('invalid token');
  }

  #error(text: string): Token {
    return { type: 'T_ERROR', at: this.#at, text };
  }

  /** What C reads as a number and JSON does not allow: a plus, hexadecimal digits, zeros before others, inf, nan. */
  #isInvalidNumber(): boolean {
    const text = this.#text.slice(this.#at, this.#at + 4).toLowerCase();
    return /^(?:\+|-?(?:0[x0-9]|inf|nan))/.test(text);
  }

  #number(): Token {
    const at = this.#at;
    const number = parseNumberPrefix(this.#text, at);
    if (number === undefined) return this.#error('invalid number');
    this.#at = number.end;
    return { type: 'T_NUMBER', at, value: number.value };
  }

  #string(): Token {
    const at = this.#at++;
    let text = '';
    for (;;) {
      text += this.#skip(plainChars);
      const char = this.#text[this.#at] ?? '\0';
      if (char === '\0') return this.#error('unexpected end of string');
      if (char === '"') {
        this.#at++;
        return { type: 'T_STRING', at, text };
      }
      const letter = this.#text[this.#at + 1] ?? '';
      if (letter === 'u') {
        const unicode = this.#unicodeEscape();
        if (unicode === undefined) return this.#error('invalid unicode escape code');
        text += unicode;
        continue;
      }
      const meant = escapes[letter];
      if (meant === undefined) return this.#error('invalid escape code');
      text += meant;
      this.#at += 2;
    }
  }

  #hex4(at: number): number {
    const digits = this.#text.slice(at, at + 4);
    return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
  }

  /** Reads "\uXXXX", or two of them for a pair of surrogates. */
  #unicodeEscape(): string | undefined {
    const first = this.#hex4(this.#at + 2);
    if (first < 0) return undefined;
    if ((first & 0xf800) !== 0xd800) {
      this.#at += 6;
      return utf8(first);
    }
    if ((first & 0x400) !== 0 || !this.#text.startsWith('\\u', this.#at + 6)) return undefined;
    const second = this.#hex4(this.#at + 8);
    if (second < 0 || (second & 0xfc00) !== 0xdc00) return undefined;
    this.#at += 12;
    return utf8((((first & 0x3ff) << 10) | (second & 0x3ff)) + 0x10000);
  }

  #value(token: Token): void {
    const vm = this.#vm;
    const L = this.#L;
    switch (token.type) {
      case 'T_STRING':
        vm.push(L, token.text);
        return;
      case 'T_NUMBER':
        vm.api.lua_pushnumber(L, token.value);
        return;
      case 'T_BOOLEAN':
        vm.api.lua_pushboolean(L, token.value ? 1 : 0);
        return;
      case 'T_OBJ_BEGIN':
        this.#object();
        return;
      case 'T_ARR_BEGIN':
        this.#array();
        return;
      case 'T_NULL':
        vm.api.lua_pushlightuserdata(L, 0);
        return;
      default:
        this.#unexpected('value', token);
        return;
    }
  }

  #descend(slots: number): void {
    const vm = this.#vm;
    this.#depth++;
    if (this.#depth <= this.#maxDepth && vm.api.lua_checkstack(this.#L, slots) !== 0) return;
    vm.raiseAt(this.#L, `Found too many nested data structures (${this.#depth}) at character ${this.#at}`);
  }

  #object(): void {
    const vm = this.#vm;
    this.#descend(3);
    vm.api.lua_createtable(this.#L, 0, 0);
    let token = this.#next();
    if (token.type !== 'T_OBJ_END') {
      for (;;) {
        if (token.type !== 'T_STRING') this.#unexpected('object key string', token);
        else vm.push(this.#L, token.text);
        token = this.#next();
        if (token.type !== 'T_COLON') this.#unexpected('colon', token);
        this.#value(this.#next());
        vm.api.lua_rawset(this.#L, -3);
        token = this.#next();
        if (token.type === 'T_OBJ_END') break;
        if (token.type !== 'T_COMMA') this.#unexpected('comma or object end', token);
        token = this.#next();
      }
    }
    this.#depth--;
  }

  #array(): void {
    const { api } = this.#vm;
    this.#descend(2);
    api.lua_createtable(this.#L, 0, 0);
    let token = this.#next();
    if (token.type !== 'T_ARR_END') {
      for (let i = 1; ; i++) {
        this.#value(token);
        api.lua_rawseti(this.#L, -2, i);
        token = this.#next();
        if (token.type === 'T_ARR_END') break;
        if (token.type !== 'T_COMMA') this.#unexpected('comma or array end', token);
        token = this.#next();
      }
    }
    this.#depth--;
  }
}
