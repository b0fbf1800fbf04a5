/**
 * Owns the return of a local cluster whose data were kept: nodes that have ended are started again where they were, and go on
 * with what is on their disk. It never removes anything.
 */
import type { Clock } from '../core/clock.ts';
import type { TribEvent } from '../execute/events.ts';
import { check } from '../execute/operations/check.ts';
import type { OperationOptions } from '../execute/operations/options.ts';
import { wait } from '../execute/operations/wait.ts';
import { isRunning, stopProcesses } from './process.ts';
import { type RunningNode, startAgain, type Up } from './start.ts';
import { type LocalCluster, type LocalNode, placeOf, readState, writeState } from './state.ts';

/** What makes a node keep what it holds. */
export const keepingDirectives: readonly (readonly [string, string])[] = [['appendonly', 'yes']];

/** An election may be needed, and the load of much data. */
const patienceMs = 60_000;

/** The cluster of a folder, where its data were kept and some of its nodes do not run. */
export function keptCluster(dir: string): LocalCluster | undefined {
  const cluster = readState(dir);
  return cluster?.kept !== undefined && !cluster.nodes.every(isRunning) ? cluster : undefined;
}

/**
 * Returns when the cluster serves as before. When that does not come to pass, the nodes that were started are ended again;
 * throws a TribError.
 */
export async function* upAgain(
  dir: string,
  former: LocalCluster,
  clock: Clock,
  options: OperationOptions,
): AsyncGenerator<TribEvent, Up> {
  const stayed = former.nodes.filter(isRunning);
  const ended = former.nodes.filter((node) => !stayed.includes(node));
  const { engine, kept } = former;
  const request = { engine, dir, nodeTimeoutMs: kept?.nodeTimeoutMs ?? 0, directives: keepingDirectives };
  let cluster = former;
  const started = await startAgain(request, ended, clock, (nodes) => {
    const now = new Map(nodes.map((node) => [node.port, placeOf(node)]));
    cluster = { ...former, nodes: former.nodes.map((node) => now.get(node.port) ?? node) };
    writeState(dir, cluster);
  });
  try {
    const seeds = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    const ready = wait({
      ...options,
      seeds,
      for: ['ok', 'converged', 'replicas'],
      timeoutMs: patienceMs,
    });
    for await (const event of ready) if (event.type !== 'finished') yield event;
    for await (const event of check({ ...options, seeds })) if (event.type === 'checked') yield event;
    return { cluster, processes: [...stayed.map(adopted), ...started] };
  } catch (error) {
    await stopProcesses(started, clock);
    throw error;
  }
}

/** A node that another run has started: how it ends is not known here. */
function adopted(node: LocalNode): RunningNode {
  return { ...node, ended: () => (isRunning(node) ? undefined : 'ended'), release: () => {} };
}
