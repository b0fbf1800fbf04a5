/**
 * Owns the walk through an RDB file or stream that arrives in chunks of any size: how it begins, its opcodes, what stands
 * before each key, where it ends, and its checksum. What becomes of a value is its visitor's. No memory is taken on the word
 * of a length. A value that is not complete yet is measured as its bytes come in, and read when the last is there: so
 * each byte costs the same, however large the value and however small the chunks.
 * Source: Redis rdb.c rdbLoadRioWithLoadingCtx, rdbFunctionLoad, rdbLoadCheckModuleValue.
 */
import { ByteReader, BytesError, EndOfInputError } from '../../core/bytes.ts';
import { Crc64 } from './crc64.ts';
import { RdbChecksumError, RdbError } from './errors.ts';
import { readLength } from './lengths.ts';
import { moduleParts, opcodes } from './opcodes.ts';
import { type ObjectWalk, walkOver } from './skip.ts';
import { readString } from './strings.ts';

/** What stands before a key. */
export interface KeyFacts {
  readonly db: number;
  /** Unix ms, -1 without a time to live. It may be in the past. */
  readonly expireAtMs: number;
  /** Seconds without use, -1 when not told. */
  readonly idleSeconds: number;
  /** Logarithmic count of uses, -1 when not told. */
  readonly frequency: number;
}

/** Is told what the file holds, in its order. What it throws ends the walk. */
export interface RdbVisitor {
  aux(name: string, value: string): void;
  /** A library of functions, as FUNCTION LOAD takes its code. */
  functionLibrary(code: string): void;
  /** Keys of this database follow. */
  database(db: number): void;
  /** So many keys of this database follow, as the file says: nothing may be taken on its word. */
  keyCount(db: number, keys: number): void;
  /**
   * Reads a value of this type. Throws EndOfInputError, before anything is done with it, where it is not complete: it is
   * called again when it is. `facts` are of this call only.
   */
  value(key: string, type: number, reader: ByteReader, facts: KeyFacts): void;
}

export interface WalkOptions {
  /** How the file is called in errors: "the RDB is malformed at byte 9". */
  readonly name: 'the RDB' | 'it';
  readonly newestVersion: number;
  /** Whether the checksum is compared. A file without one (zero) is always accepted. */
  readonly checksum: boolean;
}

const MAGIC_BYTES = 9;
const OLDEST_VERSION = 1;
const FIRST_VERSION_WITH_CHECKSUM = 5;

export class RdbWalk {
  readonly #visitor: RdbVisitor;
  readonly #options: WalkOptions;
  readonly #crc = new Crc64();
  readonly #facts = { db: 0, expireAtMs: -1, idleSeconds: -1, frequency: -1 };
  #version = 0;
  #done = false;
  /** The bytes of an item that is not complete; there may be room behind them. */
  #held: Buffer = Buffer.alloc(0);
  #heldBytes = 0;
  #passedBytes = 0;
  /** Where the value of the item at hand begins, and its type; -1 before it does. */
  #valueAt = -1;
  #valueType = -1;
  /** Of a value that is not complete: how far into the bytes held it was walked over. */
  #measured: { readonly walk: ObjectWalk; at: number } | undefined;

  constructor(visitor: RdbVisitor, options: WalkOptions) {
    this.#visitor = visitor;
    this.#options = options;
  }

  /** The whole file was read, and its checksum is right. */
  get done(): boolean {
    return this.#done;
  }

  /** The version that the file says it has; 0 before that is known. */
  get version(): number {
    return this.#version;
  }

  /**
   * Takes in the next bytes and returns how many of them belong to the file: fewer than given once it is done. What the
   * visitor reads may share memory with `chunk`; nothing else of it is kept. Throws RdbError, after which the walk is of
   * no use.
   */
  feed(chunk: Buffer): number {
    if (this.#done || chunk.length === 0) return 0;
    const heldBytes = this.#heldBytes;
    const reader = new ByteReader(heldBytes === 0 ? chunk : this.#heldWith(chunk));
    const passed = this.#measure(reader) ? this.#readItems(reader) : 0;
    this.#passedBytes += passed;
    if (this.#done) return passed - heldBytes;
    if (passed > 0 || heldBytes === 0) this.#hold(reader.bytes.subarray(passed));
    return chunk.length;
  }

  /** To be called when no more bytes will come. Throws RdbError unless the file is done. */
  end(): void {
    if (!this.#done)
      throw new RdbError(
        `${this.#options.name} ended early, after ${this.#passedBytes + this.#heldBytes} bytes`,
      );
  }

  #hold(bytes: Buffer): void {
    // A copy: the chunk is the caller's, and what was read of the bytes held before may share memory with them.
    this.#held = Buffer.from(bytes);
    this.#heldBytes = bytes.length;
  }

  /** With room for twice as much each time, all copies together cost twice the last. */
  #heldWith(chunk: Buffer): Buffer {
    const bytes = this.#heldBytes + chunk.length;
    if (bytes > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.max(bytes, 2 * this.#heldBytes));
      this.#held.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    chunk.copy(this.#held, this.#heldBytes);
    this.#heldBytes = bytes;
    return this.#held.subarray(0, bytes);
  }

  /** Whether the value that was not complete is so now; true where there is none. */
  #measure(reader: ByteReader): boolean {
    const measured = this.#measured;
    if (measured === undefined) return true;
    const passed = reader.offset;
    reader.offset = measured.at;
    try {
      measured.walk.advance(reader);
    } catch (error) {
      if (!(error instanceof EndOfInputError)) throw this.#asRefusal(error, passed);
      measured.at = reader.offset;
      return false;
    }
    reader.offset = passed;
    return true;
  }

  /** Reads whole items, and returns the bytes that they took. */
  #readItems(reader: ByteReader): number {
    let itemStart = 0;
    try {
      while (!this.#done) {
        itemStart = reader.offset;
        this.#valueAt = -1;
        if (this.#version === 0) this.#readMagic(reader);
        else this.#readItem(reader, reader.u8());
        this.#measured = undefined;
      }
      return reader.offset;
    } catch (error) {
      if (!(error instanceof EndOfInputError) || !this.#isCut(reader, itemStart))
        throw this.#asRefusal(error, itemStart);
      if (this.#options.checksum) this.#crc.update(reader.bytes, 0, itemStart);
      return itemStart;
    }
  }

  /** After the bytes were not enough: whether more of them would help. What is packed into a value may be cut short too. */
  #isCut(reader: ByteReader, itemStart: number): boolean {
    if (this.#measured !== undefined) return false;
    const walk = this.#valueAt < 0 ? undefined : walkOver(this.#valueType);
    if (walk === undefined) return true;
    this.#measured = { walk, at: this.#valueAt };
    if (this.#measure(reader)) return false;
    this.#measured.at -= itemStart;
    return true;
  }

  #asRefusal(error: unknown, at: number): unknown {
    if (!(error instanceof BytesError)) return error;
    const place = this.#passedBytes + at;
    return new RdbError(`${this.#options.name} is malformed at byte ${place}: ${error.message}`);
  }

  #readMagic(reader: ByteReader): void {
    const { name, newestVersion } = this.#options;
    const version = Number(/^REDIS(\d{4})$/.exec(reader.latin1(MAGIC_BYTES))?.[1] ?? -1);
    if (version < 0) throw new RdbError(`${name} does not begin with REDIS and a version`);
    if (version < OLDEST_VERSION || version > newestVersion)
      throw new RdbError(
        `RDB version ${version} is not supported, only ${OLDEST_VERSION} to ${newestVersion} are`,
      );
    this.#version = version;
  }

  #readEnd(reader: ByteReader): void {
    const end = reader.offset;
    if (this.#version >= FIRST_VERSION_WITH_CHECKSUM) {
      const low = reader.u32le();
      const high = reader.u32le();
      const unknown = low === 0 && high === 0;
      if (this.#options.checksum && !unknown) {
        this.#crc.update(reader.bytes, 0, end);
        if (low !== this.#crc.low || high !== this.#crc.high)
          throw new RdbChecksumError('its checksum is wrong: it is damaged');
      }
    }
    this.#done = true;
  }

  /** One opcode with what belongs to it, or one key. */
  #readItem(reader: ByteReader, type: number): void {
    switch (type) {
      case opcodes.eof:
        this.#readEnd(reader);
        break;
      case opcodes.expireMs:
        this.#facts.expireAtMs = readMilliseconds(reader);
        break;
      case opcodes.expireSeconds:
        this.#facts.expireAtMs = reader.i32le() * 1000;
        break;
      case opcodes.idle:
        this.#facts.idleSeconds = readLength(reader);
        break;
      case opcodes.frequency:
        this.#facts.frequency = reader.u8();
        break;
      case opcodes.selectDb:
        this.#facts.db = readLength(reader);
        this.#visitor.database(this.#facts.db);
        break;
      case opcodes.resizeDb: {
        const keys = readLength(reader);
        readLength(reader);
        this.#visitor.keyCount(this.#facts.db, keys);
        break;
      }
      case opcodes.slotInfo:
        for (let field = 0; field < 3; field++) readLength(reader);
        break;
      case opcodes.aux:
        this.#visitor.aux(readString(reader), readString(reader));
        break;
      case opcodes.moduleAux:
        skipModuleAux(reader);
        break;
      case opcodes.function2:
        this.#visitor.functionLibrary(readString(reader));
        break;
      case opcodes.functionPreRelease:
        this.#visitor.functionLibrary(readPreReleaseFunction(reader));
        break;
      default:
        this.#readKey(reader, type);
    }
  }

  #readKey(reader: ByteReader, type: number): void {
    const key = readString(reader);
    const facts = this.#facts;
    this.#valueAt = reader.offset;
    this.#valueType = type;
    this.#visitor.value(key, type, reader, facts);
    facts.expireAtMs = -1;
    facts.idleSeconds = -1;
    facts.frequency = -1;
  }
}

/** Unix ms, of eight bytes. */
function readMilliseconds(reader: ByteReader): number {
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
function skipModuleAux(reader: ByteReader): void {
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
