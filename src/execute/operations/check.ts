/** Owns the operation that looks at a cluster and tells what is wrong with it. Changes nothing. */
import { findProblems, hasErrors } from '../../cluster/health.ts';
import { slotsInDoubt, slotsWithStrays } from '../../cluster/slot-facts.ts';
import { reportSlots } from '../../cluster/slot-report.ts';
import { SlotSet } from '../../protocol/slots/slot-set.ts';
import type { Address } from '../../protocol/text/addresses.ts';
import type { TribEvent } from '../events.ts';
import { askSlotFacts } from '../slot-facts.ts';
import { survey } from '../survey.ts';
import { type OperationOptions, withTools } from './options.ts';

export interface LookOptions extends OperationOptions {
  /** Nodes of the cluster; the first that answers serves. */
  readonly seeds: readonly Address[];
}

export interface CheckOptions extends LookOptions {
  /** Look for slots with several owners, and for keys on masters that do not own their slots. */
  readonly searchOwners?: boolean;
}

/** Ends with a "finished" event, `ok` when there are no errors. Throws a TribError when no seed answers. */
export function check(options: CheckOptions): AsyncGenerator<TribEvent, void> {
  return withTools(options, async function* ({ pool, clock }) {
    const startMs = clock.monotonicMs();
    const topology = await survey(pool, options.seeds, { settings: true });
    const findings = findProblems(topology);
    yield { type: 'checked', topology, findings };
    const searched = options.searchOwners ?? false;
    // Every doubt about a slot is an error among the findings.
    const doubtful = hasErrors(findings) || searched ? slotsInDoubt(topology) : new SlotSet();
    if (doubtful.size > 0 || searched) {
      const facts = await askSlotFacts(pool, topology, searched);
      const strays = slotsWithStrays(topology, facts);
      for (const slot of strays) doubtful.add(slot);
      const slots = reportSlots(topology, facts, doubtful);
      yield { type: 'slots-examined', searched, slots };
    }
    const ok = !hasErrors(findings) && (!searched || doubtful.size === 0);
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
