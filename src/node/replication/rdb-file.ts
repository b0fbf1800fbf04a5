/** Owns the reading of an RDB file that is sent to a replica. Source: Redis replication.c sendBulkToSlave. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const READ_BYTES = 64 * 1024;

export interface RdbFile {
  readonly sizeBytes: number;
  /** All of it, in order; throws what the system says. */
  pieces(): Iterator<Buffer, void>;
  close(): void;
}

/** The file stays readable though another one takes its name. Throws what the system says. */
export function openRdbFile(path: string): RdbFile {
  const file = openSync(path, 'r');
  return {
    sizeBytes: fstatSync(file).size,
    pieces: () => read(file),
    close: () => closeSync(file),
  };
}

function* read(file: number): Generator<Buffer, void> {
  for (;;) {
    const bytes = Buffer.allocUnsafe(READ_BYTES);
    const count = readSync(file, bytes, 0, READ_BYTES, null);
    if (count === 0) return;
    yield bytes.subarray(0, count);
  }
}
