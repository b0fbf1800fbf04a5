/**
 * Owns the writing of a file by the node itself, for SAVE and the last save before the end: beside the old one under a temp
 * name, synced, then in its place, so that either the old or the new one is whole there at any moment.
 * Source: Redis rdb.c rdbSave; util.c fsyncFileDir.
 */
import { closeSync, fdatasyncSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import { syncFolder } from '../../core/sync-folder.ts';
import type { WriteFailure } from './writer-process.ts';

/** A step of the writing failed; nothing is left of the temp file. */
export class WriteError extends Error {
  override readonly name = 'WriteError';
  readonly failure: WriteFailure;

  constructor(operation: WriteFailure['operation'], cause: unknown) {
    super(`${operation} failed`, { cause });
    this.failure = { operation, code: (cause as NodeJS.ErrnoException).code ?? messageOf(cause) };
  }
}

/**
 * Each step writes a piece; when it returns, the file is in its place. Ended before that, it leaves nothing behind.
 * `syncBytes`: so many are synced at a time, 0 for only at the end. Throws a WriteError.
 */
export function* writingFile(
  tempPath: string,
  target: string,
  pieces: Iterable<Buffer>,
  syncBytes: number,
): Generator<void, void> {
  let operation: WriteFailure['operation'] = 'open';
  let file: number | undefined;
  let left = false;
  try {
    file = openSync(tempPath, 'w');
    left = true;
    operation = 'write';
    let unsyncedBytes = 0;
    for (const piece of pieces) {
      for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at);
      unsyncedBytes += piece.length;
      if (syncBytes > 0 && unsyncedBytes >= syncBytes) {
        fdatasyncSync(file);
        unsyncedBytes = 0;
      }
      yield;
    }
    operation = 'fsync';
    fsyncSync(file);
    operation = 'fclose';
    const written = file;
    file = undefined;
    closeSync(written);
    operation = 'rename';
    renameSync(tempPath, target);
    left = false;
    operation = 'fsyncFileDir';
    syncFolder(dirname(target));
  } catch (error) {
    throw new WriteError(operation, error);
  } finally {
    if (file !== undefined) closeSync(file);
    if (left) rmSync(tempPath, { force: true });
  }
}
