/**
 * Owns the step that restores the keys of verified RDB files: read as streams, a few files side by side, each key to the
 * master of its slot. Carried out again it finishes: what is there already, and the same, is left alone.
 */
import { TribError } from '../../../core/errors.ts';
import { escapeBytes } from '../../../core/escape.ts';
import type { RestoreFiles, VerifiedFile } from '../../../plan/steps/restore-files.ts';
import { readItems, refuseChanged } from '../../backup/verify.ts';
import { Interrupted, type StepContext } from '../../context.ts';
import { keyLines } from '../../keys-differ.ts';
import { SlotOwners } from '../../slot-owners.ts';
import { KeyWriter } from './key-writer.ts';

/** Reading costs less than writing: more only means more memory. */
const filesAtOnce = 3;
const progressEveryMs = 100;

/** Throws a TribError: "unsafe" at the end when keys are there with other values; Interrupted. */
export async function restoreFiles(
  { files, masters }: RestoreFiles,
  context: StepContext,
): Promise<'done' | 'already'> {
  for (const file of files) await refuseChanged(file);
  const owners = new SlotOwners(
    context.pool,
    context.clock,
    masters.map(({ address }) => address),
  );
  await owners.refresh();
  const restoring = new Restoring(files, new KeyWriter(owners, context), context);
  const { written, already, expired, differing } = await restoring.run();
  // Several files may hold the same key.
  const names = [...new Set(differing.map((key) => escapeBytes(key)))];
  context.emit({ type: 'keys-settled', written, already, expired, differing: names });
  if (context.signal?.aborted === true) throw new Interrupted();
  if (names.length > 0) throw keysDiffer(names);
  return written > 0 ? 'done' : 'already';
}

class Restoring {
  readonly #waiting: VerifiedFile[];
  readonly #total: number;
  readonly #writer: KeyWriter;
  readonly #context: StepContext;
  #read = 0;
  #expired = 0;
  #toldMs = 0;

  constructor(files: readonly VerifiedFile[], writer: KeyWriter, context: StepContext) {
    this.#waiting = [...files];
    this.#total = files.reduce((sum, { keys }) => sum + keys, 0);
    this.#writer = writer;
    this.#context = context;
  }

  async run(): Promise<KeyWriter['result'] & { readonly expired: number }> {
    const readers = Array.from({ length: filesAtOnce }, () => this.#readFiles());
    // All come to their end before an error is told, so that nothing goes on behind it.
    const results = await Promise.allSettled(readers);
    const finished = await Promise.allSettled([this.#writer.finish()]);
    for (const result of [...results, ...finished]) if (result.status === 'rejected') throw result.reason;
    this.#tell();
    return { ...this.#writer.result, expired: this.#expired };
  }

  get #ends(): boolean {
    return this.#context.signal?.aborted === true;
  }

  async #readFiles(): Promise<void> {
    for (let file = this.#waiting.shift(); file !== undefined; file = this.#waiting.shift()) {
      try {
        await this.#readFile(file);
      } catch (error) {
        this.#waiting.length = 0;
        throw error;
      }
    }
  }

  async #readFile({ file }: VerifiedFile): Promise<void> {
    const { clock } = this.#context;
    for await (const items of readItems(file)) {
      for (const item of items) {
        // A cluster has no other database: the operator was told.
        if (item.kind !== 'key' || item.key.db !== 0) continue;
        if (this.#ends) return;
        this.#read++;
        const { expireAtMs } = item.key;
        if (expireAtMs !== -1 && expireAtMs <= clock.nowMs()) this.#expired++;
        else await this.#writer.add(item.key);
      }
      if (clock.monotonicMs() - this.#toldMs > progressEveryMs) this.#tell();
    }
  }

  #tell(): void {
    this.#toldMs = this.#context.clock.monotonicMs();
    this.#context.emit({
      type: 'progress',
      of: 'restore',
      unit: 'keys',
      done: this.#read,
      total: this.#total,
    });
  }
}

function keysDiffer(names: readonly string[]): TribError {
  return new TribError(
    'unsafe',
    [
      `*** ${names.length} key(s) are in the cluster with another value or time to live, and were left as they are:`,
      ...keyLines(names),
    ].join('\n'),
    {
      hint: 'All others were restored. To take these from the backup as well, restore again with --replace.',
    },
  );
}
