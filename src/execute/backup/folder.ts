/**
 * Owns the folder of a backup while it is being made: empty when it begins; every file is written under the name of
 * a part, all get their names together, and the manifest last. When it is given up, the folder is as it was.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { messageOf, TribError } from '../../core/errors.ts';
import { PART_SUFFIX } from '../../plan/backup-manifest.ts';
import { RdbError } from '../../protocol/rdb/errors.ts';
import { RdbFileChecksum } from '../../protocol/rdb/file-checksum.ts';

export interface SavedFile {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly rdbVersion: number;
}

export class BackupFolder {
  readonly dir: string;
  /** The outermost folder that was made for it; undefined when it was there. */
  readonly #made: string | undefined;
  readonly #parts: string[] = [];

  private constructor(dir: string, made: string | undefined) {
    this.dir = dir;
    this.#made = made;
  }

  /** Makes the folder if it is not there. Throws a TribError: "usage" when it holds anything, "failed" otherwise. */
  static async prepare(given: string): Promise<BackupFolder> {
    const dir = resolve(given);
    let made: string | undefined;
    try {
      made = await mkdir(dir, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new TribError('failed', `The folder ${dir} cannot be made: ${reasonOf(error)}.`);
    }
    const names = await readdir(dir).catch((error: unknown) => {
      throw new TribError('failed', `The folder ${dir} cannot be read: ${reasonOf(error)}.`);
    });
    const [name] = names.filter((other) => other !== 'lost+found');
    if (name !== undefined) {
      throw new TribError('usage', `The folder ${dir} is not empty: it holds ${name}.`, {
        hint: 'A backup goes into a new or an empty folder.',
      });
    }
    return new BackupFolder(dir, made);
  }

  /**
   * Writes an RDB file as it comes and looks whether it is whole; `onBytes` hears how much is written. Throws
   * a TribError ("failed"), and what the pieces throw.
   */
  async save(
    file: string,
    pieces: AsyncIterable<Buffer>,
    onBytes: (bytes: number) => void,
  ): Promise<SavedFile> {
    const sha256 = createHash('sha256');
    const checksum = new RdbFileChecksum();
    let bytes = 0;
    await this.#write(file, async (handle) => {
      for await (const piece of pieces) {
        checksum.feed(piece);
        sha256.update(piece);
        await writeAll(handle, piece);
        bytes += piece.length;
        onBytes(bytes);
      }
      checksum.end();
    });
    return { bytes, sha256: sha256.digest('hex'), rdbVersion: checksum.version ?? 0 };
  }

  /** Throws a TribError ("failed"). */
  async saveText(file: string, text: string): Promise<void> {
    await this.#write(file, (handle) => writeAll(handle, Buffer.from(text)));
  }

  /** Gives every file its name, in the order in which they were begun, and sees that this is on disk. */
  async complete(): Promise<void> {
    try {
      for (const part of this.#parts) await rename(part, part.slice(0, -PART_SUFFIX.length));
      await syncFolder(this.dir);
    } catch (error) {
      throw cannotWrite(this.dir, error);
    }
  }

  /** Takes away everything that was written. Never throws: the reason for it is told. */
  async abandon(): Promise<void> {
    const names = this.#parts.flatMap((part) => [part, part.slice(0, -PART_SUFFIX.length)]);
    await Promise.all(names.map((name) => rm(name, { force: true }).catch(() => {})));
    if (this.#made === undefined) return;
    // From the inside out, and only what is empty: nothing of anybody else's goes with it.
    for (let dir = this.dir; dir.startsWith(this.#made); dir = join(dir, '..')) {
      const gone = await rmdir(dir).then(
        () => true,
        () => false,
      );
      if (!gone) return;
    }
  }

  async #write(file: string, work: (handle: FileHandle) => Promise<void>): Promise<void> {
    const part = join(this.dir, file + PART_SUFFIX);
    try {
      const handle = await open(part, 'wx', 0o600);
      this.#parts.push(part);
      try {
        await work(handle);
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (error instanceof TribError) throw error;
      if (error instanceof RdbError)
        throw new TribError('failed', `What came for ${file} is not a whole RDB file: ${error.message}.`);
      throw cannotWrite(this.dir, error);
    }
  }
}

/** A file system may take fewer bytes than it is given, before it refuses the rest. */
async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, at);
    at += bytesWritten;
  }
}

/** A new name is on disk when its folder is; not every system lets folders be opened for that. */
async function syncFolder(dir: string): Promise<void> {
  const handle = await open(dir, 'r').catch(() => undefined);
  if (handle === undefined) return;
  try {
    await handle.sync().catch(() => {});
  } finally {
    await handle.close();
  }
}

function cannotWrite(dir: string, error: unknown): TribError {
  return new TribError('failed', `The backup cannot be written to ${dir}: ${reasonOf(error)}.`, {
    hint: 'Nothing is left of it there, and the cluster was not changed.',
  });
}

/** The system's words, without what only a programmer needs. */
export function reasonOf(error: unknown): string {
  switch (error instanceof Error && 'code' in error ? error.code : '') {
    case 'ENOSPC':
      return 'the disk is full';
    case 'EDQUOT':
      return 'the quota of disk space is used up';
    case 'EFBIG':
      return 'the file is larger than the system allows';
    case 'EROFS':
      return 'the file system is read-only';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'ENOENT':
      return 'there is no such file or folder';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'it is not a folder';
    default:
      return messageOf(error);
  }
}
