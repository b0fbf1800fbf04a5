/**
 * Owns string values that are changed in place: bytes with room to grow, so that SETBIT, SETRANGE and APPEND do
 * not copy the whole value each time.
 */
import { Counted } from '../memory.ts';

/** As seen in V8: the object, and that of its buffer. */
const EMPTY_BYTES = 240;

export class ByteString extends Counted {
  /**
   * Somebody (a snapshot that is being written) relies on these bytes staying as they are: before a change, the
   * database puts a copy in their place.
   */
  shared = false;
  #bytes: Buffer;
  #length: number;

  /** Takes the bytes over: nobody else may change them afterwards. */
  constructor(bytes: Buffer) {
    super(EMPTY_BYTES + bytes.length);
    this.#bytes = bytes;
    this.#length = bytes.length;
  }

  static fromLatin1(text: string): ByteString {
    return new ByteString(Buffer.from(text, 'latin1'));
  }

  get length(): number {
    return this.#length;
  }

  /** A view, valid until the next change of length. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Grows to `length`, filled with zeros; shorter lengths change nothing. */
  growTo(length: number): void {
    if (length <= this.#length) return;
    if (length > this.#bytes.length) {
      const larger = Buffer.alloc(
        Math.max(length, Math.min(this.#bytes.length * 2, this.#bytes.length + (1 << 20))),
      );
      larger.set(this.bytes);
      this.count(larger.length - this.#bytes.length);
      this.#bytes = larger;
    } else {
      this.#bytes.fill(0, this.#length, length);
    }
    this.#length = length;
  }

  /** Writes latin1 text at `offset`, growing as needed. */
  writeAt(offset: number, text: string): void {
    this.growTo(offset + text.length);
    this.#bytes.latin1Write(text, offset, text.length);
  }

  /** Puts `inserted` in the place of `removed` bytes (those that there are) from `start` on. */
  splice(start: number, removed: number, inserted: ArrayLike<number>): void {
    const tail = Math.min(start + removed, this.#length);
    const length = this.#length - (tail - start) + inserted.length;
    const oldLength = this.#length;
    this.growTo(length);
    this.#bytes.copyWithin(start + inserted.length, tail, oldLength);
    this.#bytes.set(inserted, start);
    this.#length = length;
  }

  /** Characters [start, end) as a latin1 string. */
  slice(start = 0, end = this.#length): string {
    const last = Math.min(end, this.#length);
    return start < last ? this.#bytes.latin1Slice(start, last) : '';
  }

  copy(): ByteString {
    return new ByteString(Buffer.from(this.bytes));
  }
}

/** The whole value as a latin1 string. */
export function textOf(value: string | ByteString): string {
  return typeof value === 'string' ? value : value.slice();
}
