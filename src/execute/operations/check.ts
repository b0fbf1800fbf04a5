/** Owns the operation that looks at a cluster and tells what is wrong with it. Changes nothing. */
import { findProblems, hasErrors } from '../../cluster/health.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import type { TribEvent } from '../events.ts';
import { survey } from '../survey.ts';
import { type OperationOptions, withTools } from './options.ts';

export interface LookOptions extends OperationOptions {
  /** Nodes of the cluster; the first that answers serves. */
  readonly seeds: readonly Address[];
}

/** Ends with a "finished" event, `ok` when there are no errors. Throws a TribError when no seed answers. */
export function check(options: LookOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* ({ pool, clock }) {
    const startMs = clock.monotonicMs();
    const topology = await survey(pool, options.seeds, { settings: true });
    const findings = findProblems(topology);
    yield { type: 'checked', topology, findings };
    const ok = !hasErrors(findings);
    const tookMs = Math.round(clock.monotonicMs() - startMs);
    yield { type: 'finished', operation: 'check', outcome: 'done', ok, slots: 0, keys: 0, tookMs };
  });
}

/** As `check`, without a judgement. */
export function look(options: LookOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* ({ pool }) {
    yield { type: 'surveyed', topology: await survey(pool, options.seeds) };
  });
}
