/** Owns the lines of INFO persistence about the append only file. Source: Redis server.c genRedisInfoString. */
import type { BackgroundWork } from '../background-work.ts';
import type { Rewriter } from './rewriter.ts';
import type { AofWriter } from './writer.ts';

/** 1 or 0, as INFO writes what is or is not. */
const bit = (value: boolean): number => (value ? 1 : 0);

/** From aof_enabled to aof_last_cow_size. */
export function infoLines(
  enabled: boolean,
  rewriter: Rewriter,
  writer: AofWriter,
  background: BackgroundWork,
): string[] {
  return [
    `aof_enabled:${bit(enabled)}`,
    `aof_rewrite_in_progress:${bit(rewriter.running)}`,
    `aof_rewrite_scheduled:${bit(rewriter.scheduled)}`,
    `aof_last_rewrite_time_sec:${rewriter.lastSeconds}`,
    `aof_current_rewrite_time_sec:${rewriter.currentSeconds}`,
    `aof_last_bgrewrite_status:${rewriter.lastStatus}`,
    `aof_rewrites:${rewriter.count}`,
    `aof_rewrites_consecutive_failures:${rewriter.consecutiveFailures}`,
    `aof_last_write_status:${writer.error === undefined ? 'ok' : 'err'}`,
    `aof_last_cow_size:${background.lastKeptBytes.aof}`,
  ];
}

/** What an append only file that is on shows besides. */
export function sizeLines(rewriter: Rewriter, writer: AofWriter): string[] {
  return [
    `aof_current_size:${writer.totalBytes}`,
    `aof_base_size:${writer.baseBytes}`,
    `aof_pending_rewrite:${bit(rewriter.scheduled)}`,
    `aof_buffer_length:${writer.waitingBytes}`,
    `aof_pending_bio_fsync:${writer.pendingSyncs}`,
    `aof_delayed_fsync:${writer.delayedSyncs}`,
  ];
}
