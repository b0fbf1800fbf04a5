/**
 * Owns the walk through an RDB file that gives each value as the bytes it is made of, for RESTORE: nothing is decoded but
 * keys. The file comes in chunks of any size; what is held is the chunk at hand, or one value and as much again. The
 * checksum is verified at the end, so nothing may be believed for good before `end`. Source: Redis rdb.c rdbLoadRioWithLoadingCtx.
 */
import { ByteReader, BytesError, EndOfInputError } from '../../core/bytes.ts';
import { Crc64 } from './crc64.ts';
import { readLength } from './lengths.ts';
import { opcodes } from './opcodes.ts';
import type { RawObject } from './raw-object.ts';
import { printableKey, RdbError, readMilliseconds, readPreReleaseFunction, skipModuleAux } from './reader.ts';
import { skipObject, whyNotSkipped } from './skip.ts';
import { readString } from './strings.ts';

export interface RdbKey {
  readonly db: number;
  /** Latin1, one character a byte. */
  readonly key: string;
  /** Shares memory with the chunks. */
  readonly object: RawObject;
  /** Unix ms, -1 without a time to live. It may be in the past. */
  readonly expireAtMs: number;
  /** Seconds without use, -1 when not told. */
  readonly idleSeconds: number;
  /** Logarithmic count of uses, -1 when not told. */
  readonly frequency: number;
}

/** Functions come before keys; a library is its code, latin1. */
export type RdbItem =
  | { readonly kind: 'key'; readonly key: RdbKey }
  | { readonly kind: 'function'; readonly code: string };

/** Versions whose layout is known: from the first that servers of today still read to that of Redis 7.2 and Valkey 8. */
const OLDEST_VERSION = 1;
const NEWEST_VERSION = 11;
const FIRST_VERSION_WITH_CHECKSUM = 5;
const MAGIC_BYTES = 9;

export class RdbScanner {
  readonly #crc = new Crc64();
  #version = 0;
  #done = false;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** With fewer bytes at hand another try is not worth it. */
  #worthBytes = MAGIC_BYTES;
  #passedBytes = 0;
  #db = 0;
  #expireAtMs = -1;
  #idleSeconds = -1;
  #frequency = -1;

  /** The version that the file says it has; 0 before that is known. */
  get version(): number {
    return this.#version;
  }

  /** The items that are complete now. Keeps `chunk`, which must not change any more. Throws RdbError. */
  feed(chunk: Buffer): RdbItem[] {
    if (this.#done && chunk.length > 0) throw new RdbError('there are bytes behind its end');
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    return this.#pendingBytes < this.#worthBytes ? [] : this.#scan();
  }

  /** The last items, when there are no more bytes. Throws RdbError unless the file is complete and its checksum right. */
  end(): RdbItem[] {
    const items = this.#done ? [] : this.#scan();
    if (!this.#done)
      throw new RdbError(`it ends early, after ${this.#passedBytes + this.#pendingBytes} bytes`);
    return items;
  }

  #scan(): RdbItem[] {
    const [first] = this.#pending;
    const input = first !== undefined && this.#pending.length === 1 ? first : Buffer.concat(this.#pending);
    const reader = new ByteReader(input);
    const items: RdbItem[] = [];
    let itemStart = 0;
    try {
      while (!this.#done) {
        itemStart = reader.offset;
        this.#readNext(reader, items);
      }
      itemStart = reader.offset;
      if (reader.remaining > 0) throw new RdbError('there are bytes behind its end');
    } catch (error) {
      if (!(error instanceof BytesError)) throw error;
      if (!(error instanceof EndOfInputError))
        throw new RdbError(`it is malformed at byte ${this.#passedBytes + itemStart}: ${error.message}`);
      this.#crc.update(input, 0, itemStart);
      const rest = input.length - itemStart;
      // An item is begun anew at each try: with twice as much each time, all tries together cost twice the last.
      this.#worthBytes = rest + Math.max(error.missingBytes, rest);
    }
    this.#passedBytes += itemStart;
    const rest = input.subarray(itemStart);
    this.#pending = rest.length === 0 ? [] : [rest];
    this.#pendingBytes = rest.length;
    return items;
  }

  #readNext(reader: ByteReader, items: RdbItem[]): void {
    if (this.#version === 0) {
      this.#readMagic(reader);
      return;
    }
    const type = reader.u8();
    switch (type) {
      case opcodes.eof:
        this.#readEnd(reader);
        break;
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
        this.#db = readLength(reader);
        break;
      case opcodes.resizeDb:
        readLength(reader);
        readLength(reader);
        break;
      case opcodes.slotInfo:
        for (let field = 0; field < 3; field++) readLength(reader);
        break;
      case opcodes.aux:
        readString(reader);
        readString(reader);
        break;
      case opcodes.moduleAux:
        skipModuleAux(reader);
        break;
      case opcodes.function2:
        items.push({ kind: 'function', code: readString(reader) });
        break;
      case opcodes.functionPreRelease:
        items.push({ kind: 'function', code: readPreReleaseFunction(reader) });
        break;
      default:
        items.push({ kind: 'key', key: this.#readKey(reader, type) });
    }
  }

  #readMagic(reader: ByteReader): void {
    const version = /^REDIS(\d{4})$/.exec(reader.latin1(MAGIC_BYTES))?.[1];
    if (version === undefined)
      throw new RdbError('it is no RDB file: it does not begin with REDIS and a version');
    if (Number(version) < OLDEST_VERSION || Number(version) > NEWEST_VERSION)
      throw new RdbError(
        `it has RDB version ${Number(version)}, and only ${OLDEST_VERSION} to ${NEWEST_VERSION} are understood`,
      );
    this.#version = Number(version);
  }

  #readEnd(reader: ByteReader): void {
    const end = reader.offset;
    if (this.#version >= FIRST_VERSION_WITH_CHECKSUM) {
      const low = reader.u32le();
      const high = reader.u32le();
      this.#crc.update(reader.bytes, 0, end);
      const unknown = low === 0 && high === 0;
      if (!unknown && (low !== this.#crc.low || high !== this.#crc.high))
        throw new RdbError('its checksum is wrong: it is damaged');
    }
    this.#done = true;
  }

  #readKey(reader: ByteReader, type: number): RdbKey {
    const key = readString(reader);
    const why = whyNotSkipped(reader, type);
    if (why !== undefined)
      throw new RdbError(`its key "${printableKey(key)}" is a ${why}, which cannot be restored`);
    const start = reader.offset;
    skipObject(reader, type);
    const found: RdbKey = {
      db: this.#db,
      key,
      object: { type, body: reader.bytes.subarray(start, reader.offset) },
      expireAtMs: this.#expireAtMs,
      idleSeconds: this.#idleSeconds,
      frequency: this.#frequency,
    };
    this.#expireAtMs = -1;
    this.#idleSeconds = -1;
    this.#frequency = -1;
    return found;
  }
}
