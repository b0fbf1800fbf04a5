/**
 * Owns a file system in memory that tells what a sudden end leaves of it: the end of the process, which loses nothing that was
 * written, or the loss of power, which loses what was not synced, or any part of it. The end can come before any chosen step.
 */
import type { Random } from '../../src/core/random.ts';
import type { Disk } from '../../src/node/persistence/aof/disk.ts';

interface Inode {
  bytes: Buffer;
  /** What a loss of power leaves at least. */
  syncedBytes: number;
}

type Names = Map<string, Inode>;

/** The step that was to come is not carried out, and nothing after it. */
class EndOfProcess extends Error {}

export interface ModelDiskOptions {
  /** So many steps that change something are carried out. */
  readonly steps?: number;
  /** Asked before each step, by its name and path or file; throws what the system would say. */
  readonly refuse?: (step: string, path: string) => void;
}

function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

export class ModelDisk implements Disk {
  /** Steps carried out so far. */
  steps = 0;
  readonly #options: ModelDiskOptions;
  readonly #folders: Set<string>;
  readonly #names: Names;
  /** What the folders may be after a loss of power: as they were synced last, and after each change since, in order. */
  #journal: Names[];
  readonly #open = new Map<number, { readonly path: string; readonly inode: Inode }>();
  #nextFile = 3;

  constructor(options: ModelDiskOptions = {}, folders: Iterable<string> = [], names: Names = new Map()) {
    this.#options = options;
    this.#folders = new Set(folders);
    this.#names = new Map(names);
    this.#journal = [new Map(names)];
  }

  /** What a process finds that is started after this one ended. */
  afterEnd(options: ModelDiskOptions = {}): ModelDisk {
    return new ModelDisk(
      options,
      this.#folders,
      copied(this.#names, (inode) => inode.bytes.length),
    );
  }

  /** What is there after a loss of power: of what was not synced, any part. */
  afterPowerLoss(random: Random): ModelDisk {
    const names = this.#journal[random.below(this.#journal.length)] as Names;
    const kept = ({ bytes, syncedBytes }: Inode): number =>
      syncedBytes + random.below(bytes.length - syncedBytes + 1);
    return new ModelDisk({}, this.#folders, copied(names, kept));
  }

  /** The process has ended at the chosen step; what it does from here on is not done. */
  get ended(): boolean {
    return this.steps === this.#options.steps;
  }

  #step(step: string, path: string): void {
    if (this.ended) throw new EndOfProcess();
    this.#options.refuse?.(step, path);
    this.steps++;
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw systemError('ENOENT');
    return inode;
  }

  #file(file: number): { readonly path: string; readonly inode: Inode } {
    const found = this.#open.get(file);
    if (found === undefined) throw systemError('EBADF');
    return found;
  }

  /** Of all open files; there should be few. */
  get openPaths(): string[] {
    return [...this.#open.values()].map(({ path }) => path);
  }

  get paths(): string[] {
    return [...this.#names.keys()].sort();
  }

  bytesOf(path: string): Buffer {
    return this.#inode(path).bytes;
  }

  exists(path: string): boolean {
    return this.#names.has(path) || this.#folders.has(path);
  }

  isFolder(path: string): boolean {
    return this.#folders.has(path);
  }

  makeFolder(path: string): void {
    if (this.#folders.has(path)) return;
    this.#step('makeFolder', path);
    this.#folders.add(path);
  }

  sizeOf(path: string): number {
    return this.#inode(path).bytes.length;
  }

  readText(path: string): string {
    return this.#inode(path).bytes.toString('latin1');
  }

  async *pieces(path: string, pieceBytes: () => number): AsyncGenerator<Buffer> {
    const { bytes } = this.#inode(path);
    for (let at = 0; at < bytes.length; ) {
      const end = at + pieceBytes();
      yield Buffer.from(bytes.subarray(at, end));
      at = end;
    }
  }

  openToAppend(path: string): number {
    if (!this.#names.has(path)) {
      this.#step('create', path);
      this.#names.set(path, { bytes: Buffer.alloc(0), syncedBytes: 0 });
      this.#changed();
    }
    this.#open.set(this.#nextFile, { path, inode: this.#inode(path) });
    return this.#nextFile++;
  }

  openNew(path: string): number {
    this.#step('create', path);
    const inode = this.#names.get(path) ?? { bytes: Buffer.alloc(0), syncedBytes: 0 };
    inode.bytes = Buffer.alloc(0);
    inode.syncedBytes = 0;
    this.#names.set(path, inode);
    this.#changed();
    this.#open.set(this.#nextFile, { path, inode });
    return this.#nextFile++;
  }

  write(file: number, bytes: Uint8Array): number {
    const { path, inode } = this.#file(file);
    this.#step('write', path);
    inode.bytes = Buffer.concat([inode.bytes, bytes]);
    return bytes.length;
  }

  sync(file: number): void {
    const { path, inode } = this.#file(file);
    this.#step('sync', path);
    inode.syncedBytes = inode.bytes.length;
  }

  async syncSoon(file: number): Promise<void> {
    this.sync(file);
  }

  truncate(file: number, sizeBytes: number): void {
    const { path, inode } = this.#file(file);
    this.#step('truncate', path);
    inode.bytes = inode.bytes.subarray(0, sizeBytes);
    inode.syncedBytes = Math.min(inode.syncedBytes, sizeBytes);
  }

  close(file: number): void {
    this.#file(file);
    this.#open.delete(file);
  }

  rename(source: string, target: string): void {
    const inode = this.#inode(source);
    this.#step('rename', target);
    this.#names.set(target, inode);
    this.#names.delete(source);
    this.#changed();
  }

  removeSoon(path: string): void {
    try {
      this.#step('remove', path);
      this.#names.delete(path);
      this.#changed();
    } catch (error) {
      // In the background: nobody hears of it.
      if (!(error instanceof EndOfProcess)) return;
    }
  }

  syncFolder(path: string): void {
    this.#step('syncFolder', path);
    this.#journal = [new Map(this.#names)];
  }

  #changed(): void {
    this.#journal.push(new Map(this.#names));
  }
}

/** Files of their own: what is done to one does not reach the other. */
function copied(names: Names, keptBytes: (inode: Inode) => number): Names {
  const copies = new Map<Inode, Inode>();
  for (const inode of names.values()) {
    if (copies.has(inode)) continue;
    const bytes = Buffer.from(inode.bytes.subarray(0, keptBytes(inode)));
    copies.set(inode, { bytes, syncedBytes: bytes.length });
  }
  return new Map([...names].map(([path, inode]) => [path, copies.get(inode) as Inode]));
}
