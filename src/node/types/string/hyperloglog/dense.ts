/**
 * Owns the dense representation: all registers of six bits one behind the other, the lowest bits first. Source: Redis
 * hyperloglog.c HLL_DENSE_GET_REGISTER, HLL_DENSE_SET_REGISTER.
 */
import { REGISTERS } from './hash.ts';

const REGISTER_BITS = 6;
export const REGISTER_MAX = (1 << REGISTER_BITS) - 1;
export const DENSE_BYTES = (REGISTERS * REGISTER_BITS) / 8;

/** `start`: where the registers begin in `bytes`. */
export function getRegister(bytes: Uint8Array, start: number, index: number): number {
  const bit = index * REGISTER_BITS;
  const at = start + (bit >> 3);
  // The last register ends with the last byte: what would lie behind it has no part in it.
  return (((bytes[at] as number) | ((bytes[at + 1] ?? 0) << 8)) >> (bit & 7)) & REGISTER_MAX;
}

export function setRegister(bytes: Uint8Array, start: number, index: number, count: number): void {
  const bit = index * REGISTER_BITS;
  const at = start + (bit >> 3);
  const shift = bit & 7;
  bytes[at] = ((bytes[at] as number) & ~(REGISTER_MAX << shift)) | (count << shift);
  if (shift <= 8 - REGISTER_BITS) return;
  bytes[at + 1] = ((bytes[at + 1] as number) & ~(REGISTER_MAX >> (8 - shift))) | (count >> (8 - shift));
}

/** Sets a register that is lower; true when it was. */
export function raiseRegister(bytes: Uint8Array, start: number, index: number, count: number): boolean {
  if (getRegister(bytes, start, index) >= count) return false;
  setRegister(bytes, start, index, count);
  return true;
}
