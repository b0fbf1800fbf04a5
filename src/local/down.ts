/** Owns the end of a local cluster: its processes, and every file that it made, unless its data were to stay. */
import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { TribError } from '../core/errors.ts';
import { isRunning, stopProcesses } from './process.ts';
import { type LocalCluster, readState, stateFiles } from './state.ts';

export interface Down {
  /** Processes that were running. */
  readonly stopped: number;
  readonly nodes: number;
  /** The data are still there: `trib up` goes on with them. */
  readonly kept: boolean;
}

/** Takes the cluster of a folder down; `purge`: with data that were to stay. Throws a TribError when there is none. */
export async function down(dir: string, clock: Clock, purge = false): Promise<Down> {
  const cluster = readState(dir);
  if (cluster === undefined) {
    throw new TribError('failed', `No cluster was started from ${dir}.`, {
      hint: 'Give the folder that trib up was given: --dir DIR.',
    });
  }
  const stopped = cluster.nodes.filter(isRunning).length;
  const kept = cluster.kept !== undefined && !purge;
  if (kept) await stopProcesses(cluster.nodes, clock);
  else await removeCluster(dir, cluster, clock);
  return { stopped, nodes: cluster.nodes.length, kept };
}

/** Ends the processes; then removes the nodes' folders, the state, and the folder itself if `trib up` made it. */
export async function removeCluster(dir: string, cluster: LocalCluster, clock: Clock): Promise<void> {
  await stopProcesses(cluster.nodes, clock);
  for (const node of cluster.nodes) rmSync(join(dir, node.dir), { recursive: true, force: true });
  for (const file of stateFiles) rmSync(join(dir, file), { force: true });
  // Something that others put there stays, and the folder with it.
  if (cluster.ownsDir && readdirSync(dir).length === 0) rmdirSync(dir);
}
