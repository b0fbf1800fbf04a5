/**
 * Owns the operation that waits until a cluster is as wanted: for scripts, which must not guess how long that takes.
 * Changes nothing. A node is asked once a round, in one write, and rounds become rarer.
 */

import { ConnectionLost } from '../../client/command.ts';
import type { ClientPool } from '../../client/pool.ts';
import { type Condition, type Goals, goalsOf, missingFor } from '../../cluster/readiness.ts';
import { delay } from '../../core/clock.ts';
import { TribError } from '../../core/errors.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import type { TribEvent } from '../events.ts';
import { survey } from '../survey.ts';
import type { LookOptions } from './check.ts';
import { withTools } from './options.ts';

export interface WaitOptions extends LookOptions {
  /** All of them are to hold at the same time. */
  readonly for: readonly Condition[];
  readonly timeoutMs: number;
}

const firstPauseMs = 20;
const longestPauseMs = 500;
/** A node that hangs must not take the whole time. */
const patienceMs = 2000;
const mostShown = 10;

interface Missing {
  readonly condition: Condition;
  readonly what: string;
}

/**
 * Ends with a "finished" event. Throws a TribError: "timeout" with what is missing, others at once. Nodes that are not
 * there yet are waited for.
 */
export function wait(options: WaitOptions): AsyncGenerator<TribEvent, void> {
  const client = { ...options.client, patienceMs: 0, connectTimeoutMs: patienceMs };
  return withTools({ ...options, client }, async function* ({ pool, clock }) {
    const startMs = clock.monotonicMs();
    let goals: Goals = new Map();
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
      const look = await lookAt(pool, options.seeds, options.for, goals);
      goals = look.goals;
      const elapsedMs = clock.monotonicMs() - startMs;
      const [example] = look.missing;
      if (example === undefined) {
        const tookMs = Math.round(elapsedMs);
        yield { type: 'finished', operation: 'wait', outcome: 'done', ok: true, slots: 0, keys: 0, tookMs };
        return;
      }
      if (elapsedMs >= options.timeoutMs) throw waitedInVain(look.missing, options.timeoutMs);
      yield { type: 'waiting', missing: look.missing.length, example: example.what };
      await delay(clock, Math.max(1, Math.min(pauseMs, options.timeoutMs - elapsedMs)));
    }
  });
}

async function lookAt(
  pool: ClientPool,
  seeds: readonly Address[],
  wanted: readonly Condition[],
  goals: Goals,
): Promise<{ readonly missing: readonly Missing[]; readonly goals: Goals }> {
  try {
    const topology = await survey(pool, seeds, { timeoutMs: patienceMs });
    // The first mark of each master counts: under writes a replica never is where its master is now.
    const marks = new Map([...goalsOf(topology), ...goals]);
    const missing = wanted.flatMap((condition) =>
      missingFor(condition, topology, marks).map((what) => ({ condition, what })),
    );
    return { missing, goals: marks };
  } catch (error) {
    const passes =
      error instanceof ConnectionLost ||
      (error instanceof TribError && (error.code === 'timeout' || /\bLOADING\b/.test(error.message)));
    if (!passes) throw error;
    const what = error.message.replace(/\.$/, '');
    return { missing: wanted.map((condition) => ({ condition, what })), goals };
  }
}

function waitedInVain(missing: readonly Missing[], timeoutMs: number): TribError {
  const lines = missing.slice(0, mostShown).map(({ condition, what }) => `${condition}: ${what}`);
  const more = missing.length - lines.length;
  if (more > 0) lines.push(`and ${more} more`);
  return new TribError(
    'timeout',
    `After ${timeoutMs} ms the cluster is not as wanted:\n  ${lines.join('\n  ')}`,
  );
}
