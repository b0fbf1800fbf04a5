/**
 * Owns the reading of MessagePack into Lua's values. Source: Redis lua_cmsgpack.c mp_decode_to_lua_type and what it calls.
 */
import { ByteReader, BytesError } from '../../../core/bytes.ts';
import type { LuaVm } from '../lua/vm.ts';
import type { LuaThread } from '../lua/wasm.ts';

/**
 * What cmsgpack packs nests 16 deep at most. Redis goes on until Lua's stack is full, at 4,000; that of JavaScript may be
 * full before.
 */
const DEEPEST = 1000;

class BadFormat extends Error {
  override readonly name = 'BadFormat';
}

/** Pushes at most `limit` values; returns how many, and where what follows them begins. Raises a Lua error otherwise. */
export function unpackValues(
  vm: LuaVm,
  L: LuaThread,
  text: string,
  offset: number,
  limit: number,
): { readonly count: number; readonly end: number } {
  const reader = new ByteReader(Buffer.from(text, 'latin1'), offset);
  const unpacker = new Unpacker(vm, reader);
  let count = 0;
  let failure: string | undefined;
  try {
    for (; reader.remaining > 0 && count < limit; count++) unpacker.push(L);
  } catch (thrown) {
    if (thrown instanceof BytesError) failure = 'Missing bytes in input.';
    else if (thrown instanceof BadFormat) failure = 'Bad data format in input.';
    else throw thrown;
  }
  if (failure !== undefined) vm.raiseAt(L, failure);
  return { count, end: reader.offset };
}

class Unpacker {
  readonly #vm: LuaVm;
  readonly #reader: ByteReader;
  #depth = 0;

  constructor(vm: LuaVm, reader: ByteReader) {
    this.#vm = vm;
    this.#reader = reader;
  }

  push(L: LuaThread): void {
    const vm = this.#vm;
    const type = this.#reader.u8();
    vm.reserve(L, 1, 'too many return values at once; use unpack_one or unpack_limit instead.');
    if (type <= 0x7f) vm.api.lua_pushnumber(L, type);
    else if (type >= 0xe0) vm.api.lua_pushnumber(L, type - 256);
    else if (type >= 0xa0 && type <= 0xbf) this.#text(L, type & 0x1f);
    else if (type >= 0x90 && type <= 0x9f) this.#array(L, type & 0xf);
    else if (type <= 0x8f) this.#map(L, type & 0xf);
    else this.#tagged(L, type);
  }

  #tagged(L: LuaThread, type: number): void {
    const reader = this.#reader;
    const { api } = this.#vm;
    switch (type) {
      case 0xc0:
        api.lua_pushnil(L);
        return;
      case 0xc2:
        api.lua_pushboolean(L, 0);
        return;
      case 0xc3:
        api.lua_pushboolean(L, 1);
        return;
      case 0xca:
        api.lua_pushnumber(L, reader.bytes.readFloatBE(reader.take(4)));
        return;
      case 0xcb:
        api.lua_pushnumber(L, reader.bytes.readDoubleBE(reader.take(8)));
        return;
      case 0xd9:
        this.#text(L, reader.u8());
        return;
      case 0xda:
        this.#text(L, reader.u16be());
        return;
      case 0xdb:
        this.#text(L, reader.u32be());
        return;
      case 0xdc:
        this.#array(L, reader.u16be());
        return;
      case 0xdd:
        this.#array(L, reader.u32be());
        return;
      case 0xde:
        this.#map(L, reader.u16be());
        return;
      case 0xdf:
        this.#map(L, reader.u32be());
        return;
      default:
        api.lua_pushnumber(L, this.#integer(type));
        return;
    }
  }

  #integer(type: number): number {
    const reader = this.#reader;
    switch (type) {
      case 0xcc:
        return reader.u8();
      case 0xcd:
        return reader.u16be();
      case 0xce:
        return reader.u32be();
      case 0xd0:
        return reader.i8();
      case 0xd1:
        return reader.bytes.readInt16BE(reader.take(2));
      case 0xd2:
        return reader.bytes.readInt32BE(reader.take(4));
      case 0xcf:
      case 0xd3:
        // As lua_Integer, which has a sign, holds either.
        return Number(BigInt.asIntN(64, reader.u64be()));
      default:
        throw new BadFormat();
    }
  }

  #text(L: LuaThread, length: number): void {
    this.#vm.push(L, this.#reader.latin1(length));
  }

  #deeper(L: LuaThread): void {
    this.#depth++;
    if (this.#depth > DEEPEST) this.#vm.raiseAt(L, 'stack overflow (in function mp_decode_to_lua_array)');
  }

  #array(L: LuaThread, length: number): void {
    const { api } = this.#vm;
    this.#deeper(L);
    this.#vm.reserve(L, 2, 'in function mp_decode_to_lua_array');
    api.lua_createtable(L, 0, 0);
    for (let i = 1; i <= length; i++) {
      api.lua_pushnumber(L, i);
      this.push(L);
      api.lua_settable(L, -3);
    }
    this.#depth--;
  }

  #map(L: LuaThread, length: number): void {
    const { api } = this.#vm;
    this.#deeper(L);
    api.lua_createtable(L, 0, 0);
    for (let i = 0; i < length; i++) {
      this.push(L);
      this.push(L);
      api.lua_settable(L, -3);
    }
    this.#depth--;
  }
}
