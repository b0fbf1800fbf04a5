/** Owns the look at a local cluster: which processes run, and what the cluster says of itself. */

import { type ClientOptions, defaultClientOptions } from '../client/node-client.ts';
import { ClientPool } from '../client/pool.ts';
import { type Finding, findProblems, hasErrors } from '../cluster/health.ts';
import type { Topology } from '../cluster/topology.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { TribError } from '../core/errors.ts';
import { survey } from '../execute/survey.ts';
import { isRunning } from './process.ts';
import { type LocalCluster, type LocalNode, readState } from './state.ts';

export interface Status {
  readonly cluster: LocalCluster;
  readonly running: readonly LocalNode[];
  readonly ended: readonly LocalNode[];
  /** As the first running node sees it; undefined when none runs. */
  readonly topology: Topology | undefined;
  readonly findings: readonly Finding[];
  /** Every process runs, and the cluster has no errors. */
  readonly ok: boolean;
}

/** Throws a TribError when no cluster was started from the folder, or a running node does not answer. */
export async function status(
  dir: string,
  client: Partial<ClientOptions> = {},
  clock: Clock = systemClock,
): Promise<Status> {
  const cluster = readState(dir);
  if (cluster === undefined) {
    throw new TribError('failed', `No cluster was started from ${dir}.`, { hint: 'Start one with trib up.' });
  }
  const running = cluster.nodes.filter(isRunning);
  const ended = cluster.nodes.filter((node) => !running.includes(node));
  const [first] = running;
  if (first === undefined) return { cluster, running, ended, topology: undefined, findings: [], ok: false };
  const pool = new ClientPool({ ...defaultClientOptions, ...client }, clock);
  try {
    const topology = await survey(pool, [{ host: '127.0.0.1', port: first.port }]);
    const findings = findProblems(topology);
    return { cluster, running, ended, topology, findings, ok: ended.length === 0 && !hasErrors(findings) };
  } finally {
    pool.close();
  }
}
