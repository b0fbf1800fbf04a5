/**
 * Owns the reading of ziplists, in which Redis kept small collections before listpacks: each entry begins with the length of the one
 * before it. Nothing is written so any more. Source: Redis ziplist.c (zipEntrySafe, ziplistValidateIntegrity).
 */
import { BytesError } from '../../core/bytes.ts';
import { MAX_PACKED_ENTRIES } from './listpack.ts';

const HEADER_BYTES = 10;
const END = 0xff;
const COUNT_UNKNOWN = 0xffff;
/** In place of the length of the previous entry: it stands in the next four bytes. */
const LONG_PREVIOUS = 0xfe;

const STRING_14_BITS = 0x40;
const STRING_32_BITS = 0x80;
const INTEGER_16_BITS = 0xc0;
const INTEGER_32_BITS = 0xd0;
const INTEGER_64_BITS = 0xe0;
const INTEGER_24_BITS = 0xf0;
const INTEGER_8_BITS = 0xfe;
/** From here to INTEGER_8_BITS, without it, stand the numbers 0 to 12 themselves. */
const FIRST_IMMEDIATE = 0xf1;

/** All entries as latin1 texts. Throws BytesError. */
export function readZiplist(bytes: Buffer): string[] {
  const last = bytes.length - 1;
  if (last < HEADER_BYTES) throw new BytesError('ziplist: no header');
  if (bytes.readUInt32LE(0) !== bytes.length) throw new BytesError('ziplist: another length in its header');
  if (bytes[last] !== END) throw new BytesError('ziplist: no end mark');
  const tail = bytes.readUInt32LE(4);
  const entries: string[] = [];
  let at = HEADER_BYTES;
  let previous = 0;
  while (bytes[at] !== END) {
    const isLong = bytes[at] === LONG_PREVIOUS;
    const start = at + (isLong ? 5 : 1);
    // The byte behind every header lies inside, or is the end mark.
    if (start >= last) throw cutOff();
    if ((isLong ? bytes.readUInt32LE(at + 1) : bytes[at]) !== previous)
      throw new BytesError('ziplist: a wrong length of the entry before');
    const next = readEntry(bytes, start, last, entries);
    if (bytes[next] === END && at !== tail)
      throw new BytesError('ziplist: the last entry is not where it says');
    previous = next - at;
    at = next;
    if (entries.length > MAX_PACKED_ENTRIES) throw new BytesError('ziplist: too many entries');
  }
  if (at !== last) throw new BytesError('ziplist: an end mark inside');
  const count = bytes.readUInt16LE(8);
  if (count !== COUNT_UNKNOWN && count !== entries.length)
    throw new BytesError(`ziplist: ${entries.length} entries, ${count} in its header`);
  return entries;
}

/** Adds the entry whose encoding stands at `at`, and returns where the next one begins. */
function readEntry(bytes: Buffer, at: number, last: number, entries: string[]): number {
  const encoding = bytes[at] as number;
  if (encoding < INTEGER_16_BITS) return readText(bytes, at, last, entries);
  if (encoding >= FIRST_IMMEDIATE && encoding < INTEGER_8_BITS) {
    entries.push(String(encoding - FIRST_IMMEDIATE));
    return at + 1;
  }
  const start = at + 1;
  const next = start + integerBytes(encoding);
  if (next > last) throw cutOff();
  entries.push(
    String(encoding === INTEGER_64_BITS ? bytes.readBigInt64LE(start) : bytes.readIntLE(start, next - start)),
  );
  return next;
}

function readText(bytes: Buffer, at: number, last: number, entries: string[]): number {
  const encoding = bytes[at] as number;
  let start = at + 1;
  let length = encoding & 0x3f;
  if (encoding >= STRING_32_BITS) {
    if (encoding !== STRING_32_BITS) throw new BytesError(`ziplist: unknown encoding ${encoding}`);
    start = at + 5;
    if (start > last) throw cutOff();
    length = bytes.readUInt32BE(at + 1);
  } else if (encoding >= STRING_14_BITS) {
    start = at + 2;
    length = (length << 8) | (bytes[at + 1] as number);
  }
  const next = start + length;
  if (next > last) throw cutOff();
  entries.push(bytes.latin1Slice(start, next));
  return next;
}

function integerBytes(encoding: number): number {
  switch (encoding) {
    case INTEGER_8_BITS:
      return 1;
    case INTEGER_16_BITS:
      return 2;
    case INTEGER_24_BITS:
      return 3;
    case INTEGER_32_BITS:
      return 4;
    case INTEGER_64_BITS:
      return 8;
    default:
      throw new BytesError(`ziplist: unknown encoding ${encoding}`);
  }
}

function cutOff(): BytesError {
  return new BytesError('ziplist: an entry past the end');
}
