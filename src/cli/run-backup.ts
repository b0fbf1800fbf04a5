/** Owns the run of `trib backup` between its flags and the operation. */
import { TribError } from '../core/errors.ts';
import { backup } from '../execute/operations/backup.ts';
import { play } from './play.ts';
import { takeSeeds } from './seeds.ts';
import type { OpenSession } from './session.ts';

export interface BackupFlags {
  readonly partial: boolean;
}

export async function runBackup(
  words: readonly string[],
  { partial }: BackupFlags,
  openSession: OpenSession,
): Promise<void> {
  const { seeds, rest } = takeSeeds(words);
  const [dir, ...others] = rest;
  if (dir === undefined || dir === '' || others.length > 0)
    throw new TribError('usage', 'Name one folder for the backup: trib backup HOST:PORT DIR');
  const session = await openSession(seeds);
  await play(session, { operation: 'backup' }, (options) => backup({ ...options, seeds, dir, partial }));
}
