/**
 * Owns counting, finding, reading and writing bits in bytes. Bit 0 is the highest of the first byte. Offsets are plain
 * numbers, because they pass 2^32. Source: Redis bitops.c (redisPopcount, redisBitpos, getUnsignedBitfield).
 */

const onesInByte = new Uint8Array(256);
for (let byte = 1; byte < 256; byte++) onesInByte[byte] = (byte & 1) + (onesInByte[byte >> 1] as number);

/** Ones in the bits [start, end). */
export function countOnes(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return 0;
  const firstByte = Math.floor(start / 8);
  const lastByte = Math.floor((end - 1) / 8);
  let count = onesInBytes(bytes, firstByte, lastByte + 1);
  // Less what lies before and after within the first and last byte.
  count -= onesInByte[(bytes[firstByte] as number) & ~(0xff >> (start % 8))] as number;
  count -= onesInByte[(bytes[lastByte] as number) & (0x7f >> ((end - 1) % 8))] as number;
  return count;
}

function onesInBytes(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  let i = start;
  for (; i < end && (bytes.byteOffset + i) % 4 !== 0; i++) count += onesInByte[bytes[i] as number] as number;
  const words = Math.floor((end - i) / 4);
  if (words > 0) {
    const view = new Uint32Array(bytes.buffer, bytes.byteOffset + i, words);
    for (let word = 0; word < words; word++) {
      let v = view[word] as number;
      v -= (v >>> 1) & 0x55555555;
      v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
      count += Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
    }
    i += words * 4;
  }
  for (; i < end; i++) count += onesInByte[bytes[i] as number] as number;
  return count;
}

export function getBit(bytes: Uint8Array, offset: number): 0 | 1 {
  const byte = bytes[Math.floor(offset / 8)] ?? 0;
  return (byte & (0x80 >> (offset % 8))) === 0 ? 0 : 1;
}

/** The byte must be there. */
export function setBit(bytes: Uint8Array, offset: number, bit: 0 | 1): void {
  const index = Math.floor(offset / 8);
  const mask = 0x80 >> (offset % 8);
  const byte = bytes[index] as number;
  bytes[index] = bit === 1 ? byte | mask : byte & ~mask;
}

/** The first `bit` among the bits [start, end); -1 when there is none. */
export function findBit(bytes: Uint8Array, bit: 0 | 1, start: number, end: number): number {
  const skipped = bit === 1 ? 0x00 : 0xff;
  let offset = start;
  for (; offset < end && offset % 8 !== 0; offset++) if (getBit(bytes, offset) === bit) return offset;
  if (offset >= end) return -1;
  const lastByte = Math.floor((end - 1) / 8);
  let index = skipWords(bytes, skipped * 0x01010101, offset / 8, lastByte);
  while (index < lastByte && bytes[index] === skipped) index++;
  for (offset = index * 8; offset < end; offset++) if (getBit(bytes, offset) === bit) return offset;
  return -1;
}

/** Where the words of four bytes end that are all `skipped`: at most 7 bytes before the first that is not, or `end`. */
function skipWords(bytes: Uint8Array, skipped: number, start: number, end: number): number {
  const aligned = start + ((4 - ((bytes.byteOffset + start) % 4)) % 4);
  const count = Math.floor((end - aligned) / 4);
  if (count <= 0) return start;
  for (let index = start; index < aligned; index++) if (bytes[index] !== (skipped & 0xff)) return start;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + aligned, count);
  let word = 0;
  while (word < count && words[word] === skipped) word++;
  return aligned + word * 4;
}

/** An unsigned number of `width` bits; bits past the end are 0. */
export function getField(bytes: Uint8Array, offset: number, width: number): bigint {
  let value = 0n;
  for (let i = 0; i < width; i++) value = (value << 1n) | BigInt(getBit(bytes, offset + i));
  return value;
}

/** The lowest `width` bits of `value`; the bytes must be there. */
export function setField(bytes: Uint8Array, offset: number, width: number, value: bigint): void {
  for (let i = 0; i < width; i++) {
    const bit = (value >> BigInt(width - 1 - i)) & 1n;
    setBit(bytes, offset + i, bit === 1n ? 1 : 0);
  }
}
