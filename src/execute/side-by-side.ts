/**
 * Owns which steps that send keys from one node to another run at the same time: each as soon as no running one stands
 * in its way. A node gives to one target at a time, and never gives and takes at once: slots open in both directions
 * confuse clients, and two servers that MIGRATE to each other wait for each other until MIGRATE's timeout.
 */
import type { Step } from '../plan/plan.ts';
import type { StepContext } from './context.ts';
import { KeysDiffer } from './keys-differ.ts';

/** More streams into one target than this only wait for each other. */
const mostAtOnce = 8;

interface Pair {
  readonly source: { readonly id: string };
  readonly target: { readonly id: string };
}

/** A promise for each step, of what is left of it; steps that were not begun when the operator ended are whole. */
export function sideBySide<PairedStep extends Step & Pair>(
  steps: readonly PairedStep[],
  run: (step: PairedStep) => Promise<Step[]>,
  context: Pick<StepContext, 'signal'>,
): Promise<Step[]>[] {
  const running = new Set<PairedStep>();
  let waiting: { readonly step: PairedStep; readonly begin: () => void }[] = [];
  let failed = false;

  const beginReady = (): void => {
    for (const entry of [...waiting]) {
      const free = running.size < mostAtOnce && ![...running].some((other) => inTheWay(other, entry.step));
      if (!free) continue;
      waiting = waiting.filter((other) => other !== entry);
      running.add(entry.step);
      entry.begin();
    }
  };

  const promises = steps.map(async (step) => {
    await new Promise<void>((begin) => {
      waiting.push({ step, begin });
    });
    try {
      return context.signal?.aborted === true || failed ? [step] : await run(step);
    } catch (error) {
      // Keys that differ concern nobody else.
      if (!(error instanceof KeysDiffer)) failed = true;
      throw error;
    } finally {
      running.delete(step);
      beginReady();
    }
  });
  beginReady();
  return promises;
}

function inTheWay(running: Pair, next: Pair): boolean {
  return (
    running.source.id === next.source.id ||
    running.source.id === next.target.id ||
    running.target.id === next.source.id
  );
}
