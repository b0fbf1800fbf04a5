/**
 * Owns the functions of Lua whose result shows how wide a C integer is: string.format and tonumber with a base. Redis's Lua
 * has 64 bits there; that of WebAssembly has 32, which a time in milliseconds does not fit. Everything that fits is left to it.
 * Source: Lua 5.1 lstrlib.c str_format, lbaselib.c luaB_tonumber; printf and strtoul of C.
 */
import type { LuaFunction, LuaVm } from './vm.ts';
import { type LuaThread, luaType } from './wasm.ts';

const CONVERSION = /%(?:%|([-+ #0]{0,5})(\d{0,2})(?:\.(\d{0,2}))?([A-Za-z]))/g;
const INT32_MAX = 2 ** 31 - 1;
const UINT64_MAX = 2n ** 64n - 1n;
/** More digits than any number of 64 bits has, in any base. */
const MOST_DIGITS = 64;

/** A double as C makes a 64-bit integer of it: what does not fit becomes the smallest one. */
function toInt64(value: number): bigint {
  return Number.isFinite(value) && Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : -(2n ** 63n);
}

/** The same without a sign: negative ones wrap around, and what is too large becomes 0. */
function toUint64(value: number): bigint {
  if (value >= 2 ** 63) return value < 2 ** 64 ? BigInt(value) : 0n;
  return BigInt.asUintN(64, toInt64(value));
}

/** A number as printf shows it for one conversion (d, i, u, o, x or X), without width. */
function digitsOf(value: number, conversion: string, flags: string, precision: number | undefined): string {
  const signed = conversion === 'd' || conversion === 'i';
  const whole = signed ? toInt64(value) : toUint64(value);
  const base = conversion === 'o' ? 8 : conversion === 'x' || conversion === 'X' ? 16 : 10;
  const magnitude = (whole < 0n ? -whole : whole).toString(base).padStart(precision ?? 1, '0');
  if (signed)
    return `${whole < 0n ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : ''}${magnitude}`;
  if (!flags.includes('#') || whole === 0n || base === 10)
    return conversion === 'X' ? magnitude.toUpperCase() : magnitude;
  if (base === 8) return magnitude.startsWith('0') ? magnitude : `0${magnitude}`;
  return conversion === 'X' ? `0X${magnitude.toUpperCase()}` : `0x${magnitude}`;
}

/** An integer as printf shows it. `width` and `precision` as texts of the format, which may be empty. */
export function formatInteger(
  value: number,
  conversion: string,
  flags: string,
  width: string,
  precision: string | undefined,
): string {
  const text = digitsOf(value, conversion, flags, precision === undefined ? undefined : Number(precision));
  const columns = Number(width);
  if (flags.includes('-')) return text.padEnd(columns);
  if (!flags.includes('0') || precision !== undefined) return text.padStart(columns);
  const prefix = /^(?:[-+ ]|0[xX])?/.exec(text)?.[0] ?? '';
  return prefix + text.slice(prefix.length).padStart(columns - prefix.length, '0');
}

/** string.format: what does not fit 32 bits becomes text before Lua's own function sees it. */
export function longFormat(vm: LuaVm, own: LuaFunction): LuaFunction {
  const { api } = vm;
  /** Whether an argument may be an integer of more than 31 bits, be it as text. */
  const mayBeLong = (L: LuaThread): boolean => {
    for (let argument = api.lua_gettop(L); argument > 1; argument--) {
      const type = api.lua_type(L, argument);
      if (type !== luaType.number && type !== luaType.string) continue;
      const value = api.lua_tonumber(L, argument);
      if (!(value >= 0 && value <= INT32_MAX)) return true;
    }
    return false;
  };
  const shorten = (L: LuaThread): void => {
    let argument = 1;
    const format = vm.checkText(L, 1);
    const shorter = format.replace(CONVERSION, (spec, flags = '', width = '', precision, conversion = '') => {
      if (spec === '%%') return spec;
      argument++;
      if (!'diuoxX'.includes(conversion) || api.lua_isnumber(L, argument) === 0) return spec;
      const value = api.lua_tonumber(L, argument);
      const smallest = conversion === 'd' || conversion === 'i' ? -INT32_MAX : 0;
      if (value >= smallest && value <= INT32_MAX) return spec;
      vm.push(L, formatInteger(value, conversion, flags, width, precision));
      api.lua_replace(L, argument);
      return '%s';
    });
    if (shorter === format) return;
    vm.push(L, shorter);
    api.lua_replace(L, 1);
  };
  return (L) => {
    if (mayBeLong(L)) shorten(L);
    return own(L);
  };
}

/** What strtoul reads of a text; undefined when it is not all of it. */
export function parseUnsigned(text: string, base: number): number | undefined {
  const match = /^[\t-\r ]*([-+]?)([0-9A-Za-z]+)[\t-\r ]*(?:\0|$)/.exec(text);
  if (match === null) return undefined;
  const [, sign, word = ''] = match;
  const digits = base === 16 ? word.replace(/^0x(?=[0-9a-f])/i, '') : word;
  const significant = digits.replace(/^0+/, '');
  let value = 0n;
  for (let place = 0; place < significant.length; place++) {
    const weight = Number.parseInt(significant.charAt(place), 36);
    if (weight >= base) return undefined;
    if (place < MOST_DIGITS) value = value * BigInt(base) + BigInt(weight);
  }
  if (value > UINT64_MAX) return Number(UINT64_MAX);
  return Number(sign === '-' ? BigInt.asUintN(64, -value) : value);
}

/** tonumber: with a base other than ten, numbers have 64 bits. */
export function longToNumber(vm: LuaVm, own: LuaFunction): LuaFunction {
  const { api } = vm;
  const parse = (L: LuaThread): number => {
    const base = Math.trunc(api.lua_tonumber(L, 2));
    if (base === 10 || !(base >= 2 && base <= 36)) return own(L);
    const value = parseUnsigned(vm.checkText(L, 1), base);
    if (value === undefined) api.lua_pushnil(L);
    else api.lua_pushnumber(L, value);
    return 1;
  };
  return (L) => (api.lua_type(L, 2) > luaType.nil && api.lua_isnumber(L, 2) !== 0 ? parse(L) : own(L));
}
