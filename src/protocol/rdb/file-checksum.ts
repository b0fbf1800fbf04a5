/**
 * Owns the check of an RDB file as a whole, as its bytes go by: how it begins, how it ends, and the checksum of all
 * between. It knows nothing of what the file holds, so it holds for files of every version. Source: Redis rdb.c rdbSaveRio.
 */
import { Crc64 } from './crc64.ts';
import { RdbError } from './errors.ts';
import { opcodes } from './opcodes.ts';

const MAGIC_BYTES = 9;
const CHECKSUM_BYTES = 8;
/** Before, the mark of the end was the last byte. */
const FIRST_VERSION_WITH_CHECKSUM = 5;

export class RdbFileChecksum {
  readonly #crc = new Crc64();
  #magic: Buffer = Buffer.alloc(0);
  /** The last bytes that came: they may be the checksum. */
  #tail: Buffer = Buffer.alloc(0);
  #lastSummed = 0;
  #bytes = 0;

  /** Keeps nothing of `chunk`. Throws RdbError for what is no RDB file. */
  feed(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#magic.length < MAGIC_BYTES) {
      this.#magic = Buffer.concat([this.#magic, chunk.subarray(0, MAGIC_BYTES - this.#magic.length)]);
      if (this.#magic.length === MAGIC_BYTES && this.version === undefined) throw notAnRdb();
    }
    if (chunk.length < CHECKSUM_BYTES) {
      const both = Buffer.concat([this.#tail, chunk]);
      const summed = Math.max(0, both.length - CHECKSUM_BYTES);
      this.#sum(both, summed);
      this.#tail = both.subarray(summed);
      return;
    }
    this.#sum(this.#tail, this.#tail.length);
    this.#sum(chunk, chunk.length - CHECKSUM_BYTES);
    this.#tail = Buffer.from(chunk.subarray(-CHECKSUM_BYTES));
  }

  /** Of the format; undefined before nine bytes have come, and where they say none. */
  get version(): number | undefined {
    const digits = /^REDIS(\d{4})$/.exec(this.#magic.latin1Slice())?.[1];
    return digits === undefined ? undefined : Number(digits);
  }

  /**
   * To be called when no more bytes come. Returns whether the file has a checksum: servers may be told to write none.
   * Throws RdbError when the file is not whole, or its checksum wrong.
   */
  end(): boolean {
    const { version } = this;
    if (version === undefined) throw notAnRdb();
    if (version < FIRST_VERSION_WITH_CHECKSUM) {
      if (this.#tail.at(-1) !== opcodes.eof) throw endsEarly(this.#bytes);
      return false;
    }
    if (this.#bytes <= MAGIC_BYTES + CHECKSUM_BYTES) throw endsEarly(this.#bytes);
    const low = this.#tail.readUInt32LE(0);
    const high = this.#tail.readUInt32LE(4);
    const unknown = low === 0 && high === 0;
    if (!unknown && (low !== this.#crc.low || high !== this.#crc.high))
      throw new RdbError('its checksum is wrong: it is cut short or damaged');
    if (this.#lastSummed !== opcodes.eof) throw endsEarly(this.#bytes);
    return !unknown;
  }

  #sum(bytes: Buffer, end: number): void {
    if (end === 0) return;
    this.#crc.update(bytes, 0, end);
    this.#lastSummed = bytes[end - 1] as number;
  }
}

function notAnRdb(): RdbError {
  return new RdbError('it is no RDB file: it does not begin with REDIS and a version');
}

function endsEarly(bytes: number): RdbError {
  return new RdbError(`it ends early, after ${bytes} bytes`);
}
