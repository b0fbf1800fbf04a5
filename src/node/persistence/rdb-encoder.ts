/**
 * Owns a data set in the format of RDB, as a SnapshotEncoder. Never knows where the bytes go.
 * Source: Redis rdb.c rdbSaveRio, rdbSaveDb, rdbSaveKeyValuePair, rdbSaveInfoAuxFields.
 */
import { type RdbInfo, type RdbUsage, RdbWriter } from '../../protocol/rdb/writer.ts';
import { redisVersion } from '../observe/version.ts';
import type { Config } from '../parts/basics.ts';
import type { Database } from '../parts/keyspace.ts';
import { isString } from '../types/string/string.ts';
import { typeOf } from '../types/types.ts';
import type { DatabaseSize, SavedEntry, SnapshotEncoder } from './snapshot.ts';

export interface RdbEncoderOptions {
  readonly config: Config;
  readonly databases: readonly Database[];
  /** Unix ms. */
  readonly nowMs: number;
  /** Where the replication stream stands: for who may continue from this file. */
  readonly replication?: RdbInfo['replication'] | undefined;
  /** The libraries of functions, as their code. */
  readonly functionCodes: readonly string[];
  /** The RDB is the base of an AOF. */
  readonly aofBase?: boolean;
}

/** How the policy of eviction makes keys tell of their use. */
function usageKind(config: Config): 'idle' | 'frequency' | undefined {
  const policy = config.text('maxmemory-policy');
  if (policy.endsWith('lru')) return 'idle';
  return policy.endsWith('lfu') ? 'frequency' : undefined;
}

export class RdbEncoder implements SnapshotEncoder {
  readonly #options: RdbEncoderOptions;
  readonly #writer: RdbWriter;
  readonly #usage: 'idle' | 'frequency' | undefined;

  constructor(options: RdbEncoderOptions) {
    const { config } = options;
    this.#options = options;
    this.#writer = new RdbWriter({
      compress: config.flag('rdbcompression'),
      checksum: config.flag('rdbchecksum'),
    });
    this.#usage = usageKind(config);
  }

  begin(databases: readonly DatabaseSize[]): void {
    const { nowMs, replication, aofBase, functionCodes, databases: kept } = this.#options;
    this.#writer.header({
      redisVersion,
      createdAtSeconds: Math.floor(nowMs / 1000),
      usedMemoryBytes: kept.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
      aofBase: aofBase ?? false,
      ...(replication && { replication }),
    });
    for (const code of functionCodes) this.#writer.functionLibrary(code);
    for (const { index, size, expiringCount } of databases) this.#writer.resizeDb(index, size, expiringCount);
  }

  entry(dbIndex: number, entry: SavedEntry): void {
    const { key, value, expireAtMs } = entry;
    const source =
      typeof value === 'string' ? value : isString(value) ? value.bytes : typeOf(value).toRdb(value);
    this.#writer.selectDb(dbIndex);
    this.#writer.entry(key, source, expireAtMs, this.#usageOf(dbIndex, entry));
  }

  encode(dbIndex: number, entry: SavedEntry): Buffer {
    const { key, value, expireAtMs } = entry;
    return this.#writer.encodeEntry(
      key,
      typeOf(value).toRdb(value),
      expireAtMs,
      this.#usageOf(dbIndex, entry),
    );
  }

  encoded(dbIndex: number, bytes: Buffer): void {
    this.#writer.selectDb(dbIndex);
    this.#writer.encodedEntry(bytes);
  }

  end(): void {
    this.#writer.end();
  }

  get pendingBytes(): number {
    return this.#writer.pendingBytes;
  }

  take(): Buffer {
    return this.#writer.take();
  }

  #usageOf(dbIndex: number, entry: SavedEntry): RdbUsage | undefined {
    if (this.#usage === undefined) return undefined;
    const database = this.#options.databases[dbIndex];
    if (database === undefined) return undefined;
    return this.#usage === 'idle'
      ? { idleSeconds: Math.floor(database.idleMs(entry) / 1000) }
      : { frequency: database.frequency(entry) };
  }
}
