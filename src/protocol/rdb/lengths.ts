/**
 * Owns the length encoding of RDB: 6, 14, 32 or 64 bits, told apart by the two high bits of the first byte; when both
 * are set, the other six name a special encoding instead. Source: Redis rdb.c rdbSaveLen, rdbLoadLenByRef.
 */
import type { ByteReader, ByteWriter } from '../../core/bytes.ts';
import { BytesError } from '../../core/bytes.ts';

const LENGTH_32_BITS = 0x80;
const LENGTH_64_BITS = 0x81;

/**
 * A length, or a special encoding as -1 - encoding (-1 to -64). Beyond 2^53 it is rounded: no such length can be
 * met, it only has to be recognised as too much. Throws BytesError.
 */
export function readLengthOrEncoding(reader: ByteReader): number {
  const first = reader.u8();
  switch (first >> 6) {
    case 0:
      return first;
    case 1:
      return ((first & 0x3f) << 8) | reader.u8();
    case 3:
      return -1 - (first & 0x3f);
  }
  if (first === LENGTH_32_BITS) return reader.u32be();
  if (first === LENGTH_64_BITS) return reader.u32be() * 0x1_0000_0000 + reader.u32be();
  throw new BytesError(`unknown length encoding ${first}`);
}

/** A length. Throws BytesError, also where a special encoding stands. */
export function readLength(reader: ByteReader): number {
  const length = readLengthOrEncoding(reader);
  if (length < 0) throw new BytesError(`string encoding ${-1 - length} where a length must be`);
  return length;
}

/** A length of which all 64 bits count (parts of stream ids, counters). Throws BytesError. */
export function readLength64(reader: ByteReader): bigint {
  const start = reader.offset;
  if (reader.u8() === LENGTH_64_BITS) return reader.u64be();
  reader.offset = start;
  return BigInt(readLength(reader));
}

export function writeLength64(writer: ByteWriter, length: bigint): void {
  if (length <= 0xffff_ffffn) writeLength(writer, Number(length));
  else writer.u8(LENGTH_64_BITS).u64be(length);
}

export function writeLength(writer: ByteWriter, length: number): void {
  if (length < 1 << 6) writer.u8(length);
  else if (length < 1 << 14) writer.u16be((1 << 14) | length);
  else if (length <= 0xffff_ffff) writer.u8(LENGTH_32_BITS).u32be(length);
  else writer.u8(LENGTH_64_BITS).u64be(BigInt(length));
}
