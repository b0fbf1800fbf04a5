/**
 * Owns the survey of a cluster that may have changed a moment ago: it is asked again until every node knows every
 * other, all agree about slots, and every master serves clients. Right after a node was added, others may not know it
 * yet. Changes nothing.
 */
import { isSettled } from '../cluster/merge.ts';
import { allAgreeAboutSlots, mastersOf, nameOfNode, type Topology, viewsOf } from '../cluster/topology.ts';
import { delay } from '../core/clock.ts';
import { type Address, formatAddress } from '../protocol/text/addresses.ts';
import type { TribEvent } from './events.ts';
import type { Tools } from './operations/options.ts';
import { survey } from './survey.ts';

/** Word goes round within a node timeout or two; what takes longer does not pass by itself. */
const usualTimeoutMs = 10_000;
const firstPauseMs = 20;
const longestPauseMs = 250;

/** When the time is over, the cluster as it is then: what is wrong with it is the planner's to say. */
export async function* surveySettled(
  { pool, clock }: Pick<Tools, 'pool' | 'clock'>,
  seeds: readonly Address[],
  timeoutMs = usualTimeoutMs,
): AsyncGenerator<TribEvent, Topology> {
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const topology = await survey(pool, seeds);
    const unsettled = whatIsUnsettled(topology);
    const [example] = unsettled;
    if (example === undefined || clock.monotonicMs() > deadlineMs) return topology;
    yield { type: 'waiting', missing: unsettled.length, example };
    await delay(clock, pauseMs);
  }
}

/** What passes by itself when word has gone round: a clause each. */
export function whatIsUnsettled(topology: Topology): string[] {
  const views = viewsOf(topology);
  const unsettled = views.flatMap(({ address, lines }) =>
    lines
      .filter((line) => !isSettled(line))
      .map(
        ({ ip, port }) => `${formatAddress({ host: ip, port })} is being met by ${formatAddress(address)}`,
      ),
  );
  for (const node of topology.nodes) {
    if (node.view === undefined) continue;
    const stranger = views.find(({ lines }) => !lines.some((line) => line.id === node.id && isSettled(line)));
    if (stranger !== undefined) {
      unsettled.push(`${nameOfNode(node)} is not known to ${nameOfNode(stranger)} yet`);
    }
  }
  // A master that was added a moment ago: clients would be sent to it in vain. Where all refuse, waiting is no help.
  if (views.some(({ state }) => state === 'ok')) {
    for (const node of mastersOf(topology)) {
      if (node.view?.state === 'fail') unsettled.push(`${nameOfNode(node)} does not serve clients yet`);
    }
  }
  if (!allAgreeAboutSlots(views)) unsettled.push('not all nodes give every slot to the same master');
  return unsettled;
}
