/**
 * Owns a consistent view of all databases, taken at once and written out as an RDB over any time while the node goes on.
 * Taking it costs a pass over the keys and three references each; the values are shared with the keyspace: strings never
 * change, and a ByteString is copied by its database before its next change.
 * Source: what Redis gets from fork (rdb.c rdbSaveToSlavesSockets, rdbSaveRio).
 */
import { type RdbInfo, RdbWriter, type RdbWriterOptions } from '../../protocol/rdb/writer.ts';
import type { Value } from '../keyspace/value.ts';
import type { Database } from '../parts.ts';
import { typeOf } from '../types/types.ts';

interface DatabaseView {
  readonly index: number;
  readonly keys: string[];
  readonly values: Value[];
  /** Unix ms, -1 without a time to live. */
  readonly expiresAtMs: number[];
  readonly expiringCount: number;
}

/** A piece is given away when it has grown to this. */
const PIECE_BYTES = 48 * 1024;

export class Snapshot {
  readonly #views: readonly DatabaseView[];

  constructor(databases: readonly Database[]) {
    this.#views = databases.filter((database) => database.size > 0).map(viewOf);
  }

  /** The RDB, piece by piece. Each call writes it anew, and gives the same bytes. */
  *pieces(info: RdbInfo, options: RdbWriterOptions): Generator<Buffer, void> {
    const writer = new RdbWriter(options);
    writer.header(info);
    for (const view of this.#views) {
      writer.selectDb(view.index, view.keys.length, view.expiringCount);
      for (let i = 0; i < view.keys.length; i++) {
        const value = view.values[i] as Value;
        writer.entry(
          view.keys[i] as string,
          typeof value === 'string' ? value : typeOf(value).toRdb(value),
          view.expiresAtMs[i] as number,
        );
        if (writer.pendingBytes >= PIECE_BYTES) yield writer.take();
      }
    }
    writer.end();
    yield writer.take();
  }
}

function viewOf(database: Database): DatabaseView {
  const view: DatabaseView = {
    index: database.index,
    keys: [],
    values: [],
    expiresAtMs: [],
    expiringCount: database.expiringCount,
  };
  for (const { key, value, expireAtMs } of database.entries()) {
    if (typeof value !== 'string') value.shared = true;
    view.keys.push(key);
    view.values.push(value);
    view.expiresAtMs.push(expireAtMs);
  }
  return view;
}

/** An empty data set, for a replica that asked for none. */
export const emptySnapshot = new Snapshot([]);
