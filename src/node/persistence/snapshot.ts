/**
 * Owns a consistent view of all databases: the data of one moment, written out over any time while the node goes on. Entries
 * are written as they are met; one that is about to change before that is kept aside as it was: a string by its reference, a
 * collection encoded at once, because it is changed in place. So the snapshot costs no pause, and as much memory as there are
 * changes while it is written. One at a time: background-work.ts says who has it.
 * Never knows where the bytes go, nor in which format they are: a SnapshotEncoder writes them (rdb-encoder.ts, or the commands of
 * an AOF). Source: what Redis gets from fork (rdb.c rdbSaveRio, aof.c rewriteAppendOnlyFileRio).
 */
import type { Value } from '../keyspace/value.ts';
import type { Database, Entry, SnapshotKeeper } from '../parts/keyspace.ts';
import { ByteString } from '../types/string/byte-string.ts';
import { isString } from '../types/string/string.ts';

/** What a snapshot writes of a key. */
export type SavedEntry = Pick<Entry, 'key' | 'value' | 'expireAtMs' | 'access'>;

/** A database at the moment of the snapshot. */
export interface DatabaseSize {
  readonly index: number;
  readonly size: number;
  readonly expiringCount: number;
}

/** A format that a data set is written in. */
export interface SnapshotEncoder {
  /** Before all entries; only databases that are not empty. */
  begin(databases: readonly DatabaseSize[]): void;
  entry(dbIndex: number, entry: SavedEntry): void;
  /** What `entry` would write of it, as bytes of its own that `encoded` takes later. */
  encode(dbIndex: number, entry: SavedEntry): Buffer;
  encoded(dbIndex: number, bytes: Buffer): void;
  /** Behind all entries. */
  end(): void;
  /** Bytes written since the last `take`. */
  readonly pendingBytes: number;
  /** What was written since the last call; the caller owns it. */
  take(): Buffer;
}

interface KeptEntry {
  readonly dbIndex: number;
  readonly saved: SavedEntry | Buffer;
}

interface DatabaseView extends DatabaseSize {
  readonly database: Database;
  readonly entries: Iterator<Entry, void>;
}

/** A piece is given away when it has grown to this. */
const PIECE_BYTES = 48 * 1024;
/** What a kept entry takes besides its key and value, roughly. */
const KEPT_ENTRY_BYTES = 64;

function viewOf(database: Database): DatabaseView {
  const { index, size, expiringCount } = database;
  return { database, entries: database.entries(), index, size, expiringCount };
}

export class Snapshot implements SnapshotKeeper {
  readonly number: number;
  /** Keys of the moment of the snapshot. */
  readonly keysTotal: number;
  /** Keys written so far. */
  keysWritten = 0;
  /** Bytes that had to be kept aside so far, because they changed before they were written: what fork would have copied. */
  keptBytes = 0;
  readonly #views: readonly DatabaseView[];
  readonly #encoder: SnapshotEncoder;
  readonly #pieceBytes: number;
  #kept: KeptEntry[] = [];

  /**
   * The data are those of this moment. `release` it in the end. `number` is that of no snapshot before; `onePieceAKey`: for who
   * counts the keys as they go.
   */
  constructor(
    number: number,
    databases: readonly Database[],
    encoder: SnapshotEncoder,
    onePieceAKey = false,
  ) {
    this.number = number;
    this.#encoder = encoder;
    this.#pieceBytes = onePieceAKey ? 1 : PIECE_BYTES;
    this.#views = databases.map(viewOf);
    this.keysTotal = this.#views.reduce((sum, { size }) => sum + size, 0);
    for (const database of databases) {
      if (database.snapshot !== undefined) throw new Error('another snapshot is still being written');
      database.snapshot = this;
    }
  }

  keep(dbIndex: number, entry: Entry): void {
    const { key, value, expireAtMs, access } = entry;
    entry.savedBy = this.number;
    if (value instanceof ByteString) value.shared = true;
    const saved = isString(value) ? { key, value, expireAtMs, access } : this.#encoder.encode(dbIndex, entry);
    this.keptBytes +=
      KEPT_ENTRY_BYTES + (Buffer.isBuffer(saved) ? saved.length : key.length + lengthOf(value));
    this.#kept.push({ dbIndex, saved });
  }

  keepAll(dbIndex: number): void {
    const entries = this.#views[dbIndex]?.entries;
    for (let next = entries?.next(); next && !next.done; next = entries?.next())
      if (next.value.savedBy !== this.number) this.keep(dbIndex, next.value);
  }

  /** The data, piece by piece; to be called once. The snapshot is released with the last piece. */
  *pieces(): Generator<Buffer, void> {
    const encoder = this.#encoder;
    encoder.begin(this.#views.filter(({ size }) => size > 0));
    for (const { database, entries } of this.#views) {
      for (let next = entries.next(); !next.done; next = entries.next()) {
        const entry = next.value;
        if (entry.savedBy === this.number) continue;
        entry.savedBy = this.number;
        encoder.entry(database.index, entry);
        this.keysWritten++;
        if (encoder.pendingBytes < this.#pieceBytes) continue;
        yield encoder.take();
        yield* this.#keptPieces();
      }
    }
    yield* this.#keptPieces();
    encoder.end();
    this.release();
    yield encoder.take();
  }

  /** What was kept aside so far, so that it need not be kept any longer. */
  *#keptPieces(): Generator<Buffer, void> {
    const encoder = this.#encoder;
    while (this.#kept.length > 0) {
      const kept = this.#kept;
      this.#kept = [];
      for (const { dbIndex, saved } of kept) {
        if (Buffer.isBuffer(saved)) encoder.encoded(dbIndex, saved);
        else encoder.entry(dbIndex, saved);
        this.keysWritten++;
        if (encoder.pendingBytes >= this.#pieceBytes) yield encoder.take();
      }
    }
  }

  /** Nothing more is wanted of it. May be called again. */
  release(): void {
    for (const { database, entries } of this.#views) {
      if (database.snapshot === this) database.snapshot = undefined;
      entries.return?.();
    }
    this.#kept = [];
  }
}

function lengthOf(value: Value): number {
  return isString(value) ? value.length : 0;
}

/** The data as they are, piece by piece, for who lets nothing happen before the last one: no snapshot is needed for that. */
export function* currentPieces(
  databases: readonly Database[],
  encoder: SnapshotEncoder,
): Generator<Buffer, void> {
  encoder.begin(databases.filter(({ size }) => size > 0));
  for (const database of databases) {
    for (const entry of database.entries()) {
      encoder.entry(database.index, entry);
      if (encoder.pendingBytes >= PIECE_BYTES) yield encoder.take();
    }
  }
  encoder.end();
  yield encoder.take();
}
