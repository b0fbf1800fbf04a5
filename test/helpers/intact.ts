/** Owns the checks that a change of a cluster has cost nothing: its keys are there as they were, and it is well. */
import { expect } from 'vitest';
import { findProblems } from '../../src/cluster/health.ts';
import { look } from '../../src/execute/operations/check.ts';
import { type DatasetKey, inspectDataset } from './dataset.ts';
import type { Traffic } from './traffic.ts';

/** MIGRATE carries what is left of a time to live: its end moves by the time on the way. */
const usualDriftMs = 5000;

/** `port`: of any node. */
export async function expectNothingLost(
  port: number,
  dataset: readonly DatasetKey[],
  mostDriftMs = usualDriftMs,
): Promise<void> {
  const { ttlDriftMs, ...findings } = await inspectDataset(port, dataset);
  expect(findings).toEqual({ lost: 0, wrong: 0, ttlChanged: 0 });
  expect(ttlDriftMs).toBeLessThan(mostDriftMs);
}

export async function expectNoErrors(port: number): Promise<void> {
  for await (const event of look({ seeds: [{ host: '127.0.0.1', port }] })) {
    if (event.type !== 'surveyed') continue;
    expect(findProblems(event.topology).filter(({ severity }) => severity === 'error')).toEqual([]);
  }
}

/** Ends the traffic, which must have seen nothing of what went on. */
export async function expectUndisturbed(traffic: Traffic): Promise<void> {
  const { writes, ...found } = await traffic.stop();
  expect(found).toEqual({ reads: expect.any(Number), wrongReads: 0, lostWrites: 0, errors: [] });
  expect(writes).toBeGreaterThan(0);
}
