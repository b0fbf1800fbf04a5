/**
 * Owns the reading of zipmaps, in which Redis before 2.6 kept small hashes. Nothing is written so any more.
 * Source: Redis zipmap.c (zipmapNext, zipmapValidateIntegrity).
 */
import { BytesError } from '../../core/bytes.ts';
import { MAX_PACKED_ENTRIES } from './listpack.ts';

/** As a length: it stands in the next four bytes. As the count: it is not known. */
const LONG = 254;
const END = 255;

/** Fields and values by turns, as latin1 texts. Throws BytesError. */
export function readZipmap(bytes: Buffer): string[] {
  const last = bytes.length - 1;
  if (last < 1 || bytes[last] !== END) throw new BytesError('zipmap: no end mark');
  const texts: string[] = [];
  let at = 1;
  /** Moves behind a text and `spareBytes` behind it. */
  const take = (start: number, length: number, spareBytes: number): void => {
    at = start + length + spareBytes;
    if (at > last) throw cutOff();
    texts.push(bytes.latin1Slice(start, start + length));
  };
  const lengthAt = (): number => {
    const first = bytes[at++] as number;
    if (first === END) throw new BytesError('zipmap: a field without a value');
    if (first < LONG) return first;
    at += 4;
    if (at > last) throw cutOff();
    return bytes.readUInt32LE(at - 4);
  };
  while (bytes[at] !== END) {
    const fieldLength = lengthAt();
    take(at, fieldLength, 0);
    const valueLength = lengthAt();
    const spareBytes = bytes[at] as number;
    take(at + 1, valueLength, spareBytes);
    if (texts.length > MAX_PACKED_ENTRIES) throw new BytesError('zipmap: too many entries');
  }
  if (at !== last) throw new BytesError('zipmap: an end mark inside');
  const count = bytes[0] as number;
  if (count < LONG && count * 2 !== texts.length)
    throw new BytesError(`zipmap: ${texts.length / 2} fields, ${count} in its header`);
  return texts;
}

function cutOff(): BytesError {
  return new BytesError('zipmap: an entry past the end');
}
