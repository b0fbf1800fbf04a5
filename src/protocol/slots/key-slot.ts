/**
 * Owns the mapping of keys to hash slots: CRC16 (XMODEM: polynomial 0x1021, initial value 0) of the key, or of
 * its hash tag. Source: Redis Cluster specification, "Hash tags"; Redis cluster.c keyHashSlot, crc16.c.
 */

export const SLOT_COUNT = 16384;

const crc16Table = new Uint16Array(256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  crc16Table[byte] = crc & 0xffff;
}

/** CRC16 of the characters [start, end) of a latin1 string (one character a byte). */
export function crc16(text: string, start = 0, end = text.length): number {
  let crc = 0;
  for (let i = start; i < end; i++) {
    crc = ((crc << 8) & 0xffff) ^ (crc16Table[((crc >> 8) ^ text.charCodeAt(i)) & 0xff] as number);
  }
  return crc;
}

/**
 * The slot of a key given as a latin1 string (one character a byte). Only what stands between the first `{` and
 * the first `}` after it counts, if that is not empty.
 */
export function keySlot(key: string): number {
  const open = key.indexOf('{');
  if (open >= 0) {
    const close = key.indexOf('}', open + 1);
    if (close > open + 1) return crc16(key, open + 1, close) & (SLOT_COUNT - 1);
  }
  return crc16(key) & (SLOT_COUNT - 1);
}
