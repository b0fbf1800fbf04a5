/**
 * Owns a consistent view of all databases: the data of one moment, written out as an RDB over any time while the node goes
 * on. Entries are written as they are met; one that is about to change before that is kept aside as it was. So the snapshot
 * costs no pause, and as much memory as there are changes while it is written. At most one at a time.
 * Source: what Redis gets from fork (rdb.c rdbSaveToSlavesSockets, rdbSaveRio).
 */
import { type RdbInfo, RdbWriter, type RdbWriterOptions } from '../../protocol/rdb/writer.ts';
import type { Value } from '../keyspace/value.ts';
import type { Database, Entry, SnapshotKeeper } from '../parts/keyspace.ts';
import { ByteString } from '../types/string/byte-string.ts';
import { typeOf } from '../types/types.ts';

/** An entry as it was when the snapshot was taken. */
interface KeptEntry {
  readonly dbIndex: number;
  readonly key: string;
  readonly value: Value;
  readonly expireAtMs: number;
}

interface DatabaseView {
  readonly database: Database;
  readonly entries: Iterator<Entry, void>;
  readonly size: number;
  readonly expiringCount: number;
}

/** A piece is given away when it has grown to this. */
const PIECE_BYTES = 48 * 1024;

export class Snapshot implements SnapshotKeeper {
  readonly #views: readonly DatabaseView[];
  #kept: KeptEntry[] = [];

  /** The data are those of this moment. `release` it in the end. */
  constructor(databases: readonly Database[]) {
    this.#views = databases.map((database) => ({
      database,
      entries: database.entries(),
      size: database.size,
      expiringCount: database.expiringCount,
    }));
    for (const database of databases) {
      if (database.snapshot !== undefined) throw new Error('another snapshot is still being written');
      database.snapshot = this;
    }
  }

  keep(dbIndex: number, entry: Entry): void {
    const { key, value, expireAtMs } = entry;
    entry.savedBy = this;
    if (value instanceof ByteString) value.shared = true;
    this.#kept.push({ dbIndex, key, value, expireAtMs });
  }

  keepAll(dbIndex: number): void {
    const entries = this.#views[dbIndex]?.entries;
    for (let next = entries?.next(); next && !next.done; next = entries?.next())
      if (next.value.savedBy !== this) this.keep(dbIndex, next.value);
  }

  /** The RDB, piece by piece; to be called once. The snapshot is released with the last piece. */
  *pieces(info: RdbInfo, options: RdbWriterOptions): Generator<Buffer, void> {
    const writer = new RdbWriter(options);
    writer.header(info);
    for (const { database, size, expiringCount } of this.#views)
      if (size > 0) writer.resizeDb(database.index, size, expiringCount);
    for (const { database, entries } of this.#views) {
      for (let next = entries.next(); !next.done; next = entries.next()) {
        const entry = next.value;
        if (entry.savedBy === this) continue;
        entry.savedBy = this;
        write(writer, database.index, entry);
        if (writer.pendingBytes < PIECE_BYTES) continue;
        yield writer.take();
        yield* this.#keptPieces(writer);
      }
    }
    yield* this.#keptPieces(writer);
    writer.end();
    this.release();
    yield writer.take();
  }

  /** What was kept aside so far, so that it need not be kept any longer. */
  *#keptPieces(writer: RdbWriter): Generator<Buffer, void> {
    while (this.#kept.length > 0) {
      const kept = this.#kept;
      this.#kept = [];
      for (const entry of kept) {
        write(writer, entry.dbIndex, entry);
        if (writer.pendingBytes >= PIECE_BYTES) yield writer.take();
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

function write(
  writer: RdbWriter,
  dbIndex: number,
  { key, value, expireAtMs }: Omit<KeptEntry, 'dbIndex'>,
): void {
  writer.selectDb(dbIndex);
  writer.entry(key, typeof value === 'string' ? value : typeOf(value).toRdb(value), expireAtMs);
}
