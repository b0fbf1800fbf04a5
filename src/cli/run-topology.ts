/** Owns the runs of the commands on a topology file between their flags and the operations. */
import { existsSync } from 'node:fs';
import type { Layout } from '../cluster/layout.ts';
import { TribError } from '../core/errors.ts';
import { applyLayout, createFrom, diff } from '../execute/operations/topology.ts';
import { type MoveFlags, moveOptionsOf } from './move-flags.ts';
import { play } from './play.ts';
import { type ChangeFlags, runChange } from './run-change.ts';
import type { OpenSession } from './session.ts';
import { parseTopologyFile, readNamedFile } from './topology-file.ts';

/** Whether the words of a command that takes nodes name a topology file instead. No address ends like one. */
export function isTopologyFile(words: readonly string[]): boolean {
  const [word, ...others] = words;
  if (word === undefined || others.length > 0) return false;
  return /\.ya?ml$/i.test(word) || (!/:\d+$|^\d+$/.test(word) && existsSync(word));
}

/** Throws a TribError ("usage"). */
async function layoutIn(file: string): Promise<Layout> {
  return parseTopologyFile(await readNamedFile(file), file);
}

export async function runDiff(words: readonly string[], openSession: OpenSession): Promise<void> {
  const [file, ...others] = words;
  if (file === undefined || others.length > 0) throw new TribError('usage', 'Name one topology file.');
  const layout = await layoutIn(file);
  await play(await openSession([]), { operation: 'diff' }, (options) => diff({ ...options, layout }));
}

export interface CreateFromFlags extends ChangeFlags {
  readonly wait: boolean;
  readonly 'allow-few-masters': boolean;
}

export async function runCreateFrom(
  file: string,
  flags: CreateFromFlags,
  openSession: OpenSession,
): Promise<void> {
  const layout = await layoutIn(file);
  const question = 'Can I set the above configuration?';
  await runChange(
    await openSession([]),
    { operation: 'create', flags, question, questionOnPipe: `${question} (type 'yes' to accept): ` },
    (options) =>
      createFrom({
        ...options,
        layout,
        waitServing: flags.wait,
        allowFewMasters: flags['allow-few-masters'],
      }),
  );
}

export interface ApplyFlags extends ChangeFlags, MoveFlags {
  readonly prune: boolean;
  readonly 'allow-few-masters': boolean;
}

/** `text` is that of `file`. */
export async function runApplyTopology(
  file: string,
  text: string,
  flags: ApplyFlags,
  openSession: OpenSession,
): Promise<void> {
  const layout = await parseTopologyFile(text, file);
  await runChange(
    await openSession([]),
    { operation: 'topology', flags, question: 'Do you want to bring the cluster there?' },
    (options) =>
      applyLayout({
        ...options,
        layout,
        prune: flags.prune,
        allowFewMasters: flags['allow-few-masters'],
        moveOptions: moveOptionsOf(flags),
      }),
  );
}
