/**
 * Owns what a command meets before it runs where memory is limited: keys are evicted first, and when none may go it is refused if
 * it could need more. Source: Redis server.c processCommand, "Handle the maxmemory directive".
 */
import { type Command, flagBits } from '../command/table.ts';
import type { NodeParts } from '../parts/node.ts';
import type { Session } from './session.ts';

export const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";

/** What ends a transaction, or a connection. All else would be queued, which needs memory. */
const notQueued: ReadonlySet<string> = new Set(['exec', 'discard', 'quit', 'reset']);

/** `bits` are the command's flags, or for EXEC those of all queued commands. */
export function memoryRefusal(
  { eviction }: NodeParts,
  session: Session,
  command: Command,
  bits: number,
): string | undefined {
  const outOfMemory = eviction.makeRoom() === 'failed';
  const wouldBeQueued = session.queue !== undefined && !notQueued.has(command.name);
  if (outOfMemory && (wouldBeQueued || (bits & flagBits.denyoom) !== 0)) return OUT_OF_MEMORY;
  // What a script needs itself must not change what it may do.
  eviction.outOfMemory = outOfMemory;
  return undefined;
}
