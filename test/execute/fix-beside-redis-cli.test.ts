/**
 * Owns the comparison: the same broken states on redis-servers, one at a time, repaired by trib and by redis-cli.
 * `npm run test:states` takes a few hundred of them, and prints the table.
 */
import { describe, expect, it } from 'vitest';
import {
  allStates,
  BrokenCluster,
  type BrokenState,
  isConflict,
  type Outcome,
} from '../helpers/broken-states.ts';
import { faultsOf, repairWithRedisCli, repairWithTrib, tableOf, tallyOf } from '../helpers/repairs.ts';
import { redisServerNote, skipWithoutRedisServer } from '../helpers/servers.ts';

const all = process.env['TRIB_STATES'] === 'all';
const sampleSize = all ? Number(process.env['TRIB_STATES_SAMPLE'] ?? 320) : 8;
const slot = 100;

/** Spread over all of them, with another stride than the trial on nodes of this process has. */
function sample(): BrokenState[] {
  const states = allStates();
  const step = states.length / sampleSize;
  return Array.from(
    { length: sampleSize },
    (_, index) => states[Math.floor((index + 0.37) * step)] as BrokenState,
  );
}

describe.skipIf(skipWithoutRedisServer)(`broken states on redis-server${redisServerNote}`, () => {
  it(
    'are repaired by trib without a key lost or a value overwritten; redis-cli is beside it',
    async () => {
      const [byTrib, byRedisCli]: [Outcome[], Outcome[]] = [[], []];
      const cluster = await BrokenCluster.start('redis-server');
      try {
        for (const state of sample()) {
          const states = new Map([[slot, state]]);
          await cluster.break(states);
          const repaired = await repairWithTrib(cluster, states, false);
          expect(faultsOf(states, repaired, false)).toEqual([]);
          expect(repaired.ok).toBe(!isConflict(state));
          byTrib.push(...repaired.outcomes.values());
          await cluster.clear(states);
          await cluster.break(states);
          byRedisCli.push(...(await repairWithRedisCli(cluster, states)).values());
          await cluster.clear(states);
        }
      } finally {
        await cluster.stop();
      }
      const rows = [
        ['trib fix', tallyOf(byTrib)],
        ['redis-cli --cluster fix', tallyOf(byRedisCli)],
      ] as const;
      console.log(tableOf(rows));
      expect(byTrib.length).toBe(sampleSize);
    },
    all ? 3_600_000 : 120_000,
  );
});
