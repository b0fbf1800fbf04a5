/**
 * Owns the survey for those who are about to change a cluster. Nodes tell each other of a change within seconds; until
 * then their views differ although every slot has one master, and nothing is wrong: such a cluster is looked at again.
 */
import { isSpreading } from '../cluster/disagreement.ts';
import type { Topology } from '../cluster/topology.ts';
import { type Clock, delay } from '../core/clock.ts';

/** A node sends every other a packet within half its node timeout, 15 s by default. */
const patienceMs = 10_000;
const pauseMs = 100;

/** What `look` sees when the views are at one, or at last when they are not in time. */
export async function atRest(look: () => Promise<Topology>, clock: Clock): Promise<Topology> {
  const startMs = clock.monotonicMs();
  for (;;) {
    const topology = await look();
    if (!isSpreading(topology) || clock.monotonicMs() - startMs > patienceMs) return topology;
    await delay(clock, pauseMs);
  }
}
