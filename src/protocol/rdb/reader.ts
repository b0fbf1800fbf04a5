/**
 * Owns the reading of an RDB file or stream that arrives in chunks of any size. It knows itself where the file ends.
 * Each item is read from contiguous bytes by the same decoders that read DUMP payloads; an item that is not complete yet is
 * read again when the bytes it lacks are there, and no memory is taken on the word of a length.
 * Source: Redis rdb.c rdbLoadRioWithLoadingCtx, rdbFunctionLoad, rdbLoadCheckModuleValue.
 */
import { ByteReader, BytesError, EndOfInputError } from '../../core/bytes.ts';
import { Crc64 } from './crc64.ts';
import { readLength } from './lengths.ts';
import { type RdbValue, rdbTypes } from './objects.ts';
import { moduleParts, opcodes } from './opcodes.ts';
import { readString } from './strings.ts';
import { RDB_VERSION_READ } from './version.ts';

/** Why a file is refused: a clear sentence. */
export class RdbError extends Error {
  override readonly name: string = 'RdbError';
}

/** The bytes are not those that were written. */
export class RdbChecksumError extends RdbError {
  override readonly name = 'RdbChecksumError';
}

export interface RdbEntry {
  readonly db: number;
  readonly key: string;
  readonly value: RdbValue;
  /** Unix ms, -1 without a time to live. It may be in the past. */
  readonly expireAtMs: number;
  /** Seconds without use, -1 when not told. */
  readonly idleSeconds: number;
  /** Logarithmic count of uses, -1 when not told. */
  readonly frequency: number;
}

/** Receives what a file holds, in its order. What a handler throws ends the reading. */
export interface RdbHandler {
  aux(name: string, value: string): void;
  entry(entry: RdbEntry): void;
  /** A library of functions, as FUNCTION LOAD takes its code. */
  functionLibrary(code: string): void;
}

export interface RdbReaderOptions {
  /** As rdbchecksum: whether the checksum is compared. A file without one (zero) is always accepted. */
  readonly checksum: boolean;
  /** Keys of databases from this number on are refused. */
  readonly databases: number;
}

const MAGIC_BYTES = 9;
const FIRST_VERSION_WITH_CHECKSUM = 5;

export class RdbReader {
  readonly #handler: RdbHandler;
  readonly #options: RdbReaderOptions;
  readonly #crc = new Crc64();
  #version = 0;
  #done = false;
  /** Chunks of an item that is not complete, and how many bytes in all are worth another try. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #neededBytes = MAGIC_BYTES;
  #readBytes = 0;
  // What the opcodes before a key say about it.
  #db = 0;
  #expireAtMs = -1;
  #idleSeconds = -1;
  #frequency = -1;

  constructor(handler: RdbHandler, options: RdbReaderOptions) {
    this.#handler = handler;
    this.#options = options;
  }

  /** The whole file was read, and its checksum is right. */
  get done(): boolean {
    return this.#done;
  }

  /**
   * Takes in the next bytes and returns how many of them belong to the file: fewer than given once it is done. Keeps
   * no reference to `chunk`. Throws RdbError, after which the reader is of no use.
   */
  feed(chunk: Buffer): number {
    if (this.#done) return 0;
    const heldBytes = this.#pendingBytes;
    if (heldBytes + chunk.length < this.#neededBytes) {
      this.#pending.push(Buffer.from(chunk));
      this.#pendingBytes += chunk.length;
      return chunk.length;
    }
    const input = heldBytes === 0 ? chunk : Buffer.concat([...this.#pending, chunk]);
    const consumed = this.#readItems(new ByteReader(input));
    this.#readBytes += consumed;
    if (this.#done) {
      this.#pending = [];
      this.#pendingBytes = 0;
      return consumed - heldBytes;
    }
    const rest = input.subarray(consumed);
    this.#pending = rest.length === 0 ? [] : [heldBytes === 0 ? Buffer.from(rest) : rest];
    this.#pendingBytes = rest.length;
    return chunk.length;
  }

  /** To be called when no more bytes will come. Throws RdbError unless the file is done. */
  end(): void {
    if (!this.#done)
      throw new RdbError(`the RDB ended early, after ${this.#readBytes + this.#pendingBytes} bytes`);
  }

  /** Reads whole items, and returns the bytes that they took. */
  #readItems(reader: ByteReader): number {
    let itemStart = 0;
    let summed = 0;
    try {
      while (!this.#done) {
        itemStart = reader.offset;
        if (this.#version === 0) this.#readMagic(reader);
        else if (reader.u8() === opcodes.eof) {
          this.#readEnd(reader, summed);
          summed = reader.offset;
        } else {
          reader.offset = itemStart;
          this.#readItem(reader);
        }
      }
      return reader.offset;
    } catch (error) {
      if (error instanceof EndOfInputError) {
        this.#neededBytes = reader.remaining + reader.offset - itemStart + error.missingBytes;
        this.#crc.update(reader.bytes, summed, itemStart);
        return itemStart;
      }
      if (!(error instanceof BytesError)) throw error;
      throw new RdbError(`the RDB is malformed at byte ${this.#readBytes + itemStart}: ${error.message}`);
    }
  }

  #readMagic(reader: ByteReader): void {
    const magic = reader.latin1(MAGIC_BYTES);
    const version = /^REDIS(\d{4})$/.exec(magic)?.[1];
    if (version === undefined)
      throw new RdbError('this is no RDB: it does not begin with REDIS and a version');
    this.#version = Number(version);
    if (this.#version < 1 || this.#version > RDB_VERSION_READ)
      throw new RdbError(`RDB version ${this.#version} is not supported, only 1 to ${RDB_VERSION_READ} are`);
  }

  #readEnd(reader: ByteReader, summedBytes: number): void {
    const end = reader.offset;
    if (this.#version >= FIRST_VERSION_WITH_CHECKSUM) {
      const low = reader.u32le();
      const high = reader.u32le();
      this.#crc.update(reader.bytes, summedBytes, end);
      const same = low === this.#crc.low && high === this.#crc.high;
      const unknown = low === 0 && high === 0;
      if (this.#options.checksum && !same && !unknown)
        throw new RdbChecksumError('the checksum of the RDB is wrong');
    }
    this.#done = true;
  }

  /** One opcode with what belongs to it, or one key. */
  #readItem(reader: ByteReader): void {
    const type = reader.u8();
    switch (type) {
      case opcodes.expireMs:
        this.#expireAtMs = readMilliseconds(reader);
        break;
      case opcodes.expireSeconds:
        this.#expireAtMs = reader.i32le() * 1000;
        break;
      case opcodes.idle:
        this.#idleSeconds = readLength(reader);
        break;
      case opcodes.frequency:
        this.#frequency = reader.u8();
        break;
      case opcodes.selectDb:
        this.#selectDb(readLength(reader));
        break;
      case opcodes.resizeDb:
        readLength(reader);
        readLength(reader);
        break;
      case opcodes.slotInfo:
        for (let field = 0; field < 3; field++) readLength(reader);
        break;
      case opcodes.aux:
        this.#handler.aux(readString(reader), readString(reader));
        break;
      case opcodes.moduleAux:
        skipModuleAux(reader);
        break;
      case opcodes.function2:
        this.#handler.functionLibrary(readString(reader));
        break;
      case opcodes.functionPreRelease:
        this.#handler.functionLibrary(readPreReleaseFunction(reader));
        break;
      default:
        this.#readEntry(reader, type);
    }
  }

  #selectDb(db: number): void {
    if (db >= this.#options.databases)
      throw new RdbError(`the RDB has keys in database ${db}, this node has ${this.#options.databases}`);
    this.#db = db;
  }

  #readEntry(reader: ByteReader, type: number): void {
    const row = rdbTypes.get(type);
    if (row === undefined) throw new BytesError(`unknown type or opcode ${type}`);
    const key = readString(reader);
    if (row.decode === undefined)
      throw new RdbError(`key "${printableKey(key)}" is a ${row.name}, a type that is not supported`);
    const entry: RdbEntry = {
      db: this.#db,
      key,
      value: row.decode(reader),
      expireAtMs: this.#expireAtMs,
      idleSeconds: this.#idleSeconds,
      frequency: this.#frequency,
    };
    this.#expireAtMs = -1;
    this.#idleSeconds = -1;
    this.#frequency = -1;
    this.#handler.entry(entry);
  }
}

/** Unix ms, of eight bytes. */
export function readMilliseconds(reader: ByteReader): number {
  const low = reader.u32le();
  return reader.i32le() * 0x1_0000_0000 + low;
}

/** In the form of today: the code begins with a line that names engine and library. */
export function readPreReleaseFunction(reader: ByteReader): string {
  const name = readString(reader);
  const engine = readString(reader);
  if (readLength(reader) !== 0) readString(reader);
  return `#!${engine} name=${name}\n${readString(reader)}`;
}

/** Module id, when it is to be loaded, then parts that say themselves how long they are, up to an end mark. */
export function skipModuleAux(reader: ByteReader): void {
  readLength(reader);
  if (readLength(reader) !== moduleParts.unsigned)
    throw new BytesError('module data without its time of loading');
  readLength(reader);
  for (;;) {
    const part = readLength(reader);
    switch (part) {
      case moduleParts.eof:
        return;
      case moduleParts.signed:
      case moduleParts.unsigned:
        readLength(reader);
        break;
      case moduleParts.float:
        reader.take(4);
        break;
      case moduleParts.double:
        reader.take(8);
        break;
      case moduleParts.string:
        readString(reader);
        break;
      default:
        throw new BytesError(`unknown part ${part} in module data`);
    }
  }
}

/** For a sentence: what is no printable ASCII as \xhh, and not endless. */
export function printableKey(key: string): string {
  const shown = key.length > 128 ? `${key.slice(0, 128)}...` : key;
  return shown.replace(/[^ -~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
