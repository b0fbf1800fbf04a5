/** Owns the estimate of the memory that the elements of a collection take: what a few of them take, times their number. */

/** Elements that are looked at. */
const SAMPLES = 128;
/** The header of a string in V8. */
const TEXT_BYTES = 16;

/** For `size` elements of `textsPerElement` texts each, and `elementBytes` for what holds them. */
export function estimatedBytes(
  texts: Iterable<string>,
  size: number,
  textsPerElement: number,
  elementBytes: number,
): number {
  let looked = 0;
  let bytes = 0;
  for (const text of texts) {
    bytes += TEXT_BYTES + Math.ceil(text.length / 8) * 8;
    if (++looked === SAMPLES * textsPerElement) break;
  }
  return looked === 0 ? 0 : Math.round(size * (elementBytes + (bytes * textsPerElement) / looked));
}
