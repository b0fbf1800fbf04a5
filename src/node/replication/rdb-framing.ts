/**
 * Owns how a master frames the RDB that it sends: "$<length>", or "$EOF:" and a mark of 40 random bytes that stands again
 * behind its end. Pure. Source: Redis replication.c readSyncBulkPayload.
 */

const MARK_LENGTH = 40;

export class RdbFraming {
  /** Undefined when the RDB ends at a mark. */
  readonly sizeBytes: number | undefined;
  /** So many of its bytes have come. */
  readBytes = 0;
  /** The RDB and what frames it have come. */
  done = false;
  readonly #mark: Buffer;
  /** Bytes that may be the beginning of the mark. */
  #held: Buffer = Buffer.alloc(0);

  private constructor(sizeBytes: number | undefined, mark: string) {
    this.sizeBytes = sizeBytes;
    this.#mark = Buffer.from(mark, 'latin1');
    this.done = sizeBytes === 0;
  }

  /** From the line before the RDB; undefined when it is no such line. */
  static fromHeader(line: string): RdbFraming | undefined {
    const mark = /^\$EOF:(.{40})/.exec(line)?.[1];
    if (mark !== undefined) return new RdbFraming(undefined, mark);
    const size = /^\$(\d{1,15})$/.exec(line)?.[1];
    return size === undefined ? undefined : new RdbFraming(Number(size), '');
  }

  /** Hands what belongs to the RDB to `take`, and returns how many bytes belong to the transfer. */
  receive(bytes: Buffer, take: (bytes: Buffer) => void): number {
    return this.sizeBytes === undefined
      ? this.#receiveMarked(bytes, take)
      : this.#receiveSized(bytes.subarray(0, this.sizeBytes - this.readBytes), this.sizeBytes, take);
  }

  #receiveSized(bytes: Buffer, sizeBytes: number, take: (bytes: Buffer) => void): number {
    this.#give(bytes, take);
    this.done = this.readBytes === sizeBytes;
    return bytes.length;
  }

  #receiveMarked(bytes: Buffer, take: (bytes: Buffer) => void): number {
    const heldBytes = this.#held.length;
    const input = heldBytes === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const at = input.indexOf(this.#mark);
    this.done = at >= 0;
    const end = this.done ? at : input.length - this.#markStartedIn(input);
    this.#held = Buffer.from(input.subarray(end, this.done ? end : input.length));
    this.#give(input.subarray(0, end), take);
    return this.done ? at + MARK_LENGTH - heldBytes : bytes.length;
  }

  /** How many bytes at the end of the input may be the mark's first. */
  #markStartedIn(input: Buffer): number {
    for (let count = Math.min(MARK_LENGTH - 1, input.length); count > 0; count--)
      if (input.subarray(input.length - count).equals(this.#mark.subarray(0, count))) return count;
    return 0;
  }

  #give(bytes: Buffer, take: (bytes: Buffer) => void): void {
    this.readBytes += bytes.length;
    if (bytes.length > 0) take(bytes);
  }
}
