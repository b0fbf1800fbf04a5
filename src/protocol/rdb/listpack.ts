/**
 * Owns listpacks: short texts and whole numbers one behind the other in one piece of memory, which Redis keeps small
 * collections in. Each entry ends with its own length, so that it can be read backwards; here that only has to be right.
 * Source: Redis listpack.c (lpEncodeGetType, lpEncodeBacklen, lpValidateIntegrity).
 */
import { BytesError, ByteWriter } from '../../core/bytes.ts';
import { type Int64, narrow, parseInt64 } from '../../core/int64.ts';

const HEADER_BYTES = 6;
/** Of an empty one: the header and the end mark. */
export const EMPTY_LISTPACK_BYTES = HEADER_BYTES + 1;
const END = 0xff;
/** Stands in the header when there are too many entries for 16 bits. */
const COUNT_UNKNOWN = 0xffff;
/** No server packs so many; more could not be put into one Map, either. */
export const MAX_PACKED_ENTRIES = 1 << 24;

// First bytes of entries; the first four carry a part of the value or length in their lower bits.
const STRING_6_BITS = 0x80;
const INTEGER_13_BITS = 0xc0;
const STRING_12_BITS = 0xe0;
const STRING_32_BITS = 0xf0;
const INTEGER_16_BITS = 0xf1;
const INTEGER_24_BITS = 0xf2;
const INTEGER_32_BITS = 0xf3;
const INTEGER_64_BITS = 0xf4;

/** The first lengths of an entry that need one more byte to be written behind it. */
const BACK_LENGTH_LIMITS = [128, 16_383, 2_097_151, 268_435_455];

function backLengthBytes(length: number): number {
  let bytes = 1;
  for (const limit of BACK_LENGTH_LIMITS) if (length >= limit) bytes++;
  return bytes;
}

/** Reads entry after entry. Throws BytesError, never EndOfInputError: nothing that is missing could still come. */
export class ListpackReader {
  readonly #bytes: Buffer;
  readonly #endMark: number;
  readonly #countInHeader: number;
  #at = HEADER_BYTES;
  #count = 0;

  constructor(bytes: Buffer) {
    if (bytes.length < EMPTY_LISTPACK_BYTES) throw new BytesError('listpack: no header');
    if (bytes.readUInt32LE(0) !== bytes.length)
      throw new BytesError('listpack: another length in its header');
    if (bytes[bytes.length - 1] !== END) throw new BytesError('listpack: no end mark');
    this.#bytes = bytes;
    this.#endMark = bytes.length - 1;
    this.#countInHeader = bytes.readUInt16LE(4);
  }

  /** No entry is left. Throws when there are more or fewer than the header says. */
  get done(): boolean {
    if (this.#bytes[this.#at] !== END) return false;
    if (this.#at !== this.#endMark) throw new BytesError('listpack: an end mark inside');
    if (this.#countInHeader !== COUNT_UNKNOWN && this.#countInHeader !== this.#count)
      throw new BytesError(`listpack: ${this.#count} entries, ${this.#countInHeader} in its header`);
    return true;
  }

  /** The next entry as latin1 text, also when it is kept as a number. */
  text(): string {
    const bytes = this.#bytes;
    const at = this.#at;
    const first = this.#first();
    if (first < STRING_6_BITS) {
      this.#pass(1);
      return String(first);
    }
    if (first < INTEGER_13_BITS) return this.#string(at + 1, first & 0x3f);
    if (first >= STRING_12_BITS && first < STRING_32_BITS)
      return this.#string(at + 2, ((first & 0x0f) << 8) | (bytes[at + 1] as number));
    if (first === STRING_32_BITS) {
      if (at + 5 > this.#endMark) throw cutOff();
      return this.#string(at + 5, bytes.readUInt32LE(at + 1));
    }
    return String(this.#integer(first));
  }

  /** The next entry as a number. Throws when it is none. */
  integer(): Int64 {
    const first = this.#first();
    if (first < STRING_6_BITS) {
      this.#pass(1);
      return first;
    }
    const isText = first < INTEGER_13_BITS || (first >= STRING_12_BITS && first <= STRING_32_BITS);
    const value = isText ? parseInt64(this.text()) : this.#integer(first);
    if (value === undefined) throw new BytesError('listpack: text where a number must be');
    return value;
  }

  #first(): number {
    const first = this.#bytes[this.#at] as number;
    if (first === END) throw new BytesError('listpack: an entry is missing');
    return first;
  }

  #string(start: number, length: number): string {
    const end = start + length;
    this.#pass(end - this.#at);
    return this.#bytes.latin1Slice(start, end);
  }

  #integer(first: number): Int64 {
    const bytes = this.#bytes;
    const at = this.#at + 1;
    if (first < STRING_12_BITS) {
      this.#pass(2);
      const value = ((first & 0x1f) << 8) | (bytes[at] as number);
      return value >= 1 << 12 ? value - (1 << 13) : value;
    }
    switch (first) {
      case INTEGER_16_BITS:
        this.#pass(3);
        return bytes.readInt16LE(at);
      case INTEGER_24_BITS:
        this.#pass(4);
        return bytes.readIntLE(at, 3);
      case INTEGER_32_BITS:
        this.#pass(5);
        return bytes.readInt32LE(at);
      case INTEGER_64_BITS:
        this.#pass(9);
        return narrow(bytes.readBigInt64LE(at)) as Int64;
      default:
        throw new BytesError(`listpack: unknown encoding ${first}`);
    }
  }

  /** Moves behind an entry of `length` bytes, when it lies inside and the length that follows it is right. */
  #pass(length: number): void {
    const bytes = this.#bytes;
    const backBytes = backLengthBytes(length);
    const next = this.#at + length + backBytes;
    if (next > this.#endMark) throw cutOff();
    let rest = length;
    for (let place = next - 1; place >= next - backBytes; place--) {
      // The first byte, which is read last, has no mark.
      const mark = place === next - backBytes ? 0 : 0x80;
      if (bytes[place] !== ((rest & 0x7f) | mark))
        throw new BytesError('listpack: a wrong length behind an entry');
      rest >>>= 7;
    }
    this.#at = next;
    if (++this.#count > MAX_PACKED_ENTRIES) throw new BytesError('listpack: too many entries');
  }
}

function cutOff(): BytesError {
  return new BytesError('listpack: an entry past the end');
}

/** How many bytes a number takes in a listpack. */
export function integerBytes(value: Int64): number {
  if (typeof value === 'bigint' || value < -0x8000_0000 || value > 0x7fff_ffff) return 10;
  if (value >= 0 && value < 1 << 7) return 2;
  if (value >= -(1 << 12) && value < 1 << 12) return 3;
  if (value >= -0x8000 && value <= 0x7fff) return 4;
  return value >= -0x80_0000 && value <= 0x7f_ffff ? 5 : 6;
}

/** How many bytes a text takes in a listpack. */
export function textBytes(text: string): number {
  const value = parseInt64(text);
  if (value !== undefined) return integerBytes(value);
  const { length } = text;
  const own = length + (length < 1 << 6 ? 1 : length < 1 << 12 ? 2 : 5);
  return own + backLengthBytes(own);
}

/** Makes a listpack, entry by entry. */
export class ListpackWriter {
  readonly #writer = new ByteWriter();
  #count = 0;

  constructor() {
    this.#writer.zeros(HEADER_BYTES);
  }

  get count(): number {
    return this.#count;
  }

  /** With header and end mark. */
  get byteLength(): number {
    return this.#writer.length + 1;
  }

  /** A text: what is the canonical form of a 64-bit number is kept as that. */
  text(text: string): void {
    const value = parseInt64(text);
    if (value !== undefined) {
      this.integer(value);
      return;
    }
    const writer = this.#writer;
    const { length } = text;
    if (length < 1 << 6) {
      writer.u8(STRING_6_BITS | length).latin1(text);
      this.#close(1 + length);
    } else if (length < 1 << 12) {
      writer.u16be((STRING_12_BITS << 8) | length).latin1(text);
      this.#close(2 + length);
    } else {
      writer.u8(STRING_32_BITS).u32le(length).latin1(text);
      this.#close(5 + length);
    }
  }

  integer(value: Int64): void {
    const writer = this.#writer;
    if (typeof value === 'bigint' || value < -0x8000_0000 || value > 0x7fff_ffff) {
      writer.u8(INTEGER_64_BITS).i64le(BigInt(value));
      this.#close(9);
    } else if (value >= 0 && value < 1 << 7) {
      writer.u8(value);
      this.#close(1);
    } else if (value >= -(1 << 12) && value < 1 << 12) {
      writer.u16be((INTEGER_13_BITS << 8) | (value & 0x1fff));
      this.#close(2);
    } else if (value >= -0x8000 && value <= 0x7fff) {
      writer.u8(INTEGER_16_BITS).u16le(value & 0xffff);
      this.#close(3);
    } else if (value >= -0x80_0000 && value <= 0x7f_ffff) {
      writer
        .u8(INTEGER_24_BITS)
        .u16le(value & 0xffff)
        .u8((value >> 16) & 0xff);
      this.#close(4);
    } else {
      writer.u8(INTEGER_32_BITS).u32le(value >>> 0);
      this.#close(5);
    }
  }

  /** Ends an entry of `length` bytes. */
  #close(length: number): void {
    for (let shift = (backLengthBytes(length) - 1) * 7, mark = 0; shift >= 0; shift -= 7, mark = 0x80)
      this.#writer.u8(((length >>> shift) & 0x7f) | mark);
    this.#count++;
  }

  /** The whole; nothing can be added any more. */
  finish(): Buffer {
    const bytes = this.#writer.u8(END).bytes();
    bytes.writeUInt32LE(bytes.length, 0);
    bytes.writeUInt16LE(Math.min(this.#count, COUNT_UNKNOWN), 4);
    return bytes;
  }
}
