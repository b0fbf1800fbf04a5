/** Owns the lines of INFO persistence, in Redis 7.0's order. Source: Redis server.c genRedisInfoString. */
import type { Stats } from '../parts/basics.ts';
import type { BackgroundWork } from './background-work.ts';
import type { Loading } from './loading.ts';
import type { RdbSaves } from './rdb-saves.ts';

export interface PersistenceView {
  /** Unix ms. */
  readonly nowMs: number;
  readonly stats: Stats;
  readonly background: BackgroundWork;
  readonly loading: boolean;
  readonly progress: Loading;
  readonly saves: RdbSaves;
  /** Of the last RDB that was loaded. */
  readonly lastLoad: { readonly keysLoaded: number; readonly keysExpired: number };
}

/** 1 or 0, as INFO writes what is or is not. */
const bit = (value: boolean): number => (value ? 1 : 0);

/** What is under way. Keys that are kept aside for it are what fork would have copied. */
function workLines({ background }: PersistenceView): string[] {
  const { snapshot, kind } = background;
  const total = snapshot?.keysTotal ?? 0;
  const written = snapshot?.keysWritten ?? 0;
  return [
    `current_cow_peak:${snapshot?.keptBytes ?? 0}`,
    `current_cow_size:${snapshot?.keptBytes ?? 0}`,
    'current_cow_size_age:0',
    `current_fork_perc:${(total > 0 ? (written / total) * 100 : 0).toFixed(2)}`,
    `current_save_keys_processed:${kind === undefined ? 0 : written}`,
    `current_save_keys_total:${total}`,
  ];
}

function rdbLines({ nowMs, stats, background, saves, lastLoad }: PersistenceView): string[] {
  const { kind, lastKeptBytes, startedAtMs } = background;
  const writesRdb = kind === 'rdb' || kind === 'sync';
  return [
    `rdb_changes_since_last_save:${stats.dirty}`,
    `rdb_bgsave_in_progress:${bit(writesRdb)}`,
    `rdb_last_save_time:${Math.floor(saves.lastSaveMs / 1000)}`,
    `rdb_last_bgsave_status:${saves.lastSucceeded ? 'ok' : 'err'}`,
    `rdb_last_bgsave_time_sec:${saves.lastSeconds}`,
    `rdb_current_bgsave_time_sec:${writesRdb ? Math.floor((nowMs - startedAtMs) / 1000) : -1}`,
    `rdb_saves:${saves.count}`,
    `rdb_last_cow_size:${lastKeptBytes.rdb}`,
    `rdb_last_load_keys_expired:${lastLoad.keysExpired}`,
    `rdb_last_load_keys_loaded:${lastLoad.keysLoaded}`,
  ];
}

/** `aofLines`: from aof_enabled to aof_last_cow_size; `aofSizeLines`: what an AOF that is on shows besides. */
export function infoLines(
  view: PersistenceView,
  aofLines: readonly string[],
  aofSizeLines: readonly string[],
): string[] {
  const { loading, progress } = view;
  return [
    `loading:${bit(loading)}`,
    `async_loading:${bit(progress.async)}`,
    ...workLines(view),
    ...rdbLines(view),
    ...aofLines,
    'module_fork_in_progress:0',
    'module_fork_last_cow_size:0',
    ...aofSizeLines,
    ...progress.infoLines(),
  ];
}
