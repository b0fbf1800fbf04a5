/**
 * Owns the writing of an RDB file piece by piece: what was written is taken away as it grows, so that a file of any
 * size needs the memory of one piece. Source: Redis rdb.c rdbSaveRio, rdbSaveInfoAuxFields, rdbSaveKeyValuePair.
 */
import { ByteWriter } from '../../core/bytes.ts';
import { Crc64 } from './crc64.ts';
import { writeLength } from './lengths.ts';
import { type RdbSource, typeOf, writeObject } from './objects.ts';
import { opcodes } from './opcodes.ts';
import { writeString } from './strings.ts';
import { RDB_VERSION_WRITTEN } from './version.ts';

export interface RdbInfo {
  /** Of the server that the file is written as: "7.0.15". */
  readonly redisVersion: string;
  /** Unix seconds. */
  readonly createdAtSeconds: number;
  readonly usedMemoryBytes: number;
  /** Where the stream stood: present in files that replicas may continue from. */
  readonly replication?: {
    /** The database that the stream has selected. */
    readonly streamDb: number;
    readonly id: string;
    readonly offset: number;
  };
  /** The RDB is the base of an append only file. */
  readonly aofBase?: boolean;
}

/** How a key was used, for a server that evicts keys by that. */
export type RdbUsage = { readonly idleSeconds: number } | { readonly frequency: number };

export interface RdbWriterOptions {
  /** As rdbcompression. */
  readonly compress: boolean;
  /** As rdbchecksum: without, the checksum is zero and nobody checks it. */
  readonly checksum: boolean;
}

const PIECE_BYTES = 64 * 1024;

export class RdbWriter {
  readonly #options: RdbWriterOptions;
  readonly #crc = new Crc64();
  #piece = new ByteWriter(PIECE_BYTES);
  /** Bytes of the piece that the checksum has seen. */
  #summedBytes = 0;
  #selectedDb = -1;

  constructor(options: RdbWriterOptions) {
    this.#options = options;
  }

  /** Bytes written since the last `take`. */
  get pendingBytes(): number {
    return this.#piece.length;
  }

  /** What was written since the last call; the caller owns it. */
  take(): Buffer {
    this.#sum();
    const bytes = this.#piece.bytes();
    this.#piece = new ByteWriter(PIECE_BYTES);
    this.#summedBytes = 0;
    return bytes;
  }

  #sum(): void {
    if (this.#options.checksum) this.#crc.update(this.#piece.bytes(), this.#summedBytes);
    this.#summedBytes = this.#piece.length;
  }

  header(info: RdbInfo): void {
    this.#piece.latin1(`REDIS${String(RDB_VERSION_WRITTEN).padStart(4, '0')}`);
    this.#aux('redis-ver', info.redisVersion);
    this.#aux('redis-bits', '64');
    this.#aux('ctime', String(info.createdAtSeconds));
    this.#aux('used-mem', String(info.usedMemoryBytes));
    if (info.replication) {
      this.#aux('repl-stream-db', String(info.replication.streamDb));
      this.#aux('repl-id', info.replication.id);
      this.#aux('repl-offset', String(info.replication.offset));
    }
    this.#aux('aof-base', info.aofBase ? '1' : '0');
  }

  #aux(name: string, value: string): void {
    this.#piece.u8(opcodes.aux);
    writeString(this.#piece, name, this.#options.compress);
    writeString(this.#piece, value, this.#options.compress);
  }

  /** A library of functions, as its code; before all keys. */
  functionLibrary(code: string): void {
    this.#piece.u8(opcodes.function2);
    writeString(this.#piece, code, this.#options.compress);
  }

  /** The keys that follow are of database `index`. Nothing is written when the last ones were, too. */
  selectDb(index: number): void {
    if (index === this.#selectedDb) return;
    this.#selectedDb = index;
    this.#piece.u8(opcodes.selectDb);
    writeLength(this.#piece, index);
  }

  /** Selects database `index` and tells how many keys it will have, and how many of them with a time to live. */
  resizeDb(index: number, size: number, expiringCount: number): void {
    this.selectDb(index);
    this.#piece.u8(opcodes.resizeDb);
    writeLength(this.#piece, size);
    writeLength(this.#piece, expiringCount);
  }

  /** `expireAtMs` is Unix ms, -1 without a time to live. */
  entry(key: string, value: RdbSource, expireAtMs: number, usage?: RdbUsage): void {
    writeEntry(this.#piece, key, value, expireAtMs, usage, this.#options.compress);
  }

  /** What `entry` would write, as bytes of its own. */
  encodeEntry(key: string, value: RdbSource, expireAtMs: number, usage?: RdbUsage): Buffer {
    const writer = new ByteWriter();
    writeEntry(writer, key, value, expireAtMs, usage, this.#options.compress);
    return writer.bytes();
  }

  /** Writes what `encodeEntry` gave. */
  encodedEntry(bytes: Buffer): void {
    this.#piece.raw(bytes);
  }

  /** Ends the file. */
  end(): void {
    this.#piece.u8(opcodes.eof);
    this.#sum();
    const { low, high } = this.#crc;
    this.#piece.u32le(low).u32le(high);
  }
}

function writeEntry(
  writer: ByteWriter,
  key: string,
  value: RdbSource,
  expireAtMs: number,
  usage: RdbUsage | undefined,
  compress: boolean,
): void {
  if (expireAtMs !== -1) {
    writer.u8(opcodes.expireMs);
    writer.u32le(expireAtMs >>> 0).u32le(Math.floor(expireAtMs / 0x1_0000_0000) >>> 0);
  }
  if (usage !== undefined) {
    if ('frequency' in usage) {
      writer.u8(opcodes.frequency).u8(usage.frequency);
    } else {
      writer.u8(opcodes.idle);
      writeLength(writer, usage.idleSeconds);
    }
  }
  writer.u8(typeOf(value));
  writeString(writer, key, compress);
  writeObject(writer, value, compress);
}
