/**
 * Owns the folder of the append only file: its manifest and its files, and the order of steps in which they change, such that
 * whichever step is the last, what is there can be loaded and is the whole data. The manifest names a file only once it is
 * there, and a file goes only once the manifest on disk says that it is history. Never reads nor writes what the files hold.
 * Source: Redis aof.c aofLoadManifestFromDisk, writeAofManifestFile, aofUpgradePrepare, openNewIncrAofForAppend,
 * backgroundRewriteDoneHandler, aofDelHistoryFiles.
 */
import { basename, join, resolve } from 'node:path';
import { systemErrorText, toPath } from '../../config/special.ts';
import type { Config, Log } from '../../parts/basics.ts';
import { type Disk, writeAll } from './disk.ts';
import { AofError, orFail } from './failure.ts';
import {
  type BaseFormat,
  emptyManifest,
  formatManifest,
  liveFiles,
  type Manifest,
  ManifestError,
  parseManifest,
  withNewBase,
  withNewIncrement,
  withOldStyleBase,
  withoutHistory,
  withoutRewritten,
} from './manifest.ts';

export interface AofFolderDeps {
  readonly disk: Disk;
  readonly config: Config;
  readonly log: Log;
}

export class AofFolder {
  manifest: Manifest = emptyManifest;
  readonly #deps: AofFolderDeps;

  constructor(deps: AofFolderDeps) {
    this.#deps = deps;
  }

  /** What the names of all files begin with: appendfilename. */
  get prefix(): string {
    return this.#deps.config.text('appendfilename');
  }

  get folderName(): string {
    return this.#deps.config.text('appenddirname');
  }

  /** In the working directory of the node; `name` is latin1. */
  pathBeside(name: string): string {
    return resolve(toPath(this.#deps.config.text('dir')), toPath(name));
  }

  get path(): string {
    return this.pathBeside(this.folderName);
  }

  pathOf(name: string): string {
    return join(this.path, toPath(name));
  }

  /** Increments are written here while the first rewrite is under way: there is no base yet that they could follow. */
  get temporaryIncrementName(): string {
    return `temp-${this.prefix}.incr`;
  }

  get #manifestName(): string {
    return `${this.prefix}.manifest`;
  }

  /** Reads the manifest, if there is one. Throws an AofError. */
  readManifest(): void {
    const { disk, log } = this.#deps;
    this.manifest = emptyManifest;
    const path = this.pathOf(this.#manifestName);
    if (!disk.isFolder(this.path)) {
      log('debug', `The AOF directory ${this.folderName} doesn't exist`);
    } else if (!disk.exists(path)) {
      log('debug', `The AOF manifest file ${this.#manifestName} doesn't exist`);
    } else {
      const text = orFail(
        () => disk.readText(path),
        (why) => `Fatal error: can't open the AOF manifest file ${path} for reading: ${why}`,
      );
      this.manifest = this.#parse(text);
    }
  }

  #parse(text: string): Manifest {
    try {
      return parseManifest(text);
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      for (const line of error.report.slice(0, -1)) this.#deps.log('warning', line);
      throw new AofError(error.message);
    }
  }

  /** Makes the folder where there is none. Throws an AofError. */
  make(): void {
    orFail(
      () => this.#deps.disk.makeFolder(this.path),
      (why) => `Can't open or create append-only dir ${this.folderName}: ${why}`,
    );
  }

  /**
   * The single file of an older Redis becomes the base, where there is one and nothing newer. Ending in between does no harm: at
   * the next start it is done again. Throws an AofError.
   */
  takeOverOldStyle(): void {
    const { disk, log } = this.#deps;
    const name = this.prefix;
    const { base, increments } = this.manifest;
    if (!disk.exists(this.pathBeside(name)) || increments.length > 0) return;
    const interrupted = base?.name === name && !disk.exists(this.pathOf(name));
    if (base !== undefined && !interrupted) return;
    this.make();
    this.persist(withOldStyleBase(this.manifest, name));
    orFail(
      () => disk.rename(this.pathBeside(name), this.pathOf(name)),
      (why) => `Error trying to move the old AOF file ${name} into dir ${this.folderName}: ${why}`,
    );
    log(
      'notice',
      `Successfully migrated an old-style AOF file (${name}) into the AOF directory (${this.folderName}).`,
    );
  }

  /** Bytes of the files that data are loaded from. Throws an AofError when one is not there. */
  sizeBytes(): number {
    return liveFiles(this.manifest).reduce((sum, { name }) => sum + this.sizeOf(name), 0);
  }

  /** Throws an AofError. */
  sizeOf(name: string): number {
    return orFail(
      () => this.#deps.disk.sizeOf(this.pathOf(name)),
      (why) => `Unable to obtain the AOF file ${name} length. stat: ${why}`,
    );
  }

  /**
   * The manifest is on disk, whole, when this returns. False when it may be the old one again after the machine has lost its
   * power: then no file of the old one may go. Throws an AofError when it is the old one still.
   */
  persist(manifest: Manifest): boolean {
    const { disk, log } = this.#deps;
    const name = this.#manifestName;
    const temporary = `temp-${name}`;
    const file = orFail(
      () => disk.openNew(this.pathOf(temporary)),
      (why) => `Can't open the AOF manifest file ${temporary}: ${why}`,
    );
    try {
      orFail(
        () => writeAll(disk, file, Buffer.from(formatManifest(manifest), 'latin1')),
        (why) => `Error trying to write the temporary AOF manifest file ${temporary}: ${why}`,
      );
      orFail(
        () => disk.sync(file),
        (why) => `Fail to fsync the temp AOF file ${temporary}: ${why}.`,
      );
    } finally {
      disk.close(file);
    }
    orFail(
      () => disk.rename(this.pathOf(temporary), this.pathOf(name)),
      (why) => `Error trying to rename the temporary AOF manifest file ${temporary} into ${name}: ${why}`,
    );
    this.manifest = manifest;
    try {
      disk.syncFolder(this.path);
      return true;
    } catch (error) {
      log('warning', `Fail to fsync AOF directory ${this.path}: ${systemErrorText(error)}.`);
      return false;
    }
  }

  /** The last increment, or a first one, open for more. Throws an AofError. */
  openAtStart(withBase: Manifest): { readonly file: number; readonly name: string } {
    const isNew = withBase.increments.length === 0;
    const next = isNew ? withNewIncrement(withBase, this.prefix) : withBase;
    const name = next.increments.at(-1)?.name ?? '';
    const file = orFail(
      () => this.#deps.disk.openToAppend(this.pathOf(name)),
      (why) => `Can't open the append-only file ${name}: ${why}`,
    );
    if (next !== this.manifest) this.persist(next);
    return { file, name };
  }

  /** Opens a new increment, which the manifest has when this returns. Throws an AofError; nothing is changed then. */
  openIncrement(): number {
    const next = withNewIncrement(this.manifest, this.prefix);
    const name = next.increments.at(-1)?.name ?? '';
    const file = this.#openNew(name);
    try {
      this.persist(next);
    } catch (error) {
      this.#deps.disk.close(file);
      throw error;
    }
    this.#deps.log('notice', `Creating AOF incr file ${name} on background rewrite`);
    return file;
  }

  /** Opens an increment that no manifest has yet. Throws an AofError. */
  openTemporaryIncrement(): number {
    const name = this.temporaryIncrementName;
    const file = this.#openNew(name);
    this.#deps.log('notice', `Creating AOF incr file ${name} on background rewrite`);
    return file;
  }

  #openNew(name: string): number {
    return orFail(
      () => this.#deps.disk.openNew(this.pathOf(name)),
      (why) => `Can't open the append-only file ${name}: ${why}`,
    );
  }

  /** A file that was to be a base, and cannot be. */
  removeUnused(path: string): void {
    this.#deps.disk.removeSoon(path);
  }

  removeTemporaryIncrement(): void {
    const { disk, log } = this.#deps;
    const name = this.temporaryIncrementName;
    log('notice', `Removing the temp incr aof file ${name} in the background`);
    disk.removeSoon(this.pathOf(name));
  }

  /**
   * A rewrite has succeeded: the file at `temporaryPath` becomes the base. `increment` says what is written to meanwhile: an
   * increment of the manifest, the temporary one, or none. What came before is history, and goes. Throws an AofError; what was
   * the data is the data still then.
   */
  installBase(temporaryPath: string, format: BaseFormat, increment: 'listed' | 'temporary' | 'none'): void {
    const { disk, log } = this.#deps;
    let next = withNewBase(this.manifest, this.prefix, format);
    const name = next.base?.name ?? '';
    const made = [this.pathOf(name)];
    try {
      const temporary = basename(temporaryPath);
      orFail(
        () => disk.rename(temporaryPath, this.pathOf(name)),
        (why) => `Error trying to rename the temporary AOF base file ${temporary} into ${name}: ${why}`,
      );
      log('notice', `Successfully renamed the temporary AOF base file ${temporary} into ${name}`);
      if (increment === 'temporary') {
        next = withNewIncrement(next, this.prefix);
        made.push(this.#nameTemporaryIncrement(next));
      }
      next = withoutRewritten(next, increment !== 'none');
      if (this.persist(next)) this.removeHistory();
    } catch (error) {
      if (this.manifest !== next) for (const path of made) disk.removeSoon(path);
      throw error;
    }
  }

  #nameTemporaryIncrement({ increments }: Manifest): string {
    const { disk, log } = this.#deps;
    const temporary = this.temporaryIncrementName;
    const name = increments.at(-1)?.name ?? '';
    orFail(
      () => disk.rename(this.pathOf(temporary), this.pathOf(name)),
      (why) => `Error trying to rename the temporary AOF incr file ${temporary} into ${name}: ${why}`,
    );
    log('notice', `Successfully renamed the temporary AOF incr file ${temporary} into ${name}`);
    return this.pathOf(name);
  }

  /** Removes what is history, unless aof-disable-auto-gc keeps it. That it cannot be done is logged only. */
  removeHistory(): void {
    const { disk, config, log } = this.#deps;
    const { history } = this.manifest;
    if (config.flag('aof-disable-auto-gc') || history.length === 0) return;
    for (const { name } of history) {
      log('notice', `Removing the history file ${name} in the background`);
      disk.removeSoon(this.pathOf(name));
    }
    try {
      this.persist(withoutHistory(this.manifest));
    } catch (error) {
      if (!(error instanceof AofError)) throw error;
      log('warning', error.message);
    }
  }
}
