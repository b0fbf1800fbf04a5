/**
 * Owns what FUNCTION DUMP gives and FUNCTION RESTORE takes: each library as an RDB file has it, then the footer of DUMP payloads.
 * Source: Redis functions.c functionDumpCommand, functionRestoreCommand.
 */
import { ByteReader, BytesError, ByteWriter } from '../../core/bytes.ts';
import { DUMP_FOOTER_BYTES, isDumpIntact, writeDumpFooter } from '../../protocol/rdb/dump.ts';
import { opcodes } from '../../protocol/rdb/opcodes.ts';
import { readPreReleaseFunction } from '../../protocol/rdb/reader.ts';
import { readString, writeString } from '../../protocol/rdb/strings.ts';

/** As a latin1 text. */
export function dumpLibraries(codes: readonly string[]): string {
  const writer = new ByteWriter();
  for (const code of codes) {
    writer.u8(opcodes.function2);
    writeString(writer, code, true);
  }
  writeDumpFooter(writer, 0);
  return writer.bytes().latin1Slice();
}

/** The codes of the libraries, or why it is no such payload. */
export function readLibraries(payload: string): readonly string[] | string {
  const bytes = Buffer.from(payload, 'latin1');
  if (!isDumpIntact(bytes)) return 'DUMP payload version or checksum are wrong';
  const reader = new ByteReader(bytes, 0, bytes.length - DUMP_FOOTER_BYTES);
  const codes: string[] = [];
  try {
    while (reader.remaining > 0) {
      const type = reader.u8();
      if (type === opcodes.function2) codes.push(readString(reader));
      else if (type === opcodes.functionPreRelease) codes.push(readPreReleaseFunction(reader));
      else return 'given type is not a function';
    }
    return codes;
  } catch (reason) {
    if (!(reason instanceof BytesError)) throw reason;
    return 'failed loading the given functions payload';
  }
}
