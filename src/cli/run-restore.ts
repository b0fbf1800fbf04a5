/** Owns the run of `trib restore` between its flags and the operation. */
import { TribError } from '../core/errors.ts';
import { restore } from '../execute/operations/restore.ts';
import { type ChangeFlags, runChange } from './run-change.ts';
import { seedsOf } from './seeds.ts';
import type { OpenSession } from './session.ts';

export interface RestoreFlags extends ChangeFlags {
  readonly replace: boolean;
  readonly 'only-db0': boolean;
  readonly functions: boolean;
}

export async function runRestore(
  words: readonly string[],
  flags: RestoreFlags,
  openSession: OpenSession,
): Promise<void> {
  const [dir, ...nodes] = words;
  if (dir === undefined || dir === '' || nodes.length === 0) {
    throw new TribError('usage', 'Name the folder of the backup and a node of the cluster.', {
      hint: 'trib restore DIR HOST:PORT',
    });
  }
  const seeds = seedsOf(nodes);
  const session = await openSession(seeds);
  const request = { dir, replace: flags.replace, onlyDb0: flags['only-db0'], functions: flags.functions };
  await runChange(
    session,
    { operation: 'restore', flags, question: 'Do you want to restore these keys?' },
    (options) => restore({ ...options, ...request, seeds }),
  );
}
