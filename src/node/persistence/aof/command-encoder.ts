/**
 * Owns a data set as commands that make it anew, as a SnapshotEncoder: the base of an append only file without RDB preamble.
 * Source: Redis aof.c rewriteAppendOnlyFileRio.
 */
import { request } from '../../../protocol/resp/encode.ts';
import { typeOf } from '../../types/types.ts';
import type { SavedEntry, SnapshotEncoder } from '../snapshot.ts';
import { timeNote } from './write-buffer.ts';

export interface CommandEncoderOptions {
  /** The file begins with a note of the time; without when undefined. */
  readonly notedSeconds: number | undefined;
  /** The code of the function libraries. */
  readonly functionLibraries: Iterable<string>;
}

export class CommandEncoder implements SnapshotEncoder {
  readonly #options: CommandEncoderOptions;
  #pieces: Buffer[] = [];
  #pendingBytes = 0;
  #selectedDb = -1;

  constructor(options: CommandEncoderOptions) {
    this.#options = options;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  begin(): void {
    const { notedSeconds, functionLibraries } = this.#options;
    if (notedSeconds !== undefined) this.#write(timeNote(notedSeconds));
    for (const code of functionLibraries) this.#write(request(['FUNCTION', 'LOAD', code]));
  }

  entry(dbIndex: number, entry: SavedEntry): void {
    this.#select(dbIndex);
    for (const argv of commandsOf(entry)) this.#write(request(argv));
  }

  encode(_dbIndex: number, entry: SavedEntry): Buffer {
    return Buffer.concat([...commandsOf(entry)].map((argv) => Buffer.from(request(argv), 'latin1')));
  }

  encoded(dbIndex: number, bytes: Buffer): void {
    this.#select(dbIndex);
    this.#add(bytes);
  }

  end(): void {}

  take(): Buffer {
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#pendingBytes = 0;
    return bytes;
  }

  #select(dbIndex: number): void {
    if (dbIndex === this.#selectedDb) return;
    this.#selectedDb = dbIndex;
    this.#write(request(['SELECT', String(dbIndex)]));
  }

  #write(text: string): void {
    this.#add(Buffer.from(text, 'latin1'));
  }

  #add(bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#pendingBytes += bytes.length;
  }
}

function* commandsOf({ key, value, expireAtMs }: SavedEntry): Generator<readonly string[]> {
  yield* typeOf(value).rewrite(key, value);
  if (expireAtMs !== -1) yield ['PEXPIREAT', key, String(expireAtMs)];
}
