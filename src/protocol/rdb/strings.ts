/**
 * Owns strings in RDB: plain, as an integer of 8, 16 or 32 bits, or compressed. Keys, values and auxiliary
 * fields are all such strings. Source: Redis rdb.c rdbSaveRawString, rdbGenericLoadStringObject.
 */
import { constants } from 'node:buffer';
import { type ByteReader, BytesError, type ByteWriter } from '../../core/bytes.ts';
import { readLength, readLengthOrEncoding, writeLength } from './lengths.ts';
import { lzfCanExpandTo, lzfCompress, lzfDecompress } from './lzf.ts';

/** The special encodings, as readLengthOrEncoding gives them. */
const INT8 = -1;
const INT16 = -2;
const INT32 = -3;
const LZF = -4;
const ENCODED = 0xc0;

/** The longest string that can be read, in bytes: 512 MiB less what V8 needs. */
export const MAX_STRING_BYTES = constants.MAX_STRING_LENGTH;
/** Shorter strings do not compress. */
const MIN_COMPRESSED_BYTES = 21;

/** A latin1 string, one character a byte. Throws BytesError; never takes more memory than the input can account for. */
export function readString(reader: ByteReader): string {
  const length = readLengthOrEncoding(reader);
  switch (length) {
    case INT8:
      return String(reader.i8());
    case INT16:
      return String(reader.i16le());
    case INT32:
      return String(reader.i32le());
    case LZF:
      return readCompressed(reader).latin1Slice();
  }
  return reader.latin1(checkedLength(length));
}

/** The same as bytes, which may share memory with the input: for what is packed into a string. */
export function readBytes(reader: ByteReader): Buffer {
  const start = reader.offset;
  const length = readLengthOrEncoding(reader);
  if (length === LZF) return readCompressed(reader);
  if (length >= 0) return reader.view(checkedLength(length));
  reader.offset = start;
  return Buffer.from(readString(reader), 'latin1');
}

function checkedLength(length: number): number {
  if (length < 0) throw new BytesError(`unknown string encoding ${-1 - length}`);
  if (length > MAX_STRING_BYTES) throw new BytesError(`a string of ${length} bytes is too long`);
  return length;
}

function readCompressed(reader: ByteReader): Buffer {
  const compressedLength = readLength(reader);
  const length = readLength(reader);
  if (length > MAX_STRING_BYTES || compressedLength > MAX_STRING_BYTES)
    throw new BytesError(`a compressed string of ${length} bytes is too long`);
  if (!lzfCanExpandTo(compressedLength, length))
    throw new BytesError(`${compressedLength} compressed bytes cannot hold ${length}`);
  const start = reader.take(compressedLength);
  const bytes = Buffer.allocUnsafe(length);
  lzfDecompress(reader.bytes, start, start + compressedLength, bytes);
  return bytes;
}

/** Whole numbers of 32 bits in the one way that prints back the same ("0", "-7", not "07"); else undefined. */
function shortInteger(text: string): number | undefined {
  const length = text.length;
  if (length === 0 || length > 11) return undefined;
  const negative = text.charCodeAt(0) === 45;
  let at = negative ? 1 : 0;
  const first = text.charCodeAt(at);
  if (first === 48) return length === 1 ? 0 : undefined;
  let value = 0;
  if (at === length) return undefined;
  for (; at < length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  if (negative) value = -value;
  return value >= -0x8000_0000 && value <= 0x7fff_ffff ? value : undefined;
}

function writeInteger(writer: ByteWriter, value: number): void {
  if (value >= -0x80 && value <= 0x7f) writer.u8(ENCODED).u8(value & 0xff);
  else if (value >= -0x8000 && value <= 0x7fff) writer.u8(ENCODED | 1).u16le(value & 0xffff);
  else writer.u8(ENCODED | 2).u32le(value >>> 0);
}

/** Scratch of one call: what compresses must lie in bytes, and the result has to be known before its length is written. */
let plain = Buffer.allocUnsafe(0);
let compressed = Buffer.allocUnsafe(0);
const KEPT_SCRATCH_BYTES = 1 << 20;

/** Returns false, with nothing written, when compression would save less than four bytes. */
function writeCompressed(writer: ByteWriter, value: string | Uint8Array): boolean {
  const length = value.length;
  const limit = length - 4;
  if (compressed.length < length) {
    plain = Buffer.allocUnsafe(Math.max(length, 4096));
    compressed = Buffer.allocUnsafe(Math.max(length, 4096));
  }
  let input: Uint8Array = plain;
  if (typeof value === 'string') plain.latin1Write(value, 0, length);
  else input = value;
  const compressedLength = lzfCompress(input, length, compressed, limit);
  if (compressedLength > 0) {
    writer.u8(ENCODED | 3);
    writeLength(writer, compressedLength);
    writeLength(writer, length);
    writer.raw(compressed.subarray(0, compressedLength));
  }
  if (compressed.length > KEPT_SCRATCH_BYTES) {
    plain = Buffer.allocUnsafe(0);
    compressed = Buffer.allocUnsafe(0);
  }
  return compressedLength > 0;
}

/** Writes a latin1 string, or bytes, in its shortest form; `compress` as rdbcompression. */
export function writeString(writer: ByteWriter, value: string | Uint8Array, compress: boolean): void {
  const length = value.length;
  if (length <= 11) {
    const number = shortInteger(typeof value === 'string' ? value : Buffer.from(value).toString('latin1'));
    if (number !== undefined) {
      writeInteger(writer, number);
      return;
    }
  }
  if (compress && length >= MIN_COMPRESSED_BYTES && writeCompressed(writer, value)) return;
  writeLength(writer, length);
  if (typeof value === 'string') writer.latin1(value);
  else writer.raw(value);
}
