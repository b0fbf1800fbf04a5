/**
 * Owns the library `struct`: values of C packed into strings and read from them. Sizes and alignment are those of 64-bit Linux.
 * Source: Redis deps/lua/src/lua_struct.c.
 */
import type { LuaFunction, LuaVm } from '../lua/vm.ts';
import type { LuaThread } from '../lua/wasm.ts';

const MAX_INTEGER_BYTES = 32;
const MAX_ALIGNMENT = 8;
const INT_MAX = 2147483647;
const BITS_64 = (1n << 64n) - 1n;

const fixedSizes: Readonly<Record<string, number>> = {
  B: 1,
  b: 1,
  H: 2,
  h: 2,
  L: 8,
  l: 8,
  T: 8,
  f: 4,
  d: 8,
  x: 1,
};

/** A format as it is read, with the options that hold from there on. */
class Format {
  readonly #vm: LuaVm;
  readonly #L: LuaThread;
  readonly #text: string;
  #at = 0;
  #align = 1;
  littleEndian = true;

  constructor(vm: LuaVm, L: LuaThread) {
    this.#vm = vm;
    this.#L = L;
    const text = vm.checkText(L, 1);
    const end = text.indexOf('\0');
    this.#text = end < 0 ? text : text.slice(0, end);
  }

  /** The next option with its size, and the bytes that align it at `position`; undefined at the end. */
  next(
    position: number,
  ): { readonly option: string; readonly size: number; readonly padding: number } | undefined {
    const option = this.#text[this.#at++];
    if (option === undefined) return undefined;
    const size = this.#sizeOf(option);
    return { option, size, padding: this.#padding(position, option, size) };
  }

  #sizeOf(option: string): number {
    if (option === 'c') return this.#number(1);
    if (option !== 'i' && option !== 'I') return fixedSizes[option] ?? 0;
    const size = this.#number(4);
    if (size > MAX_INTEGER_BYTES)
      this.#vm.raiseAt(this.#L, `integral size ${size} is larger than limit of ${MAX_INTEGER_BYTES}`);
    return size;
  }

  #number(otherwise: number): number {
    let value: number | undefined;
    for (;;) {
      const digit = this.#text.charCodeAt(this.#at) - 48;
      if (!(digit >= 0 && digit <= 9)) return value ?? otherwise;
      value = (value ?? 0) * 10 + digit;
      if (value > INT_MAX) this.#vm.raiseAt(this.#L, 'integral size overflow');
      this.#at++;
    }
  }

  #padding(position: number, option: string, size: number): number {
    if (size === 0 || option === 'c') return 0;
    const unit = Math.min(size, this.#align);
    return (unit - (position & (unit - 1))) & (unit - 1);
  }

  /** An option that changes how the others are read. */
  control(option: string): void {
    switch (option) {
      case ' ':
        return;
      case '>':
        this.littleEndian = false;
        return;
      case '<':
        this.littleEndian = true;
        return;
      case '!': {
        const align = this.#number(MAX_ALIGNMENT);
        if (align <= 0 || (align & (align - 1)) !== 0)
          this.#vm.raiseAt(this.#L, `alignment ${align} is not a power of 2`);
        this.#align = align;
        return;
      }
      default:
        this.#vm.argumentError(this.#L, 1, `invalid format option '${option}'`);
    }
  }
}

const integerOptions = 'bBhHlLTiI';

function toBits64(value: number): bigint {
  if (!Number.isFinite(value)) return 1n << 63n;
  return BigInt.asUintN(64, BigInt(Math.trunc(value)));
}

function integerBytes(value: number, size: number, littleEndian: boolean): string {
  let rest = toBits64(value);
  let text = '';
  for (let i = 0; i < size; i++) {
    const byte = String.fromCharCode(Number(rest & 0xffn));
    text = littleEndian ? text + byte : byte + text;
    rest >>= 8n;
  }
  return text;
}

function readIntegerBytes(
  data: string,
  at: number,
  size: number,
  littleEndian: boolean,
  signed: boolean,
): number {
  let value = 0n;
  for (let i = 0; i < size; i++) {
    const index = littleEndian ? at + size - 1 - i : at + i;
    value = ((value << 8n) | BigInt(data.charCodeAt(index))) & BITS_64;
  }
  if (!signed) return Number(value);
  // Shifts count modulo 64, as the processor does for the odd sizes.
  const mask = (BITS_64 << BigInt((size * 8 - 1) & 63)) & BITS_64;
  if ((value & mask) !== 0n) value |= mask;
  return Number(BigInt.asIntN(64, value));
}

function floatBytes(value: number, size: number, littleEndian: boolean): string {
  const bytes = Buffer.alloc(size);
  if (size === 4) littleEndian ? bytes.writeFloatLE(value) : bytes.writeFloatBE(value);
  else littleEndian ? bytes.writeDoubleLE(value) : bytes.writeDoubleBE(value);
  return bytes.latin1Slice(0, size);
}

function readFloatBytes(data: string, at: number, size: number, littleEndian: boolean): number {
  const bytes = Buffer.from(data.slice(at, at + size), 'latin1');
  if (size === 4) return littleEndian ? bytes.readFloatLE() : bytes.readFloatBE();
  return littleEndian ? bytes.readDoubleLE() : bytes.readDoubleBE();
}

function pack(vm: LuaVm, L: LuaThread): number {
  const { api } = vm;
  const format = new Format(vm, L);
  // What stands behind the arguments, as errors tell of one that is missing.
  api.lua_pushnil(L);
  let argument = 2;
  const parts: string[] = [];
  let total = 0;
  for (;;) {
    const next = format.next(total);
    if (next === undefined) break;
    const { option, padding } = next;
    let { size } = next;
    parts.push('\0'.repeat(padding));
    if (integerOptions.includes(option))
      parts.push(integerBytes(api.luaL_checknumber(L, argument++), size, format.littleEndian));
    else if (option === 'x') parts.push('\0');
    else if (option === 'f' || option === 'd')
      parts.push(floatBytes(api.luaL_checknumber(L, argument++), size, format.littleEndian));
    else if (option === 'c' || option === 's') {
      const text = vm.checkText(L, argument++);
      if (size === 0) size = text.length;
      if (text.length < size) vm.argumentError(L, argument, 'string too short');
      parts.push(text.slice(0, size));
      if (option === 's') {
        parts.push('\0');
        size++;
      }
    } else format.control(option);
    total += padding + size;
  }
  vm.push(L, parts.join(''));
  return 1;
}

function unpack(vm: LuaVm, L: LuaThread): number {
  const { api } = vm;
  const format = new Format(vm, L);
  const data = vm.checkText(L, 2);
  let position = api.luaL_optinteger(L, 3, 1);
  if (position <= 0) vm.argumentError(L, 3, 'offset must be 1 or greater');
  position--;
  const check = (size: number): void => {
    if (size > data.length || position > data.length - size) vm.argumentError(L, 2, 'data string too short');
  };
  let count = 0;
  for (;;) {
    const next = format.next(position);
    if (next === undefined) break;
    const { option, padding } = next;
    let { size } = next;
    position += padding;
    check(size);
    vm.reserve(L, 2, 'too many results');
    if (integerOptions.includes(option)) {
      const signed = option === option.toLowerCase();
      api.lua_pushnumber(L, readIntegerBytes(data, position, size, format.littleEndian, signed));
      count++;
    } else if (option === 'f' || option === 'd') {
      api.lua_pushnumber(L, readFloatBytes(data, position, size, format.littleEndian));
      count++;
    } else if (option === 'c') {
      if (size === 0) {
        if (count === 0 || api.lua_isnumber(L, -1) === 0) vm.raiseAt(L, "format 'c0' needs a previous size");
        const wanted = api.lua_tonumber(L, -1);
        size = wanted < 0 || Number.isNaN(wanted) ? Number.MAX_SAFE_INTEGER : Math.trunc(wanted);
        api.lua_settop(L, -2);
        count--;
        check(size);
      }
      vm.push(L, data, position, position + size);
      count++;
    } else if (option === 's') {
      const end = data.indexOf('\0', position);
      if (end < 0) vm.raiseAt(L, 'unfinished string in data');
      vm.push(L, data, position, end);
      size = end - position + 1;
      count++;
    } else if (option !== 'x') format.control(option);
    position += size;
  }
  api.lua_pushnumber(L, position + 1);
  return count + 1;
}

function size(vm: LuaVm, L: LuaThread): number {
  const format = new Format(vm, L);
  let position = 0;
  for (;;) {
    const next = format.next(position);
    if (next === undefined) break;
    const { option, size: bytes, padding } = next;
    if (option === 's') vm.argumentError(L, 1, "option 's' has no fixed size");
    if (option === 'c' && bytes === 0) vm.argumentError(L, 1, "option 'c0' has no fixed size");
    if (!/[A-Za-z0-9]/.test(option)) format.control(option);
    position += padding + bytes;
  }
  vm.api.lua_pushnumber(L, position);
  return 1;
}

export function structFunctions(vm: LuaVm): Readonly<Record<string, LuaFunction>> {
  return {
    pack: (L) => pack(vm, L),
    unpack: (L) => unpack(vm, L),
    size: (L) => size(vm, L),
  };
}
