/** Owns the bounds of what hostile input may cost this process, in which the node runs. */
import { expect } from 'vitest';

export interface Bounds {
  /** Far more than it takes on a busy machine, far less than what grows with the power of its input. */
  readonly withinMs: number;
  /** What may be held more afterwards than before. */
  readonly heldMiB: number;
}

/** Runs `work`; fails when it took longer, or left more memory held. */
export async function bounded<T>({ withinMs, heldMiB }: Bounds, work: () => Promise<T>): Promise<T> {
  const held = (): number => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const heldBefore = held();
  const startedMs = performance.now();
  const result = await work();
  expect(performance.now() - startedMs, 'milliseconds').toBeLessThan(withinMs);
  expect((held() - heldBefore) / 2 ** 20, 'MiB held').toBeLessThan(heldMiB);
  return result;
}
