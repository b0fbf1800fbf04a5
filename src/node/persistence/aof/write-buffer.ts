/**
 * Owns the bytes that are yet to be written to the append only file: requests, with SELECT where the database changes and,
 * where it is asked for, notes of the time. Pure. Source: Redis aof.c feedAppendOnlyFile, genAofTimestampAnnotationIfNeeded.
 */
import { requestBoundBytes, writeRequest } from '../../../protocol/resp/write-request.ts';

const FIRST_BYTES = 16 * 1024;
/** An emptied buffer above this size is given back. */
const KEPT_BYTES = 1024 * 1024;
/** "#TS:", a number of seconds, and the end of the line. */
const NOTE_BOUND_BYTES = 32;

/** The note that what follows was written from `unixSeconds` on. */
export function timeNote(unixSeconds: number): string {
  return `#TS:${unixSeconds}\r\n`;
}

export class WriteBuffer {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #start = 0;
  #end = 0;
  #selectedDb = -1;
  #notedSeconds = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** A view of what waits, until the next call of `feed`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** A write of database `dbIndex`; with `unixSeconds` a note comes before the first one of each second. */
  feed(dbIndex: number, argv: readonly string[], unixSeconds?: number): void {
    const select = dbIndex === this.#selectedDb ? undefined : ['SELECT', String(dbIndex)];
    let bound = requestBoundBytes(argv) + NOTE_BOUND_BYTES;
    if (select !== undefined) bound += requestBoundBytes(select);
    this.#makeRoom(bound);
    if (unixSeconds !== undefined && this.#notedSeconds < unixSeconds) {
      this.#notedSeconds = unixSeconds;
      this.#end += this.#bytes.latin1Write(timeNote(unixSeconds), this.#end);
    }
    if (select !== undefined) {
      this.#selectedDb = dbIndex;
      this.#end = writeRequest(this.#bytes, this.#end, select);
    }
    this.#end = writeRequest(this.#bytes, this.#end, argv);
  }

  /** Another file begins: the next write selects its database. */
  selectAnew(): void {
    this.#selectedDb = -1;
  }

  /** The first `count` bytes are written. */
  drop(count: number): void {
    this.#start += count;
    if (this.#start < this.#end) return;
    this.#start = this.#end = 0;
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(FIRST_BYTES);
  }

  /** Nothing waits any more, written or not. */
  clear(): void {
    this.drop(this.length);
    this.selectAnew();
  }

  #makeRoom(count: number): void {
    if (this.#end + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.length, this.length + count, FIRST_BYTES));
    this.#end = this.#bytes.copy(larger, 0, this.#start, this.#end);
    this.#start = 0;
    this.#bytes = larger;
  }
}
