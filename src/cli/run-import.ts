/** Owns the run of `trib import` between its flags and the operation. */
import { TribError } from '../core/errors.ts';
import { importKeys } from '../execute/operations/import.ts';
import { defaultMoveOptions } from '../plan/plan.ts';
import { type Endpoint, formatAddress, parseEndpoint } from '../protocol/text/addresses.ts';
import { type MoveFlags, moveOptionsOf } from './move-flags.ts';
import { type ChangeFlags, runChange } from './run-change.ts';
import { seedsOf } from './seeds.ts';
import type { Session } from './session.ts';

export interface ImportFlags extends ChangeFlags, Omit<MoveFlags, 'engine'> {
  readonly from?: string | undefined;
  readonly copy: boolean;
}

export async function runImport(
  words: readonly string[],
  flags: ImportFlags,
  openSession: (endpoints: readonly Endpoint[], source: Endpoint) => Promise<Session>,
): Promise<void> {
  const seeds = seedsOf(words);
  if (flags.from === undefined) {
    throw new TribError('usage', 'Where do the keys come from? Name the server: --from HOST:PORT');
  }
  const source = parseEndpoint(flags.from);
  const session = await openSession(seeds, source);
  const [seed] = seeds;
  if (session.mode === 'human' && seed !== undefined) {
    const line = `>>> Importing data from ${formatAddress(source)} to cluster ${formatAddress(seed)}`;
    session.write(`${session.paint('bold', line)}\n`);
  }
  const moveOptions = moveOptionsOf({ ...flags, engine: defaultMoveOptions.engine });
  await runChange(
    session,
    { operation: 'import', flags, question: 'Do you want to import these keys?' },
    (options) => importKeys({ ...options, seeds, source, copy: flags.copy, moveOptions }),
  );
}
