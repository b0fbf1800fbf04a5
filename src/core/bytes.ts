/**
 * Owns bounds-checked reading and writing of binary data. Reading past the end throws a BytesError instead of
 * returning something; decoders of untrusted bytes are built on this. Big-endian and little-endian by name.
 */

/** Input ended early, or holds a value that cannot be. */
export class BytesError extends Error {
  override readonly name: string = 'BytesError';
}

/** Input ended early: more of it may still come, where it is a stream. */
export class EndOfInputError extends BytesError {
  override readonly name = 'EndOfInputError';
  /** How many bytes the refused read would have needed on top. */
  readonly missingBytes: number;

  constructor(wantedBytes: number, offset: number, leftBytes: number) {
    super(`${wantedBytes} bytes wanted at ${offset}, ${leftBytes} left`);
    this.missingBytes = wantedBytes - leftBytes;
  }
}

export class ByteReader {
  readonly bytes: Buffer;
  offset: number;
  readonly end: number;

  constructor(bytes: Buffer, offset = 0, end = bytes.length) {
    if (offset < 0 || offset > end || end > bytes.length) throw new BytesError('range outside the input');
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  /** Moves `length` bytes on and returns where they start. Throws BytesError when there are fewer. */
  take(length: number): number {
    const start = this.offset;
    const left = this.end - start;
    if (length > left) throw new EndOfInputError(length, start, left);
    if (length < 0) throw new BytesError(`a length of ${length} at ${start}`);
    this.offset = start + length;
    return start;
  }

  u8(): number {
    return this.bytes.readUInt8(this.take(1));
  }
  u16be(): number {
    return this.bytes.readUInt16BE(this.take(2));
  }
  u32be(): number {
    return this.bytes.readUInt32BE(this.take(4));
  }
  u64be(): bigint {
    return this.bytes.readBigUInt64BE(this.take(8));
  }
  u16le(): number {
    return this.bytes.readUInt16LE(this.take(2));
  }
  u32le(): number {
    return this.bytes.readUInt32LE(this.take(4));
  }
  u64le(): bigint {
    return this.bytes.readBigUInt64LE(this.take(8));
  }
  i8(): number {
    return this.bytes.readInt8(this.take(1));
  }
  i16le(): number {
    return this.bytes.readInt16LE(this.take(2));
  }
  i32le(): number {
    return this.bytes.readInt32LE(this.take(4));
  }
  i64le(): bigint {
    return this.bytes.readBigInt64LE(this.take(8));
  }
  f64le(): number {
    return this.bytes.readDoubleLE(this.take(8));
  }
  /** A latin1 string of `length` bytes: one character a byte. */
  latin1(length: number): string {
    const start = this.take(length);
    return this.bytes.latin1Slice(start, start + length);
  }
  /** A view of `length` bytes; it shares memory with the input. */
  view(length: number): Buffer {
    const start = this.take(length);
    return this.bytes.subarray(start, start + length);
  }
}

/** A growing buffer. Numbers that do not fit throw a RangeError (from Buffer). */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(initialCapacity = 256) {
    this.#buffer = Buffer.allocUnsafe(initialCapacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Room for `count` more bytes; returns where they start. */
  #grow(count: number): number {
    const start = this.#length;
    const needed = start + count;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, start);
      this.#buffer = larger;
    }
    this.#length = needed;
    return start;
  }

  u8(value: number): this {
    const at = this.#grow(1);
    this.#buffer.writeUInt8(value, at);
    return this;
  }
  u16be(value: number): this {
    const at = this.#grow(2);
    this.#buffer.writeUInt16BE(value, at);
    return this;
  }
  u32be(value: number): this {
    const at = this.#grow(4);
    this.#buffer.writeUInt32BE(value, at);
    return this;
  }
  u64be(value: bigint): this {
    const at = this.#grow(8);
    this.#buffer.writeBigUInt64BE(value, at);
    return this;
  }
  u16le(value: number): this {
    const at = this.#grow(2);
    this.#buffer.writeUInt16LE(value, at);
    return this;
  }
  u32le(value: number): this {
    const at = this.#grow(4);
    this.#buffer.writeUInt32LE(value, at);
    return this;
  }
  u64le(value: bigint): this {
    const at = this.#grow(8);
    this.#buffer.writeBigUInt64LE(value, at);
    return this;
  }
  i64le(value: bigint): this {
    const at = this.#grow(8);
    this.#buffer.writeBigInt64LE(value, at);
    return this;
  }
  f64le(value: number): this {
    const at = this.#grow(8);
    this.#buffer.writeDoubleLE(value, at);
    return this;
  }
  latin1(text: string): this {
    const at = this.#grow(text.length);
    this.#buffer.latin1Write(text, at, text.length);
    return this;
  }
  raw(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length);
    this.#buffer.set(bytes, at);
    return this;
  }
  zeros(count: number): this {
    const at = this.#grow(count);
    this.#buffer.fill(0, at, at + count);
    return this;
  }
  /** Overwrites four bytes already written: for lengths known at the end. */
  patchU32be(at: number, value: number): this {
    if (at + 4 > this.#length) throw new BytesError('patch outside what was written');
    this.#buffer.writeUInt32BE(value, at);
    return this;
  }
  /** Starts over, keeping the memory: what `bytes` gave before is overwritten. */
  clear(): void {
    this.#length = 0;
  }
  /** What was written so far; a view, valid until the next write. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}
