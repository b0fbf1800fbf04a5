/**
 * Owns the trial of the repair of slots: every state that three masters can put a slot into, with keys in every kind of
 * place, on nodes of this process. `npm run test:states` tries all of them; here it is every so-manieth.
 */
import { describe, expect, it } from 'vitest';
import { allStates, BrokenCluster, type BrokenState, isConflict } from '../helpers/broken-states.ts';
import { faultsOf, type Repaired, repairWithTrib, type Tally, tableOf, tallyOf } from '../helpers/repairs.ts';

const all = process.env['TRIB_STATES'] === 'all';
const sampleSize = 200;
/** TRIB_STATES_ENGINE=redis-server tries them there, many at once too. */
const engine = process.env['TRIB_STATES_ENGINE'] === 'redis-server' ? 'redis-server' : 'bundled';
/** Slots that are broken at the same time, in one cluster. */
const batchSize = all ? 1408 : sampleSize;
const firstSlot = 100;

function chosenStates(): BrokenState[] {
  const states = allStates();
  if (all) return states;
  const step = states.length / sampleSize;
  return Array.from({ length: sampleSize }, (_, index) => states[Math.floor(index * step)] as BrokenState);
}

function batches(): Map<number, BrokenState>[] {
  const states = chosenStates();
  const count = Math.ceil(states.length / batchSize);
  return Array.from(
    { length: count },
    (_, batch) =>
      new Map(
        states
          .filter((_, index) => index % count === batch)
          .map((state, index) => [firstSlot + index, state] as const),
      ),
  );
}

describe('every broken state of a slot over three masters', () => {
  const rows: [string, Tally][] = [];

  it.each(batches().map((states, index) => ({ index, states, size: states.size })))(
    'batch $index: $size states, repaired without a key lost or a value overwritten',
    async ({ states }) => {
      const cluster = await BrokenCluster.start(engine);
      try {
        await cluster.break(states);
        const first = await repairWithTrib(cluster, states, false);
        note(rows, 'trib fix', first);
        expect(faultsOf(states, first, false)).toEqual([]);
        expect(first.ok).toBe(![...states.values()].some(isConflict));
        const second = await repairWithTrib(cluster, states, true);
        note(rows, 'trib fix --replace after it', second);
        expect(faultsOf(states, second, true)).toEqual([]);
        expect(second.ok).toBe(true);
      } finally {
        await cluster.stop();
      }
      if (all) console.log(tableOf(sums(rows)));
    },
    all ? 600_000 : 60_000,
  );
});

function note(rows: [string, Tally][], name: string, { outcomes }: Repaired): void {
  rows.push([name, tallyOf(outcomes.values())]);
}

/** One row for each name. */
function sums(rows: readonly (readonly [string, Tally])[]): [string, Tally][] {
  const byName = new Map<string, Tally>();
  for (const [name, tally] of rows) {
    const sum = byName.get(name);
    byName.set(
      name,
      sum === undefined
        ? tally
        : {
            states: sum.states + tally.states,
            repaired: sum.repaired + tally.repaired,
            left: sum.left + tally.left,
            keysLost: sum.keysLost + tally.keysLost,
            valuesOverwritten: sum.valuesOverwritten + tally.valuesOverwritten,
            keysUnserved: sum.keysUnserved + tally.keysUnserved,
          },
    );
  }
  return [...byName];
}
