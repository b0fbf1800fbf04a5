/**
 * Owns the loading of an append only file: its base and its increments, in order, a piece at a time while clients are told to
 * wait; what is done about one that ends in the middle; and the log's words. Only the last file may end so, and then what is
 * cut off goes. A base that is an RDB must be whole.
 * Source: Redis aof.c loadAppendOnlyFiles, loadSingleAppendOnlyFile.
 */
import { type Clock, delay } from '../../../core/clock.ts';
import { RdbError, RdbReader } from '../../../protocol/rdb/reader.ts';
import { RequestParser } from '../../../protocol/resp/request-parser.ts';
import { systemErrorText } from '../../config/special.ts';
import type { Dispatch, Replay } from '../../parts/dispatch.ts';
import type { LoadProgress } from '../../parts/persistence.ts';
import { KeyDelay } from '../key-delay.ts';
import { RdbLoader, type RdbLoaderDeps } from '../rdb-loader.ts';
import type { Disk } from './disk.ts';
import { AofError } from './failure.ts';
import type { AofFolder } from './folder.ts';
import { type AofFile, liveFiles } from './manifest.ts';

export interface AofLoadDeps extends RdbLoaderDeps {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly folder: AofFolder;
  readonly progress: LoadProgress;
  readonly dispatch: Pick<Dispatch, 'replay'>;
  /** Asked now and then: the node ends, nothing more is wanted. */
  readonly stopped: () => boolean;
}

/** Parsed in one turn of the event loop: some milliseconds. */
const PIECE_BYTES = 256 * 1024;

/** Loads what the folder's manifest names. False when there is nothing. Rejects with an AofError. */
export async function loadAof(deps: AofLoadDeps): Promise<boolean> {
  const { folder, progress } = deps;
  folder.takeOverOldStyle();
  const files = liveFiles(folder.manifest);
  if (files.length === 0) return false;
  const totalBytes = folder.sizeBytes();
  if (totalBytes === 0) return true;
  progress.begin(totalBytes);
  try {
    let bytesBefore = 0;
    for (const [index, file] of files.entries()) {
      if (deps.stopped()) break;
      bytesBefore += await loadFile(deps, file, index === files.length - 1, bytesBefore);
    }
  } finally {
    progress.end();
  }
  return true;
}

/** Returns the size of the file. */
async function loadFile(
  deps: AofLoadDeps,
  file: AofFile,
  isLast: boolean,
  bytesBefore: number,
): Promise<number> {
  const { clock, log, folder } = deps;
  const startMs = clock.monotonicMs();
  const sizeBytes = folder.sizeOf(file.name);
  if (sizeBytes === 0) return 0;
  const load = new FileLoad(deps, file.name, bytesBefore);
  await load.run();
  const cutOffAt = load.cutOffAt;
  if (cutOffAt !== undefined && !deps.stopped()) cutOff(deps, file.name, cutOffAt, isLast);
  const seconds = ((clock.monotonicMs() - startMs) / 1000).toFixed(3);
  log(
    'notice',
    `DB loaded from ${file.type === 'b' ? 'base' : 'incr'} file ${file.name}: ${seconds} seconds`,
  );
  return sizeBytes;
}

/** The file ends in the middle of a command, or of a transaction: what is whole of it stays, if that is allowed. */
function cutOff(
  { config, log, disk, folder }: AofLoadDeps,
  name: string,
  validBytes: number,
  isLast: boolean,
): void {
  if (config.flag('aof-load-truncated')) {
    log('warning', `!!! Warning: short read while loading the AOF file ${name}!!!`);
    if (!isLast) throw new AofError('Fatal error: the truncated file is not the last file');
    log('warning', `!!! Truncating the AOF ${name} at offset ${validBytes} !!!`);
    try {
      const file = disk.openToAppend(folder.pathOf(name));
      try {
        disk.truncate(file, validBytes);
        disk.sync(file);
      } finally {
        disk.close(file);
      }
      log('warning', `AOF ${name} loaded anyway because aof-load-truncated is enabled`);
      return;
    } catch (error) {
      log('warning', `Error truncating the AOF file ${name}: ${systemErrorText(error)}`);
    }
  }
  throw new AofError(
    `Unexpected end of file reading the append only file ${name}. You can: 1) Make a backup of your AOF file, then use ` +
      "./redis-check-aof --fix <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' configuration " +
      'option to yes and restart the server.',
  );
}

/** One file: an RDB, commands, or an RDB with commands behind it. */
class FileLoad {
  /** The file is whole up to here, and what follows is not; undefined when all of it is. */
  cutOffAt: number | undefined;
  readonly #deps: AofLoadDeps;
  readonly #name: string;
  readonly #bytesBefore: number;
  readonly #replay: Replay;
  readonly #parser = new RequestParser();
  readonly #delay: KeyDelay;
  #rdb: { readonly reader: RdbReader; readonly loader: RdbLoader } | undefined;
  #rdbBytes = 0;
  #readBytes = 0;
  /** Where the last whole command ends, and where the transaction that is open begins. */
  #validBytes = 0;
  #transactionBytes = 0;

  constructor(deps: AofLoadDeps, name: string, bytesBefore: number) {
    this.#deps = deps;
    this.#name = name;
    this.#bytesBefore = bytesBefore;
    this.#replay = deps.dispatch.replay();
    this.#delay = new KeyDelay(deps.config.number('key-load-delay'));
    this.#parser.fromFile = true;
    this.#parser.maxBulkBytes = Number.POSITIVE_INFINITY;
  }

  async run(): Promise<void> {
    const { disk, folder, config, clock, progress, stopped } = this.#deps;
    const pieceBytes = (): number =>
      Math.min(PIECE_BYTES, config.number('loading-process-events-interval-bytes'));
    const pieces = disk.pieces(folder.pathOf(this.#name), pieceBytes);
    for await (const piece of pieces) {
      if (this.#readBytes === 0 && piece.latin1Slice(0, 5) === 'REDIS') this.#beginRdb();
      this.#readBytes += piece.length;
      await this.#take(piece);
      progress.loadedBytes = this.#bytesBefore + this.#readBytes;
      const waitMs = this.#delay.takeMs();
      if (waitMs > 0) await delay(clock, waitMs);
      if (stopped()) return;
    }
    this.#end();
  }

  get #isOldStyle(): boolean {
    return this.#name === this.#deps.folder.prefix;
  }

  #beginRdb(): void {
    const { log, config, databases } = this.#deps;
    log(
      'notice',
      this.#isOldStyle ? 'Reading RDB preamble from AOF file...' : 'Reading RDB base file on AOF loading...',
    );
    // Expired keys stay: commands that follow may rely on them.
    const loader = new RdbLoader(this.#deps, {
      dropExpiredAtMs: undefined,
      replace: false,
      functions: 'append',
    });
    const reader = new RdbReader(loader, {
      checksum: config.flag('rdbchecksum'),
      databases: databases.length,
    });
    this.#rdb = { loader, reader };
  }

  async #take(piece: Buffer): Promise<void> {
    const rest = this.#rdb === undefined || this.#rdb.reader.done ? piece : this.#takeRdb(piece, this.#rdb);
    if (rest.length > 0) await this.#takeCommands(rest);
  }

  /** Returns what stands behind the RDB. */
  #takeRdb(piece: Buffer, { reader, loader }: { reader: RdbReader; loader: RdbLoader }): Buffer {
    const keysBefore = loader.keysLoaded;
    let used: number;
    try {
      used = reader.feed(piece);
    } catch (error) {
      if (error instanceof RdbError) throw this.#brokenRdb(error.message);
      throw error;
    }
    this.#delay.owe(loader.keysLoaded - keysBefore);
    this.#rdbBytes += used;
    this.#validBytes = this.#rdbBytes;
    if (reader.done) {
      try {
        loader.finish();
      } catch (error) {
        if (error instanceof RdbError) throw this.#brokenRdb(error.message);
        throw error;
      }
      if (this.#isOldStyle) this.#deps.log('notice', 'Reading the remaining AOF tail...');
    }
    return piece.subarray(used);
  }

  #brokenRdb(reason: string): AofError {
    this.#deps.log('warning', `Internal error in RDB reading offset ${this.#rdbBytes} -> ${reason}`);
    const what = this.#isOldStyle ? 'RDB preamble of the AOF file' : 'RDB base file';
    return new AofError(`Error reading the ${what} ${this.#name}, AOF loading aborted`);
  }

  async #takeCommands(bytes: Buffer): Promise<void> {
    const parser = this.#parser;
    const replay = this.#replay;
    parser.feed(bytes);
    for (let argv = parser.next(); argv !== undefined; argv = parser.next()) {
      const wasOpen = replay.inTransaction;
      if (!replay.run(argv))
        throw new AofError(`Unknown command '${argv[0]}' reading the append only file ${this.#name}`);
      if (replay.waiting !== undefined) await replay.waiting;
      if (replay.inTransaction && !wasOpen) this.#transactionBytes = this.#validBytes;
      this.#validBytes = this.#rdbBytes + parser.consumedBytes;
      this.#delay.owe(1);
    }
    if (parser.error !== undefined)
      throw new AofError(
        `Bad file format reading the append only file ${this.#name}: make a backup of your AOF file, then use ` +
          './redis-check-aof --fix <filename.manifest>',
      );
  }

  #end(): void {
    if (this.#rdb !== undefined && !this.#rdb.reader.done)
      throw this.#brokenRdb('Unexpected EOF reading RDB file');
    if (this.#rdbBytes + this.#parser.consumedBytes < this.#readBytes) this.cutOffAt = this.#validBytes;
    if (!this.#replay.inTransaction) return;
    if (this.cutOffAt === undefined)
      this.#deps.log('warning', `Revert incomplete MULTI/EXEC transaction in AOF file ${this.#name}`);
    this.cutOffAt = this.#transactionBytes;
  }
}
