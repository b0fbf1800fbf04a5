/** Owns the run of `trib rebalance` between its flags and the operation. */
import { findNode } from '../cluster/find-node.ts';
import type { Topology } from '../cluster/topology.ts';
import { TribError } from '../core/errors.ts';
import { rebalance } from '../execute/operations/rebalance.ts';
import type { BalanceUnit } from '../plan/plan.ts';
import type { RebalanceRequest } from '../plan/rebalance.ts';
import { type MoveFlags, moveOptionsOf } from './move-flags.ts';
import { type ChangeFlags, runChange } from './run-change.ts';
import { seedsOf } from './seeds.ts';
import type { OpenSession } from './session.ts';

export interface RebalanceFlags extends ChangeFlags, MoveFlags {
  readonly weight?: readonly string[] | undefined;
  readonly by: BalanceUnit;
  readonly threshold: number;
  readonly 'use-empty-masters': boolean;
  readonly simulate: boolean;
}

export async function runRebalance(
  words: readonly string[],
  flags: RebalanceFlags,
  openSession: OpenSession,
): Promise<void> {
  // Behind --weight more of them may follow, as redis-cli takes them; no address has a "=".
  const weights = [...(flags.weight ?? []), ...words.filter(isWeight)];
  const seeds = seedsOf(words.filter((word) => !isWeight(word)));
  const session = await openSession(seeds);
  await runChange(
    session,
    {
      operation: 'rebalance',
      flags: {
        ...flags,
        'dry-run': flags['dry-run'] || flags.simulate,
        // redis-cli and redis-trib.rb never ask here, and scripts count on it: only a person is asked.
        yes: flags.yes || !session.canAsk,
      },
      question: 'Do you want to proceed with the proposed rebalance plan?',
    },
    (options) => rebalance({ ...options, seeds, request: (topology) => requestOf(topology, flags, weights) }),
  );
}

function isWeight(word: string): boolean {
  return /^[^=/]+=[^=]*$/.test(word);
}

function requestOf(topology: Topology, flags: RebalanceFlags, words: readonly string[]): RebalanceRequest {
  const weights = new Map<string, number>();
  for (const word of words) {
    const [id, weight] = weightOf(topology, word);
    if (weights.has(id)) throw new TribError('usage', `Two weights are given for the node of "${word}".`);
    weights.set(id, weight);
  }
  return {
    by: flags.by,
    weights,
    thresholdPercent: flags.threshold,
    useEmptyMasters: flags['use-empty-masters'],
    options: moveOptionsOf(flags),
  };
}

/** "id=1.5". Throws a TribError ("usage"). */
function weightOf(topology: Topology, word: string): [string, number] {
  const at = word.indexOf('=');
  const [name, value] = [word.slice(0, at), word.slice(at + 1)];
  if (at < 1 || !/^\d+(\.\d+)?$|^\.\d+$/.test(value)) {
    throw new TribError('usage', `*** invalid input ${word}`, {
      hint: 'Write a weight as NODE=NUMBER, for instance 5b2c=1.5; the number is 0 or more.',
    });
  }
  return [findNode(topology, name).id, Number(value)];
}
