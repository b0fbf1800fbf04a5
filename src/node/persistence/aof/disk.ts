/**
 * Owns what the append only file asks of the file system, one call a step: a node can end between any two of them, and the
 * tests let it. Each call throws what the system says. Never decides what is written.
 */
import {
  close,
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fdatasyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { syncFolder } from '../../../core/sync-folder.ts';

const { O_WRONLY, O_CREAT, O_TRUNC, O_APPEND } = constants;

export interface Disk {
  exists(path: string): boolean;
  isFolder(path: string): boolean;
  /** There may be one already. */
  makeFolder(path: string): void;
  sizeOf(path: string): number;
  /** A small file, as latin1. */
  readText(path: string): string;
  /** A file of any size; each piece is its receiver's. */
  pieces(path: string, pieceBytes: () => number): AsyncIterable<Buffer>;
  openToAppend(path: string): number;
  /** Empty, whatever was there. */
  openNew(path: string): number;
  /** At the end; returns how many bytes were written, which may be fewer. */
  write(file: number, bytes: Uint8Array): number;
  /** What was written is on the disk itself. */
  sync(file: number): void;
  /** The same, without waiting. */
  syncSoon(file: number): Promise<void>;
  truncate(file: number, sizeBytes: number): void;
  close(file: number): void;
  rename(source: string, target: string): void;
  /** Its name is free at once, its space in the background; should it fail, the file stays. */
  removeSoon(path: string): void;
  /** That files have come, gone and changed their names is on the disk itself. */
  syncFolder(path: string): void;
}

async function* piecesOf(path: string, pieceBytes: () => number): AsyncGenerator<Buffer> {
  const file = await open(path, 'r');
  try {
    for (;;) {
      const piece = Buffer.allocUnsafe(pieceBytes());
      const { bytesRead } = await file.read(piece, 0, piece.length);
      if (bytesRead === 0) return;
      yield piece.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** A large file takes long to go; while it is open, only its name goes. Source: Redis rdb.c bg_unlink. */
function removeSoon(path: string): void {
  try {
    const file = openSync(path, 'r');
    try {
      unlinkSync(path);
    } finally {
      close(file, () => {});
    }
  } catch {
    // It is of no use any more, and does no harm.
  }
}

export const systemDisk: Disk = {
  exists: existsSync,
  isFolder: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,
  makeFolder(path) {
    if (!this.isFolder(path)) mkdirSync(path, 0o755);
  },
  sizeOf: (path) => statSync(path).size,
  readText: (path) => readFileSync(path, 'latin1'),
  pieces: piecesOf,
  openToAppend: (path) => openSync(path, 'a', 0o644),
  openNew: (path) => openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o644),
  write: (file, bytes) => writeSync(file, bytes),
  sync: fdatasyncSync,
  syncSoon: (file) =>
    new Promise((resolve, reject) => {
      fdatasync(file, (error) => (error ? reject(error) : resolve()));
    }),
  truncate: ftruncateSync,
  close: closeSync,
  rename: renameSync,
  removeSoon,
  syncFolder,
};

/** Writes all of it, or throws what the system says. */
export function writeAll(disk: Disk, file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += disk.write(file, bytes.subarray(at));
}
