/**
 * Owns the operation that brings a backup, or any RDB files, into a live cluster of any number of shards. Every file is
 * verified to its end before the first key is written. Usable without any command line.
 */
import { findProblems } from '../../cluster/health.ts';
import type { FoundFile } from '../../plan/restore.ts';
import { planRestore } from '../../plan/restore.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import { type ListedFile, listFiles, verifyFile } from '../backup/verify.ts';
import { channel } from '../channel.ts';
import type { TribEvent } from '../events.ts';
import { surveySettled } from '../settle.ts';
import { carryOut } from './carry-out.ts';
import { type OperationOptions, type Tools, withTools } from './options.ts';

export interface RestoreOptions extends OperationOptions {
  readonly seeds: readonly Address[];
  /** The folder of a backup, or of RDB files. */
  readonly dir: string;
  /** Keys that are there with other values are overwritten. */
  readonly replace?: boolean;
  /** Keys of other databases are left out; otherwise they are a reason to refuse. */
  readonly onlyDb0?: boolean;
  /** Function libraries are loaded; they are unless this is false. */
  readonly functions?: boolean;
}

const progressEveryMs = 100;

/**
 * Ends with a "finished" event. Throws a TribError: "usage", "failed" for a damaged file, "unsafe" before anything
 * is changed, or at the end when keys were there with other values.
 */
export function restore(options: RestoreOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* (tools) {
    const listed = await listFiles(options.dir);
    // Slots may be on their way right now: that is no obstacle, as long as nodes come to agree.
    const topology = yield* surveySettled(tools, options.seeds);
    yield { type: 'checked', topology, findings: findProblems(topology) };
    const files: FoundFile[] = [];
    for (const file of listed) files.push(yield* verify(file, tools));
    const plan = planRestore(topology, {
      files,
      replace: options.replace ?? false,
      onlyDb0: options.onlyDb0 ?? false,
      functions: options.functions ?? true,
    });
    yield yield* carryOut(plan, topology, tools, options);
  });
}

async function* verify(listed: ListedFile, { clock }: Tools): AsyncGenerator<TribEvent, FoundFile> {
  let toldMs = 0;
  const found = yield* channel<TribEvent, FoundFile>((emit) =>
    verifyFile(listed, (bytes) => {
      const nowMs = clock.monotonicMs();
      if (nowMs - toldMs < progressEveryMs) return;
      toldMs = nowMs;
      emit({ type: 'progress', of: listed.file, unit: 'bytes', done: Math.floor(bytes), total: null });
    }),
  );
  const { file, bytes, sha256, keys, otherKeys, functions } = found;
  yield { type: 'file-verified', file, bytes, sha256, keys, otherKeys, functions: functions.length };
  return found;
}
