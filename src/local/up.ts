/**
 * Owns the making of a local cluster: its folder, its processes, and the cluster out of them. What it started is
 * written down before it is used, so that `trib down` finds it even when this program was killed in between.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { TribError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { Finished, TribEvent } from '../execute/events.ts';
import { create } from '../execute/operations/create.ts';
import type { OperationOptions } from '../execute/operations/options.ts';
import { keepingDirectives, keptCluster, upAgain } from './again.ts';
import { removeCluster } from './down.ts';
import type { Engine } from './engine.ts';
import { isRunning } from './process.ts';
import { type RunningNode, startNodes, type Up } from './start.ts';
import { ensureDir, type LocalCluster, placeOf, readState, writeState } from './state.ts';

export interface UpRequest {
  readonly masters: number;
  /** Of each master. */
  readonly replicas: number;
  readonly firstPort: number;
  readonly engine: Engine;
  readonly dir: string;
  readonly nodeTimeoutMs: number;
  /** The nodes write append only files, and what they hold stays when the cluster is taken down. */
  readonly keep: boolean;
}

/**
 * Yields what happens while the cluster is made, or started again where its data were kept; returns when every node agrees on all 16384 slots, serves clients,
 * and every replica has its link. When it fails, nothing is left behind. Throws a TribError.
 */
export async function* up(
  request: UpRequest,
  tools: { readonly clock: Clock; readonly random: Random },
  options: OperationOptions = {},
): AsyncGenerator<TribEvent, Up> {
  const { dir } = request;
  const former = keptCluster(dir);
  if (former !== undefined) return yield* upAgain(dir, former, tools.clock, options);
  refuseSecond(dir);
  const base = {
    version: 1,
    engine: request.engine,
    startedAtMs: tools.clock.nowMs(),
    ownsDir: ensureDir(dir),
    ...(request.keep ? { kept: { nodeTimeoutMs: request.nodeTimeoutMs } } : {}),
  } as const;
  const directives = request.keep ? keepingDirectives : [];
  const write = (processes: readonly RunningNode[]): LocalCluster => {
    const cluster = { ...base, nodes: processes.map(placeOf) };
    writeState(dir, cluster);
    return cluster;
  };
  const count = request.masters * (request.replicas + 1);
  try {
    const processes = await startNodes({ ...request, count, directives }, tools.clock, tools.random, write);
    const cluster = write(processes);
    const nodes = processes.map(({ port }) => ({ host: '127.0.0.1', port }));
    const events = create({ ...options, nodes, replicas: request.replicas, waitServing: true });
    for await (const event of events) {
      yield event;
      if (event.type === 'finished') refuseUnfinished(event);
    }
    return { cluster, processes };
  } catch (error) {
    const cluster = readState(dir);
    if (cluster !== undefined) await removeCluster(dir, cluster, tools.clock);
    else if (base.ownsDir) rmSync(dir, { recursive: true, force: true });
    throw error;
  }
}

function refuseUnfinished({ outcome, ok }: Finished): void {
  if (outcome === 'interrupted')
    throw new TribError('interrupted', 'Interrupted: the cluster is taken down again.');
  if (!ok)
    throw new TribError(
      'failed',
      'The cluster was made, but its check found errors: it is taken down again.',
    );
}

/** One folder holds one cluster. What a dead one left there is for `trib down`, which knows what to remove. */
function refuseSecond(dir: string): void {
  const cluster = readState(dir);
  if (cluster === undefined) return;
  const first = cluster.nodes[0];
  const running = cluster.nodes.some(isRunning);
  throw new TribError(
    'failed',
    running
      ? `A cluster is already running from ${dir}${first === undefined ? '' : `, at 127.0.0.1:${first.port}`}.`
      : `${join(dir, 'cluster.json')} tells of a cluster that is not running any more.`,
    {
      hint: `Take it down with: trib down --dir ${dir}${running ? '; or give this one another --dir.' : ''}`,
    },
  );
}
