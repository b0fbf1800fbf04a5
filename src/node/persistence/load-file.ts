/**
 * Owns the reading of an RDB file into databases: while clients are told to wait, a chunk at a time, or at once for DEBUG RELOAD;
 * and what the log says of a file that cannot be read. Source: Redis rdb.c rdbLoad, rdbLoadProgressCallback, rdbReportError.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Clock, delay } from '../../core/clock.ts';
import { RdbChecksumError, RdbError, RdbReader } from '../../protocol/rdb/reader.ts';
import { RDB_VERSION_READ } from '../../protocol/rdb/version.ts';
import { systemErrorText } from '../config/special.ts';
import type { Config } from '../parts/basics.ts';
import type { LoadProgress } from '../parts/persistence.ts';
import { KeyDelay } from './key-delay.ts';
import { RdbLoader, type RdbLoaderDeps, type RdbLoaderOptions } from './rdb-loader.ts';

export interface LoadFileDeps extends RdbLoaderDeps {
  readonly clock: Clock;
  readonly config: Config;
  readonly progress: LoadProgress;
}

export interface LoadFileOptions extends RdbLoaderOptions {
  /** DEBUG SET-SKIP-CHECKSUM-VALIDATION. */
  readonly skipChecksum: boolean;
}

/** The data set cannot be read. The log has the reason; the message is what Redis says last. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}

/** At most so much is parsed in one turn of the event loop, whatever loading-process-events-interval-bytes says. */
const CHUNK_BYTES = 2 * 1024 * 1024;
const MAGIC_BYTES = 9;

/** Feeds the chunks of one file to a reader, and keeps the progress. */
class FileLoad {
  readonly loader: RdbLoader;
  readonly chunkBytes: number;
  readonly #deps: LoadFileDeps;
  readonly #reader: RdbReader;
  readonly #delay: KeyDelay;
  #bytes = 0;

  constructor(deps: LoadFileDeps, options: LoadFileOptions) {
    const { config, databases } = deps;
    this.#deps = deps;
    this.loader = new RdbLoader(deps, options);
    this.#reader = new RdbReader(this.loader, {
      checksum: config.flag('rdbchecksum') && !options.skipChecksum,
      databases: databases.length,
    });
    this.#delay = new KeyDelay(config.number('key-load-delay'));
    this.chunkBytes = Math.min(CHUNK_BYTES, config.number('loading-process-events-interval-bytes'));
  }

  /** The next bytes of the file. Returns the milliseconds to wait before the next. */
  feed(bytes: Buffer): number {
    const { progress } = this.#deps;
    if (this.#bytes === 0) this.#checkMagic(bytes);
    const keysBefore = this.loader.keysLoaded + this.loader.keysExpired;
    try {
      this.#reader.feed(bytes);
    } catch (error) {
      throw this.#unreadable(error);
    }
    this.#bytes += bytes.length;
    progress.loadedBytes = this.#bytes;
    progress.usedMemoryBytes = this.loader.usedMemoryBytes;
    this.#delay.owe(this.loader.keysLoaded + this.loader.keysExpired - keysBefore);
    return this.#delay.takeMs();
  }

  end(): void {
    if (!this.#reader.done) {
      this.#deps.log('warning', 'Short read or OOM loading DB. Unrecoverable error, aborting now.');
      throw this.#unreadable(new RdbError('Unexpected EOF reading RDB file'));
    }
    try {
      this.loader.finish();
    } catch (error) {
      throw this.#unreadable(error);
    }
  }

  #checkMagic(bytes: Buffer): void {
    const { log } = this.#deps;
    const magic = bytes.latin1Slice(0, MAGIC_BYTES);
    if (magic.length < MAGIC_BYTES) return;
    const version = Number.parseInt(magic.slice(5), 10);
    if (!magic.startsWith('REDIS')) log('warning', 'Wrong signature trying to load DB from file');
    else if (!(version >= 1 && version <= RDB_VERSION_READ))
      log('warning', `Can't handle RDB format version ${version || 0}`);
    else return;
    throw new LoadError('Fatal error loading the DB: Invalid argument. Exiting.');
  }

  #unreadable(error: unknown): unknown {
    if (!(error instanceof RdbError)) return error;
    const why = error instanceof RdbChecksumError ? 'RDB CRC error' : error.message;
    this.#deps.log('warning', `Internal error in RDB reading offset ${this.#bytes} -> ${why}`);
    return new LoadError('Terminating server after rdb file reading failure.');
  }
}

/** What the loader has found; undefined when there is no such file. `stopped` is asked now and then. Rejects with a LoadError. */
export async function loadFile(
  path: string,
  deps: LoadFileDeps,
  options: LoadFileOptions,
  stopped: () => boolean,
): Promise<RdbLoader | undefined> {
  const file = await open(path, 'r').catch((error: unknown) => notOpened(path, deps, error));
  if (file === undefined) return undefined;
  const load = new FileLoad(deps, options);
  deps.progress.begin((await file.stat()).size);
  try {
    let chunk = await file.read(Buffer.allocUnsafe(load.chunkBytes));
    let spare = Buffer.allocUnsafe(load.chunkBytes);
    while (!stopped()) {
      if (chunk.bytesRead === 0) {
        load.end();
        break;
      }
      // The disk reads on while these bytes are parsed.
      const next = file.read(spare);
      // Should the parsing fail, nobody asks for them any more.
      next.catch(() => {});
      const waitMs = load.feed(chunk.buffer.subarray(0, chunk.bytesRead));
      if (waitMs > 0) await delay(deps.clock, waitMs);
      spare = chunk.buffer;
      chunk = await next;
    }
    return load.loader;
  } catch (error) {
    throw fatal(error);
  } finally {
    deps.progress.end();
    await file.close();
  }
}

/** The same at once: nothing else happens meanwhile. Throws a LoadError. */
export function loadFileNow(
  path: string,
  deps: LoadFileDeps,
  options: LoadFileOptions,
): RdbLoader | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    return notOpened(path, deps, error);
  }
  const load = new FileLoad(deps, options);
  deps.progress.begin(fstatSync(file).size);
  try {
    const chunk = Buffer.allocUnsafe(load.chunkBytes);
    let count = readSync(file, chunk);
    for (; count > 0; count = readSync(file, chunk)) load.feed(chunk.subarray(0, count));
    load.end();
    return load.loader;
  } finally {
    deps.progress.end();
    closeSync(file);
  }
}

function notOpened(path: string, { log }: LoadFileDeps, error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  const why = systemErrorText(error);
  log('warning', `Fatal error: can't open the RDB file ${path} for reading: ${why}`);
  throw fatal(error);
}

/** Of the file system; anything else stays what it is. */
function fatal(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code === undefined) return error;
  return new LoadError(`Fatal error loading the DB: ${systemErrorText(error)}. Exiting.`);
}
