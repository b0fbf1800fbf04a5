/**
 * Owns how a master frames the RDB that it sends: "$<length>", or "$EOF:" and a mark of 40 bytes that stands again behind its
 * end. Pure. Source: Redis replication.c readSyncBulkPayload.
 */
import { RdbError } from '../../protocol/rdb/reader.ts';

/** Where the bytes of the RDB go. */
export interface RdbSink {
  /** The next bytes. Returns how many of them belonged to the RDB; throws when it must be refused. */
  rdb(bytes: Buffer): number;
  /** Whether the RDB is complete. */
  rdbDone(): boolean;
}

const MARK_LENGTH = 40;

export class RdbFraming {
  /** Undefined when the RDB ends at a mark. */
  readonly sizeBytes: number | undefined;
  /** So many of its bytes have come. */
  readBytes = 0;
  /** The RDB and what frames it have come. */
  done = false;
  readonly #mark: string;
  #markSeen = '';

  private constructor(sizeBytes: number | undefined, mark: string) {
    this.sizeBytes = sizeBytes;
    this.#mark = mark;
  }

  /** From the line before the RDB; undefined when it is no such line. */
  static fromHeader(line: string): RdbFraming | undefined {
    const mark = /^\$EOF:(.{40})/.exec(line)?.[1];
    if (mark !== undefined) return new RdbFraming(undefined, mark);
    const size = /^\$(\d{1,15})$/.exec(line)?.[1];
    return size === undefined ? undefined : new RdbFraming(Number(size), '');
  }

  /** Takes the next bytes and returns how many of them belong to the transfer. Throws when the RDB is refused or ends wrongly. */
  receive(bytes: Buffer, sink: RdbSink): number {
    return this.sizeBytes === undefined
      ? this.#receiveMarked(bytes, sink)
      : this.#receiveSized(bytes.subarray(0, this.sizeBytes - this.readBytes), this.sizeBytes, sink);
  }

  /** What the length covers belongs to the RDB, even behind its end. */
  #receiveSized(bytes: Buffer, sizeBytes: number, sink: RdbSink): number {
    if (!sink.rdbDone()) sink.rdb(bytes);
    this.readBytes += bytes.length;
    this.done = this.readBytes === sizeBytes;
    if (this.done && !sink.rdbDone()) throw new RdbError('it is longer than the master said');
    return bytes.length;
  }

  #receiveMarked(bytes: Buffer, sink: RdbSink): number {
    const used = sink.rdbDone() ? 0 : sink.rdb(bytes);
    this.readBytes += used;
    if (!sink.rdbDone()) return used;
    const count = Math.min(bytes.length - used, MARK_LENGTH - this.#markSeen.length);
    this.#markSeen += bytes.latin1Slice(used, used + count);
    if (!this.#mark.startsWith(this.#markSeen))
      throw new RdbError('the mark behind it is not the one announced');
    this.done = this.#markSeen === this.#mark;
    return used + count;
  }
}
