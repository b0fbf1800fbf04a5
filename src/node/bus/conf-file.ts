/**
 * Owns nodes.conf on disk: read whole, written whole or not at all, used by one node at a time.
 * Source: Redis 7.0 cluster.c clusterLoadConfig, clusterSaveConfig, clusterLockConfig. Redis locks the file itself
 * with flock, which Node does not have: here a file beside it names the process that uses it.
 */
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import { startIdOf } from '../../core/process-identity.ts';
import { syncFolder } from '../../core/sync-folder.ts';

/** The file is used by another node, or cannot be used at all. The message is Redis's. */
export class ConfFileError extends Error {
  override readonly name = 'ConfFileError';
}

/** What a save asks of the file system, one call a step: a node can end between any two. Each throws what the system says. */
export interface ConfDisk {
  /** Empty, whatever was there. */
  open(path: string): number;
  /** At the end; returns how many bytes were written. */
  write(file: number, bytes: Uint8Array): number;
  sync(file: number): void;
  close(file: number): void;
  rename(source: string, target: string): void;
  syncFolder(path: string): void;
}

const systemDisk: ConfDisk = {
  open: (path) => openSync(path, 'w', 0o644),
  write: (file, bytes) => writeSync(file, bytes),
  sync: fsyncSync,
  close: closeSync,
  rename: renameSync,
  syncFolder,
};

export class ConfFile {
  readonly path: string;
  readonly #disk: ConfDisk;
  readonly #lockPath: string;
  readonly #holder: string;

  /**
   * Takes the file at `path` for this node. `token` tells nodes of one process apart. Throws a ConfFileError.
   */
  constructor(path: string, token: string, disk: ConfDisk = systemDisk) {
    this.path = path;
    this.#disk = disk;
    this.#lockPath = `${path}.lock`;
    this.#holder = `${process.pid} ${startIdOf(process.pid) ?? ''} ${token}\n`;
    try {
      if (isFlocked(path) || !this.#take()) throw new ConfFileError(usedElsewhere(path));
    } catch (error) {
      if (error instanceof ConfFileError) throw error;
      throw new ConfFileError(`Can't open ${path} in order to acquire a lock: ${messageOf(error)}`);
    }
  }

  /** Undefined when there is none yet, or an empty one (redis-server makes one to lock it). */
  read(): string | undefined {
    try {
      const text = readFileSync(this.path, 'latin1');
      return text === '' ? undefined : text;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new ConfFileError(`Loading the cluster node config from ${this.path}: ${messageOf(error)}`);
    }
  }

  /** The new text is on disk when this returns; on an error the old one still is, or already the new one, but whole. */
  write(text: string): void {
    const temporary = `${this.path}.tmp`;
    writeDurably(this.#disk, temporary, text);
    this.#disk.rename(temporary, this.path);
    this.#disk.syncFolder(dirname(this.path));
  }

  /** Lets another node use the file. */
  release(): void {
    if (holderOf(this.#lockPath) === this.#holder) rmSync(this.#lockPath, { force: true });
  }

  /** A hard link appears with its content, so nobody ever sees a lock without its holder. */
  #take(): boolean {
    const own = `${this.#lockPath}.${process.pid}.${this.#holder.trim().split(' ')[2]}`;
    writeDurably(systemDisk, own, this.#holder);
    try {
      for (let tries = 0; tries < 3; tries++) {
        if (tryLink(own, this.#lockPath)) return true;
        const holder = holderOf(this.#lockPath);
        if (holder === undefined) continue;
        if (isAlive(holder)) return false;
        this.#putAside(holder);
      }
      return false;
    } finally {
      rmSync(own, { force: true });
    }
  }

  /** Removes the lock of a dead holder; should another process have been quicker, its lock is put back. */
  #putAside(dead: string): void {
    const aside = `${this.#lockPath}.${process.pid}.stale`;
    try {
      renameSync(this.#lockPath, aside);
    } catch {
      return;
    }
    if (holderOf(aside) !== dead) tryLink(aside, this.#lockPath);
    rmSync(aside, { force: true });
  }
}

function usedElsewhere(path: string): string {
  return (
    `Sorry, the cluster configuration file ${path} is already used by a different Redis Cluster node. ` +
    'Please make sure that different nodes use different cluster configuration files.'
  );
}

/** A disk may take less than it was given; when it is full, the next piece says so. */
function writeDurably(disk: ConfDisk, path: string, text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  const file = disk.open(path);
  try {
    for (let at = 0; at < bytes.length; ) at += disk.write(file, bytes.subarray(at));
    disk.sync(file);
  } finally {
    disk.close(file);
  }
}

function tryLink(existing: string, path: string): boolean {
  try {
    linkSync(existing, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(lockPath: string): string | undefined {
  try {
    return readFileSync(lockPath, 'latin1');
  } catch {
    return undefined;
  }
}

function isAlive(holder: string): boolean {
  const [pid = '', startId = ''] = holder.split(' ');
  const current = startIdOf(Number(pid));
  return current !== undefined && (startId === '' || startId === current);
}

/** Whether redis-server holds the file: Linux lists all flocks with the file's inode. */
function isFlocked(path: string): boolean {
  try {
    const { ino } = statSync(path);
    const locks = readFileSync('/proc/locks', 'latin1').split('\n');
    return locks.some((line) => / FLOCK /.test(line) && line.split(/\s+/)[5]?.endsWith(`:${ino}`));
  } catch {
    return false;
  }
}
