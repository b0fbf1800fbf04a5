/**
 * Owns CRC64 as RDB files and DUMP payloads carry it: polynomial ad93d23594c935a9 (Jones), reflected in and out,
 * initial value 0, no final xor; the check value of "123456789" is e9c6d914c4b8d9ca. Kept as two 32-bit halves, since BigInt
 * would cost more than the sum itself. Source: Redis crc64.c; the slicing-by-8 method (Kounavis and Berry, 2005).
 */

/** The polynomial ad93d23594c935a9, bits reversed. */
const POLYNOMIAL_LOW = 0xac4bc9b5;
const POLYNOMIAL_HIGH = 0x95ac9329;

/** Eight tables of 256: table k is the sum of a byte that k zero bytes follow. */
const low = new Int32Array(8 * 256);
const high = new Int32Array(8 * 256);

for (let byte = 0; byte < 256; byte++) {
  let lo = byte;
  let hi = 0;
  for (let bit = 0; bit < 8; bit++) {
    const odd = lo & 1;
    lo = (lo >>> 1) | (hi << 31);
    hi = hi >>> 1;
    if (odd) {
      lo ^= POLYNOMIAL_LOW;
      hi ^= POLYNOMIAL_HIGH;
    }
  }
  low[byte] = lo;
  high[byte] = hi;
}
for (let at = 256; at < low.length; at++) {
  const lo = low[at - 256] as number;
  const hi = high[at - 256] as number;
  low[at] = ((lo >>> 8) | (hi << 24)) ^ (low[lo & 0xff] as number);
  high[at] = (hi >>> 8) ^ (high[lo & 0xff] as number);
}

/** A running sum. */
export class Crc64 {
  #low = 0;
  #high = 0;

  /** Takes in the bytes [start, end). */
  update(bytes: Uint8Array, start = 0, end = bytes.length): this {
    let lo = this.#low;
    let hi = this.#high;
    let at = start;
    for (const last = end - 8; at <= last; at += 8) {
      const a = 0x700 | ((lo ^ (bytes[at] as number)) & 0xff);
      const b = 0x600 | (((lo >>> 8) ^ (bytes[at + 1] as number)) & 0xff);
      const c = 0x500 | (((lo >>> 16) ^ (bytes[at + 2] as number)) & 0xff);
      const d = 0x400 | ((lo >>> 24) ^ (bytes[at + 3] as number));
      const e = 0x300 | ((hi ^ (bytes[at + 4] as number)) & 0xff);
      const f = 0x200 | (((hi >>> 8) ^ (bytes[at + 5] as number)) & 0xff);
      const g = 0x100 | (((hi >>> 16) ^ (bytes[at + 6] as number)) & 0xff);
      const h = (hi >>> 24) ^ (bytes[at + 7] as number);
      lo = fold(low, a, b, c, d, e, f, g, h);
      hi = fold(high, a, b, c, d, e, f, g, h);
    }
    for (; at < end; at++) {
      const index = (lo ^ (bytes[at] as number)) & 0xff;
      lo = ((lo >>> 8) | (hi << 24)) ^ (low[index] as number);
      hi = (hi >>> 8) ^ (high[index] as number);
    }
    this.#low = lo;
    this.#high = hi;
    return this;
  }

  /** Bits 0 to 31, unsigned. */
  get low(): number {
    return this.#low >>> 0;
  }

  /** Bits 32 to 63, unsigned. */
  get high(): number {
    return this.#high >>> 0;
  }
}

/** The sums of eight bytes in one half, each from the table of its place. */
function fold(
  table: Int32Array,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
  g: number,
  h: number,
): number {
  return (
    (table[a] as number) ^
    (table[b] as number) ^
    (table[c] as number) ^
    (table[d] as number) ^
    (table[e] as number) ^
    (table[f] as number) ^
    (table[g] as number) ^
    (table[h] as number)
  );
}
