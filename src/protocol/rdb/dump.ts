/**
 * Owns DUMP payloads, which RESTORE and MIGRATE carry: type number, value, RDB version (2 bytes) and CRC64 (8 bytes)
 * of all before it, both little-endian. Source: Redis cluster.c createDumpPayload, verifyDumpPayload.
 */
import { ByteReader, BytesError, type ByteWriter } from '../../core/bytes.ts';
import { Crc64 } from './crc64.ts';
import { type RdbSource, type RdbValue, readObject, typeOf, writeObject } from './objects.ts';
import { RDB_VERSION_READ, RDB_VERSION_WRITTEN } from './version.ts';

export const DUMP_FOOTER_BYTES = 10;

/** Appends the payload of a value; `compress` as rdbcompression. */
export function writeDump(writer: ByteWriter, value: RdbSource, compress: boolean): void {
  const start = writer.length;
  writer.u8(typeOf(value));
  writeObject(writer, value, compress);
  writeDumpFooter(writer, start);
}

/** Appends version and checksum of what was written from `start` on. */
export function writeDumpFooter(writer: ByteWriter, start: number): void {
  writer.u16le(RDB_VERSION_WRITTEN);
  const crc = new Crc64().update(writer.bytes(), start);
  writer.u32le(crc.low).u32le(crc.high);
}

/** Whether version and checksum are such that RESTORE would look at the value; `checksum` false looks at the version only. */
export function isDumpIntact(payload: Buffer, checksum = true): boolean {
  const footer = payload.length - DUMP_FOOTER_BYTES;
  if (footer < 0 || payload.readUInt16LE(footer) > RDB_VERSION_READ) return false;
  if (!checksum) return true;
  const crc = new Crc64().update(payload, 0, footer + 2);
  return payload.readUInt32LE(footer + 2) === crc.low && payload.readUInt32LE(footer + 6) === crc.high;
}

/** The value of an intact payload. Throws BytesError when it is malformed, or of a type that is not supported. */
export function readDump(payload: Buffer): RdbValue {
  if (payload.length < DUMP_FOOTER_BYTES) throw new BytesError('a DUMP payload without a footer');
  const reader = new ByteReader(payload, 0, payload.length - DUMP_FOOTER_BYTES);
  return readObject(reader, reader.u8());
}
