/** Owns which way a data set comes in: what repl-diskless-load says. Source: Redis replication.c useDisklessLoad. */
import type { IncomingData, IncomingDataDeps } from './incoming-data.ts';
import { ParsedData } from './parsed-data.ts';
import { SpooledData } from './spooled-data.ts';

/**
 * `sameHistory`: the old data are of the replication id that the new ones are of. Throws the sentence to be logged when there is no
 * place to put the data.
 */
export function chooseIncomingData(deps: IncomingDataDeps, sameHistory: boolean): IncomingData {
  const mode = deps.config.text('repl-diskless-load');
  if (mode === 'swapdb') return new ParsedData(deps, { swap: true, sameHistory });
  const empty = deps.databases.every(({ size }) => size === 0);
  if (mode === 'on-empty-db' && empty) return new ParsedData(deps, { swap: false, sameHistory: false });
  return new SpooledData(deps);
}
