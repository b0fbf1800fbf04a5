/**
 * Owns the arithmetic of scan cursors: they count with their bits reversed, from the highest bit of the table's mask down,
 * so that the buckets already seen stay seen in a table of another size. Source: Redis dict.c dictScan.
 */

/** Adds one to the reversed cursor, within `mask` (a table's size less one). 0 after the last bucket. */
export function nextCursor(cursor: number, mask: number): number {
  return reverseBits((reverseBits((cursor | ~mask) >>> 0) + 1) >>> 0);
}

function reverseBits(value: number): number {
  let v = value;
  v = ((v >>> 1) & 0x55555555) | ((v & 0x55555555) << 1);
  v = ((v >>> 2) & 0x33333333) | ((v & 0x33333333) << 2);
  v = ((v >>> 4) & 0x0f0f0f0f) | ((v & 0x0f0f0f0f) << 4);
  v = ((v >>> 8) & 0x00ff00ff) | ((v & 0x00ff00ff) << 8);
  return ((v >>> 16) | (v << 16)) >>> 0;
}
