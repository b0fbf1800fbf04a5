/**
 * Owns the library `bit`: operations on 32 bits. Source: Redis deps/lua/src/lua_bit.c (Lua BitOp 1.0.2).
 */
import type { LuaFunction, LuaVm } from '../lua/vm.ts';
import type { LuaThread } from '../lua/wasm.ts';

/** Added to a number, it leaves the number's low 32 bits in the low 32 of the sum's mantissa. */
const SHIFT = 6755399441055744;
const sum = new Float64Array(1);
const sumBits = new DataView(sum.buffer);

function lowBits(value: number): number {
  sumBits.setFloat64(0, value + SHIFT);
  return sumBits.getInt32(4);
}

function swapped(b: number): number {
  return (b >>> 24) | ((b >>> 8) & 0xff00) | ((b & 0xff00) << 8) | (b << 24);
}

/** Hexadecimal digits, upper case for a negative count. */
function hex(b: number, wanted: number): string {
  const digits = Math.min(8, Math.abs(wanted));
  const text = (b >>> 0)
    .toString(16)
    .padStart(8, '0')
    .slice(8 - digits);
  return wanted < 0 ? text.toUpperCase() : text;
}

export function bitFunctions(vm: LuaVm): Readonly<Record<string, LuaFunction>> {
  const { api } = vm;
  const argument = (L: LuaThread, index: number): number => {
    const bits = lowBits(api.lua_tonumber(L, index));
    if (bits === 0 && api.lua_isnumber(L, index) === 0) api.luaL_typerror(L, index, vm.constant('number'));
    return bits;
  };
  const one =
    (operation: (b: number) => number): LuaFunction =>
    (L) => {
      api.lua_pushnumber(L, operation(argument(L, 1)) | 0);
      return 1;
    };
  const many =
    (operation: (a: number, b: number) => number): LuaFunction =>
    (L) => {
      let bits = argument(L, 1);
      for (let i = api.lua_gettop(L); i > 1; i--) bits = operation(bits, argument(L, i));
      api.lua_pushnumber(L, bits | 0);
      return 1;
    };
  const shift =
    (operation: (b: number, n: number) => number): LuaFunction =>
    (L) => {
      const bits = argument(L, 1);
      api.lua_pushnumber(L, operation(bits, argument(L, 2) & 31) | 0);
      return 1;
    };
  return {
    tobit: one((b) => b),
    bnot: one((b) => ~b),
    band: many((a, b) => a & b),
    bor: many((a, b) => a | b),
    bxor: many((a, b) => a ^ b),
    lshift: shift((b, n) => b << n),
    rshift: shift((b, n) => b >>> n),
    arshift: shift((b, n) => b >> n),
    rol: shift((b, n) => (b << n) | (b >>> (32 - n))),
    ror: shift((b, n) => (b << (32 - n)) | (b >>> n)),
    bswap: one(swapped),
    tohex: (L) => {
      const bits = argument(L, 1);
      vm.push(L, hex(bits, api.lua_gettop(L) < 2 ? 8 : argument(L, 2)));
      return 1;
    },
  };
}
